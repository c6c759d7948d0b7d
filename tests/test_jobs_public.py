"""What a public host refuses, and to whom. No engine is at work here."""

import json

import pytest
from jobs_engine import LONG, small
from jobs_waiting import ask, files_in

from aecore import runs
from aecore.config import Experiment
from aecore.jobs import JobError, Jobs, limits
from aecore.jobs.book import entries
from aecore.models import count_parameters
from aecore.runs.execution import create


@pytest.fixture
def jobs():
    """A queue that nobody works on."""
    jobs = Jobs()
    yield jobs
    jobs.close()


@pytest.fixture
def public(monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")


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
    "phases": (
        {"epochs": 300, "pair_epochs": (300,)},
        "the sum of all phases' epochs is [69]00: choose 1 to 500 on this public lab",
    ),
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


def test_the_memory_that_measuring_takes_counts_where_batches_are_small():
    wide = Experiment().with_settings({"kind": "conv", "channels": (65_536, 1), "batch_size": 1})
    assert count_parameters(wide.model) < limits.MOST_PARAMETERS
    with pytest.raises(JobError, match=r"training would take \d{2,3}\.\d GB of memory"):
        limits.check_experiment(wide)  # its epochs end with 1,000 images at once


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
