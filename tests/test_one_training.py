"""A run is trained by one process at a time, and everybody sees by whom."""

import threading

import pytest
from images import experiment
from obstacles import read_only
from tiny_runs import (
    IMAGES,
    fresh_process,
    interrupted,
)

from aecore import runs
from aecore.runs import RunError
from aecore.runs.execution import create, execute

pytestmark = pytest.mark.usefixtures("tiny_digits")


def test_a_run_being_trained_is_running_and_can_be_neither_trained_twice_nor_deleted():
    run = create(experiment())
    assert run.status == "interrupted"
    records = execute(run, IMAGES, "cpu")
    next(records)
    assert run.status == runs.get(run.id).status == "running"
    with pytest.raises(RunError, match=f"^run {run.id} is being trained by another process"):
        next(execute(run, IMAGES, "cpu"))
    with pytest.raises(RunError, match=f"^run {run.id} is being trained: stop it first"):
        runs.delete(run.id)
    records.close()
    assert run.status == "interrupted"
    list(execute(run, IMAGES, "cpu"))
    assert runs.get(run.id).status == "finished"


def test_another_process_sees_that_a_run_is_being_trained():
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    next(records)
    program = """
import sys
from aecore import runs
print(runs.get(sys.argv[1]).status)
try:
    runs.delete(sys.argv[1])
except runs.RunError as error:
    print(error)
"""
    answer = fresh_process(program, run.id).communicate()
    assert answer[0].splitlines() == ["running", f"run {run.id} is being trained: stop it first"], answer[1]
    records.close()


def test_a_training_closed_by_another_thread_than_its_own_is_interrupted():
    run = create(experiment())
    records = execute(run, IMAGES, "cpu")
    thread = threading.Thread(target=next, args=(records,))
    thread.start()
    thread.join()
    assert run.status == "running"
    records.close()
    assert run.status == "interrupted"


def test_many_who_look_at_once_all_see_the_same_status():
    """To ask whether a run is being trained is not to train it."""
    run, seen = interrupted(), []

    def look():
        seen.extend(run.status for _ in range(200))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {"interrupted"}


@pytest.mark.parametrize("obstacle", ["a folder that cannot be written", "a lock that is a folder"])
def test_where_the_lock_cannot_be_opened_nobody_trains(open_home, obstacle):
    run = interrupted()
    (run.folder / ".lock").unlink(missing_ok=True)
    if obstacle == "a lock that is a folder":
        (run.folder / ".lock").mkdir()
    with read_only(open_home):
        assert run.status == "interrupted"
        assert [each.status for each in runs.list_runs()] == ["interrupted"]
