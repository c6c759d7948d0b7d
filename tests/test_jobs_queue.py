"""Who waits where, who may do what, and what a public host refuses. No engine is at work here."""

import threading
from threading import Thread

import distributed
import psutil
import pytest
from jobs_engine import eventually, live, small, status, working
from jobs_waiting import ask, files_in
from obstacles import no_room, read_only

from aecore import data, runs
from aecore.jobs import JobError, Jobs
from aecore.jobs.book import entries
from aecore.runs.execution import create, execute
from aecore.settings import SettingsError


@pytest.fixture
def jobs():
    """A queue that nobody works on."""
    jobs = Jobs()
    yield jobs
    jobs.close()


# the queue


def test_places_are_by_turn_and_by_age_within_a_person(jobs):
    a1, a2, a3 = (ask(jobs, "A") for _ in range(3))
    assert [jobs.position(run) for run in (a1, a2, a3)] == [1, 2, 3]
    b1 = ask(jobs, "B")
    assert [jobs.position(run) for run in (a1, b1, a2, a3)] == [1, 2, 3, 4]
    assert jobs.active() == [a1, b1, a2, a3]
    assert {status(jobs, run) for run in jobs.active()} == {"queued"}
    assert live(jobs, a3).stage == "queued"
    assert jobs.position("no-such-run") is None


def test_a_run_is_created_where_the_folder_says_and_entered_in_the_book(jobs):
    run = runs.get(ask(jobs, "A", seed=5))
    assert run.experiment == small(seed=5)
    entry = entries()[run.id]
    assert (entry.owner, entry.device, entry.state, entry.message) == ("A", "cpu", "queued", "")


@pytest.mark.parametrize("leave", ["stop", "delete"])
def test_a_waiting_run_leaves_the_queue(jobs, leave):
    first, second, third = (ask(jobs) for _ in range(3))
    getattr(jobs, leave)(second, owner="me")
    assert jobs.active() == [first, third]
    assert (jobs.position(second), jobs.position(third)) == (None, 2)
    if leave == "delete":
        assert jobs.live(second) is None
        assert second not in entries()
        with pytest.raises(runs.RunError, match="there is no run"):
            runs.get(second)
    else:
        assert status(jobs, second) == "withdrawn"
        assert "taken out of the queue" in jobs.message(second)
        assert jobs.live(second) is None
        jobs.resume(second, owner="me", device="cpu")
        assert jobs.active() == [first, third, second]
        assert (status(jobs, second), jobs.message(second)) == ("queued", "")


@pytest.mark.parametrize("wish", ["pause", "step", "go_on"])
def test_a_waiting_run_hears_no_wish_but_to_leave(jobs, wish):
    run_id = ask(jobs)
    with pytest.raises(JobError, match="is not being trained here now"):
        getattr(jobs, wish)(run_id, owner="me")
    assert jobs.active() == [run_id]


def test_only_what_was_interrupted_can_be_resumed(jobs):
    waiting = ask(jobs)
    with pytest.raises(JobError, match=f"run {waiting} is queued: only an interrupted one can be resumed"):
        jobs.resume(waiting, owner="me", device="cpu")
    finished = runs.zoo()[0].id
    with pytest.raises(JobError, match=f"run {finished} is finished: only an interrupted one"):
        jobs.resume(finished, owner="me", device="cpu")
    with pytest.raises(runs.RunError, match="there is no run 'no-such-run'"):
        jobs.resume("no-such-run", owner="me", device="cpu")
    by_hand = create(small())  # as from the command line
    assert status(jobs, by_hand.id) == "interrupted"
    jobs.resume(by_hand.id, owner="me", device="cpu")
    assert jobs.active() == [waiting, by_hand.id]


def test_names_and_notes_are_written_through_the_queue(jobs):
    run_id = ask(jobs)
    jobs.rename(run_id, "mine", owner="me")
    jobs.annotate(run_id, "a note", owner="you")  # anybody may, on a machine of one's own
    run = runs.get(run_id)
    assert (run.name, run.note) == ("mine", "a note")


def test_an_experiment_that_cannot_be_is_refused_and_nothing_is_written(jobs, own_home):
    wrong = small().with_settings({"dataset": "patches"})
    with pytest.raises(SettingsError, match="image_shape is 1×28×28: choose 3×16×16"):
        jobs.submit(wrong, owner="me", device="cpu")
    assert jobs.active() == [] == files_in(own_home)


def test_nobody_waits_for_an_engine_that_is_not_there(jobs):
    begun = jobs.submit(small(), owner="me", device="cpu")
    jobs.await_first_step(begun, 1e6)
    assert jobs.position(begun) == 1


def test_where_nothing_can_be_written_a_sentence_says_so(open_home):
    open_home.mkdir()
    with read_only(open_home):
        jobs = Jobs()
        with pytest.raises(
            JobError, match="the run cannot be kept .*: make room for it or let the lab write"
        ):
            ask(jobs)
    assert jobs.active() == []


def test_where_there_is_no_room_a_sentence_says_so(jobs):
    with no_room(100), pytest.raises(JobError, match="the run cannot be kept .*: make room for it"):
        ask(jobs)
    assert jobs.active() == []
    assert list(runs.runs_folder().iterdir()) == []


def test_a_run_that_cannot_be_entered_leaves_no_folder(jobs, own_home):
    own_home.mkdir()
    (own_home / "lab.sqlite").write_text("no database")
    with pytest.raises(runs.RunError, match="lab.sqlite is damaged"):
        ask(jobs)
    assert jobs.active() == []
    assert list(runs.runs_folder().iterdir()) == []


def test_a_run_that_has_begun_and_leaves_the_queue_is_interrupted(jobs):
    run = create(small(batch_size=1_000))
    for _ in execute(run, data.load("digits"), "cpu"):
        break  # as if cut off after its first step
    assert status(jobs, run.id) == "interrupted"
    jobs.resume(run.id, owner="me", device="cpu")
    jobs.stop(run.id, owner="me")
    assert status(jobs, run.id) == "interrupted"
    assert "taken out of the queue" in jobs.message(run.id)
    jobs.resume(run.id, owner="me", device="cpu")
    assert jobs.active() == [run.id]


def test_many_may_ask_at_once(jobs):
    asking = [Thread(target=lambda: [ask(jobs) for _ in range(5)]) for _ in range(4)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(set(jobs.active())) == 20
    assert sorted(entries()) == sorted(jobs.active())
    ages = [entries()[run].submitted for run in jobs.active()]
    assert ages == sorted(ages)


NO_ADDRESSES = ["nonsense", "nonsense:port", "127.0.0.1:99999", "tls://127.0.0.1:1", "http://127.0.0.1:1"]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_address_at_which_no_cluster_can_be_is_told(own_home, monkeypatch, address):
    monkeypatch.setenv("AECORE_SCHEDULER", address)
    with working(own_home) as jobs:
        eventually(lambda: jobs.trouble, lambda trouble: f"AECORE_SCHEDULER is '{address}'" in trouble)


@pytest.mark.parametrize("address", ["tcp://[::1]:1", "127.0.0.1:1", "tcp://localhost:1"])
def test_a_cluster_that_does_not_answer_is_told(own_home, monkeypatch, address):
    monkeypatch.setenv("AECORE_SCHEDULER", address)
    monkeypatch.setattr("aecore.jobs.connection.SECONDS_TO_CONNECT", 0.1)
    with working(own_home) as jobs:
        eventually(lambda: jobs.trouble, lambda trouble: "nothing can be trained just now" in trouble)
        assert address.removeprefix("tcp://") in jobs.trouble


def test_looking_for_a_cluster_in_vain_leaves_nothing_behind(own_home, monkeypatch):
    """However often: a server may look for days."""
    held = []

    class Counted(distributed.Client):
        def __init__(self, *arguments, **settings):
            held.append((threading.active_count(), psutil.Process().num_fds()))
            super().__init__(*arguments, **settings)

    monkeypatch.setattr(distributed, "Client", Counted)
    monkeypatch.setenv("AECORE_SCHEDULER", "tcp://127.0.0.1:1")
    monkeypatch.setattr("aecore.jobs.connection.SECONDS_TO_CONNECT", 0.1)
    monkeypatch.setattr("aecore.jobs.dispatcher.SECONDS_BEFORE_ANOTHER_TRY", 0)
    tries = 10
    with working(own_home):
        eventually(lambda: len(held), lambda count: count > tries)
    (threads, files), (threads_later, files_later) = held[2], held[tries]
    assert threads_later - threads < tries // 2
    assert files_later - files < tries // 2


# a public host


# what an app server leaves behind, seen by another


def test_two_living_servers_leave_each_other_alone(jobs, own_home):
    waiting, beginning = ask(jobs, "A"), ask(jobs, "A")
    jobs._own_book().mark(beginning, "training")  # it is being downloaded for, say
    neighbour = Jobs()
    neighbour.adopt()
    assert neighbour.active() == []
    assert (status(neighbour, waiting), status(neighbour, beginning)) == ("queued", "starting")
    assert neighbour.position(waiting) is None
    with pytest.raises(JobError, match="is starting: only an interrupted one can be resumed"):
        neighbour.resume(beginning, owner="A", device="cpu")
    jobs.close()
    neighbour.adopt()
    assert neighbour.active() == [waiting]
    assert (status(neighbour, waiting), status(neighbour, beginning)) == ("queued", "failed")
    neighbour.close()
    assert list((own_home / "servers").iterdir()) == []


def test_what_was_left_waiting_keeps_its_order(jobs):
    left = [ask(jobs, owner) for owner in "AABA"]
    line = jobs.active()
    assert line != left
    jobs.close()
    following = Jobs()
    following.adopt()
    assert following.active() == line
    following.close()
    assert eventually(lambda: entries()[left[0]].state) == "queued"
