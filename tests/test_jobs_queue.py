"""Who waits where, who may do what, and what a public host refuses. No engine is at work here."""

import json
import threading
from threading import Thread

import distributed
import psutil
import pytest
from jobs_engine import LONG, eventually, live, small, status, working
from obstacles import no_room, read_only

from aecore import data, runs
from aecore.jobs import JobError, Jobs, limits
from aecore.jobs.book import entries
from aecore.runs.execution import create, execute
from aecore.settings import SettingsError


@pytest.fixture
def jobs():
    """A queue that nobody works on."""
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")


def ask(jobs, owner="me", **settings):
    return jobs.submit(small(**settings), owner=owner, device="cpu")


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


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


@pytest.mark.usefixtures("public")
def test_on_a_public_host_only_the_owner_may_change_a_run(jobs):
    mine = ask(jobs, "me")
    stranger = {"owner": "you"}
    for wish in (
        lambda: jobs.stop(mine, **stranger),
        lambda: jobs.pause(mine, **stranger),
        lambda: jobs.step(mine, **stranger),
        lambda: jobs.go_on(mine, **stranger),
        lambda: jobs.change_learning_rate(mine, 0.1, **stranger),
        lambda: jobs.rename(mine, "yours", **stranger),
        lambda: jobs.annotate(mine, "yours", **stranger),
        lambda: jobs.delete(mine, **stranger),
        lambda: jobs.resume(mine, device="cpu", **stranger),
    ):
        with pytest.raises(JobError, match=f"run {mine} is somebody else's on this public lab"):
            wish()
    assert (jobs.may_change(mine, owner="me"), jobs.may_change(mine, owner="you")) == (True, False)
    assert jobs.active() == [mine]
    assert (runs.get(mine).name, runs.get(mine).note) == ("lab-32 on digits", "")
    jobs.rename(mine, "mine", owner="me")
    jobs.stop(mine, owner="me")
    jobs.delete(mine, owner="me")


@pytest.mark.usefixtures("public")
def test_on_a_public_host_nobody_owns_what_was_trained_by_hand(jobs):
    by_hand = create(small()).id
    zoo = runs.zoo()[0].id
    for run_id in (by_hand, zoo, "no-such-run", ""):
        assert not jobs.may_change(run_id, owner="me")
        with pytest.raises(JobError, match="is somebody else's"):
            jobs.delete(run_id, owner="me")
    assert runs.get(by_hand)


@pytest.mark.parametrize("value, answer", [("1", True), ("yes", True), ("0", False), ("", False)])
def test_a_public_host_is_told_by_the_surroundings(monkeypatch, value, answer):
    monkeypatch.setenv("AECORE_PUBLIC", value)
    assert limits.public() is answer


@pytest.mark.usefixtures("public")
def test_on_a_public_host_each_may_have_two_waiting_and_all_together_twenty(jobs, own_home):
    for _ in range(2):
        ask(jobs, "me")
    before = files_in(own_home)
    with pytest.raises(JobError, match="2 runs of yours are waiting: let one begin"):
        ask(jobs, "me")
    assert files_in(own_home) == before
    for number in range(18):
        ask(jobs, f"guest-{number // 2}")
    before = files_in(own_home)
    with pytest.raises(
        JobError, match="20 runs are waiting, more than this public lab takes: try again later"
    ):
        ask(jobs, "late")
    assert files_in(own_home) == before
    assert len(jobs.active()) == 20
    stopped = jobs.active()[0]
    jobs.stop(stopped, owner=entries()[stopped].owner)
    ask(jobs, "late")
    with pytest.raises(JobError, match="20 runs are waiting"):
        jobs.resume(stopped, owner=entries()[stopped].owner, device="cpu")


@pytest.mark.usefixtures("public")
def test_on_a_public_host_each_may_keep_some_runs_and_all_together_more(jobs, own_home, monkeypatch):
    monkeypatch.setattr(limits, "MOST_KEPT_EACH", 3)
    monkeypatch.setattr(limits, "MOST_KEPT", 5)
    for _ in range(3):  # waiting or not
        mine = ask(jobs, "me")
        jobs.stop(mine, owner="me")
    before = files_in(own_home)
    with pytest.raises(JobError, match="3 runs of yours are kept: delete one before adding another"):
        ask(jobs, "me")
    for _ in range(2):
        jobs.stop(ask(jobs, "you"), owner="you")
    with pytest.raises(JobError, match="5 runs are kept, as many as this public lab takes: delete one"):
        ask(jobs, "late")
    assert len(runs.list_runs()) == 5
    assert set(before) <= set(files_in(own_home))
    jobs.resume(mine, owner="me", device="cpu")  # which adds none
    jobs.stop(mine, owner="me")
    jobs.delete(mine, owner="me")
    again = ask(jobs, "me")
    runs.delete(again)  # as from the command line
    ask(jobs, "me")


def test_on_a_machine_of_ones_own_any_number_is_kept(jobs, monkeypatch):
    monkeypatch.setattr(limits, "MOST_KEPT_EACH", 1)
    monkeypatch.setattr(limits, "MOST_KEPT", 1)
    assert len({ask(jobs) for _ in range(3)}) == 3


@pytest.mark.usefixtures("public")
def test_on_a_public_host_too_long_a_training_is_warned_of(monkeypatch):
    assert limits.time_warning(600) == ""
    assert limits.time_warning(843) == (
        "training would take about 14.1 minutes: choose fewer epochs or a smaller model, for this public "
        "lab stops it after 10 minutes and keeps what it has learnt by then"
    )
    assert "about 1,666.7 minutes:" in limits.time_warning(100_000)
    monkeypatch.delenv("AECORE_PUBLIC")
    assert limits.time_warning(100_000) == ""


TOO_MUCH = {
    "epochs": ({"epochs": 501}, "epochs is 501: choose 1 to 500 on this public lab"),
    "parameters": ({"hidden": (4096, 2048)}, r"the model has [\d,]+ parameters: choose smaller layers"),
    "memory": (
        {"hidden": (2048, 256), "batch_size": 50_000},
        r"training would take [\d.]+ GB of memory: choose smaller layers or a smaller batch_size",
    ),
}


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("what", TOO_MUCH)
def test_on_a_public_host_too_large_a_training_is_refused_and_nothing_is_written(jobs, own_home, what):
    settings, sentence = TOO_MUCH[what]
    with pytest.raises(JobError, match=sentence):
        ask(jobs, **settings)
    assert files_in(own_home) == []
    assert jobs.active() == []


@pytest.mark.usefixtures("public")
def test_on_a_public_host_too_large_a_training_is_not_resumed_either(jobs, monkeypatch):
    monkeypatch.delenv("AECORE_PUBLIC")
    run_id = ask(jobs, epochs=LONG)
    jobs.stop(run_id, owner="me")
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    with pytest.raises(JobError, match="epochs is 10,000"):
        jobs.resume(run_id, owner="me", device="cpu")
    assert jobs.active() == []


@pytest.mark.parametrize("what", TOO_MUCH)
def test_on_a_machine_of_ones_own_they_are_taken(jobs, what):
    settings, _ = TOO_MUCH[what]
    run_id = ask(jobs, **settings)
    assert json.loads((runs.get(run_id).folder / "config.json").read_text())
    assert jobs.active() == [run_id]


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
