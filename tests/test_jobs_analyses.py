"""Analyses in a process of their own: answers, progress, failures, deaths, and an end when nobody asks."""

import sys
from contextlib import suppress

import psutil
import pytest
from jobs_engine import PATIENCE, alive, environment, eventually

from aecore import runs
from aecore.analysis import questions
from aecore.jobs import Analyses, JobError, Working, analyses

pytestmark = pytest.mark.slow

SLOW = """
import hashlib
import numpy as np

def measure(subject, device, say, *, until):
    for done in range(until):
        say(done / until, f"step {done}")
        hashlib.pbkdf2_hmac("sha256", b"some", b"work", 20_000)
    return {"device": np.frombuffer(device.encode(), np.uint8), "until": np.array([until])}

def fail(subject, device, say):
    raise ZeroDivisionError("nothing to divide")
"""
"""Analyses for the process of the engine, which finds them by name."""


@pytest.fixture
def asked(own_home, tmp_path, monkeypatch):
    """The questions of a server, with two analyses more."""
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "sitecustomize.py").write_text(
        "from aecore.analysis.questions import ANALYSES\n"
        "ANALYSES.update(measure='slow:measure', fail='slow:fail')\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{environment(own_home)['PYTHONPATH']}")
    from aecore.analysis.questions import ANALYSES

    monkeypatch.setattr(sys.modules[__name__], "OTHERS", {child.pid for child in engines()})
    monkeypatch.setitem(ANALYSES, "measure", "slow:measure")
    monkeypatch.setitem(ANALYSES, "fail", "slow:fail")
    asked = Analyses()
    yield asked
    asked.close()


def answer(asked, *question, **settings):
    """What comes in the end."""

    def see():
        return asked.ask(*question, settings, device="cpu")

    return eventually(see, lambda seen: isinstance(seen, dict) or seen.failure)


OTHERS: set[int] = set()
"""Engines that tests of other modules have left to this process."""


def engines():
    children = [child for child in psutil.Process().children() if child.pid not in OTHERS]
    return [child for child in alive(children) if "engine" in words(child)]


def words(process):
    with suppress(psutil.Error):  # it has just ended
        return process.cmdline()
    return []


def test_an_answer_comes_with_its_progress_and_is_there_at_once_the_next_time(asked):
    seen = []

    def look():
        seen.append(asked.ask("measure", "digits", {"until": 300}, device="cpu"))
        return seen[-1]

    found = eventually(look, lambda now: isinstance(now, dict))
    assert found["until"].tolist() == [300]
    assert bytes(found["device"]) == b"cpu"
    on_the_way = [now for now in seen if isinstance(now, Working)]
    assert on_the_way[0] == Working()
    shares = [now.share for now in on_the_way]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert on_the_way[-1].doing.startswith("step ")
    assert 0 <= on_the_way[-1].seconds_left < PATIENCE
    assert isinstance(Analyses().ask("measure", "digits", {"until": 300}, device="cpu"), dict)


def test_a_real_one_is_computed_there_as_it_is_here(asked):
    from aecore.analysis import denoising
    from aecore.analysis.questions import to_nobody

    found = answer(asked, "denoising", "zoo-digits-32", noise="masking")
    here = denoising.by_level("zoo-digits-32", "cpu", to_nobody, noise="masking")
    assert found["psnr"] == pytest.approx(here["psnr"], rel=1e-3)


def test_passing_answers_are_handed_over_and_the_last_ones_remembered(asked, monkeypatch, own_home):
    monkeypatch.setattr(questions, "PASSING", {"measure"})
    monkeypatch.setattr(analyses, "MOST_HELD", 2)
    with (own_home.parent / "sitecustomize.py").open("a") as file:
        file.write("from aecore.analysis.questions import PASSING\nPASSING.add('measure')\n")
    for until in (1, 2):
        assert answer(asked, "measure", "digits", until=until)["until"].tolist() == [until]
    assert isinstance(asked.ask("measure", "digits", {"until": 1}, device="cpu"), dict)  # now the latest
    assert "until" in answer(asked, "measure", "digits", until=3)
    for until, there in ((1, True), (3, True), (2, False)):
        assert isinstance(asked.ask("measure", "digits", {"until": until}, device="cpu"), dict) == there
    assert not list(own_home.rglob("measure-*"))


def test_failures_are_sentences_and_can_be_tried_again(asked, own_home):
    failed = answer(asked, "fail", "digits")
    assert failed.failure == (
        "the analysis failed (ZeroDivisionError: nothing to divide): the engine's log says more"
    )
    assert "ZeroDivisionError" in (own_home / "engine.log").read_text()
    assert asked.ask("fail", "digits", {}, device="cpu") == failed
    asked.again("fail", "digits", {})
    assert not asked.ask("fail", "digits", {}, device="cpu").failure
    assert answer(asked, "fail", "digits") == failed
    with pytest.raises(runs.MissingRunError):
        asked.ask("denoising", "no-such-run", {"noise": "masking"}, device="cpu")
    assert "until" in answer(asked, "measure", "digits", until=1)


def test_a_question_that_nobody_asks_any_more_is_not_begun(asked, monkeypatch):
    monkeypatch.setattr(analyses, "SECONDS_UNASKED", 1)
    assert not asked.ask("measure", "digits", {"until": 300}, device="cpu").place
    assert asked.ask("measure", "digits", {"until": 10_000}, device="cpu").place == 1
    assert "until" in answer(asked, "measure", "digits", until=300)  # which takes longer than that
    assert "until" in answer(asked, "measure", "digits", until=2)
    assert asked.ask("measure", "digits", {"until": 10_000}, device="cpu") == Working()  # from the beginning


@pytest.mark.parametrize("who", ["worker", "engine"])
def test_a_killed_process_is_a_sentence_and_the_next_question_is_answered(asked, who):
    asked.ask("measure", "digits", {"until": 10_000}, device="cpu")
    waiting = asked.ask("measure", "digits", {"until": 2}, device="cpu")
    assert waiting.place == 1
    eventually(lambda: asked.ask("measure", "digits", {"until": 10_000}, device="cpu").share)
    [engine] = engines()
    doomed = [engine] if who == "engine" else engine.children(recursive=True)
    for process in doomed:
        if who == "engine" or "spawn_main" in " ".join(words(process)):
            process.kill()
    ended = answer(asked, "measure", "digits", until=10_000)
    assert "ended from outside" in ended.failure or "cut off" in ended.failure
    assert answer(asked, "measure", "digits", until=2)["until"].tolist() == [2]


def test_the_process_ends_when_nobody_asks_and_comes_back_for_the_next(asked, monkeypatch):
    monkeypatch.setattr(analyses, "SECONDS_IDLE", 0.2)
    assert "until" in answer(asked, "measure", "digits", until=1)
    eventually(lambda: not engines())
    assert "until" in answer(asked, "measure", "digits", until=2)


def test_too_many_questions_are_refused_and_a_closed_one_leaves_no_process(asked, monkeypatch):
    monkeypatch.setattr(analyses, "MOST_WAITING", 2)
    for until in (10_000, 10_001):
        asked.ask("measure", "digits", {"until": until}, device="cpu")
    with pytest.raises(JobError, match="2 analyses are waiting"):
        asked.ask("measure", "digits", {"until": 3}, device="cpu")
    eventually(lambda: asked.ask("measure", "digits", {"until": 10_000}, device="cpu").share)
    family = engines()[0].children(recursive=True)
    asked.close()
    assert not engines()
    psutil.wait_procs(family, timeout=PATIENCE)
    assert not alive(family)
