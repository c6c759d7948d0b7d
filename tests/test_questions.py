"""Questions: answered once, kept beside the run, and asked anew where what was kept is of no use."""

import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_runs import trained

from aecore import runs
from aecore.analysis import questions
from aecore.analysis.questions import AnswerError, Question, answer, kept

ASKED = []
"""What reached the analysis."""


def measure(subject, device, say, *, factor):
    """Stands in for an analysis: it is imported by its name, as the real ones are."""
    ASKED.append((subject, device, factor))
    say(0.5, "half of it")
    return {"twice": np.arange(6).reshape(2, 3)[:, ::2] * factor}


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    monkeypatch.setitem(questions.ANALYSES, "measure", "test_questions:measure")
    ASKED.clear()
    return ASKED


@pytest.fixture
def run(tiny_digits):  # noqa: ARG001, a fixture
    return trained()


def test_it_is_answered_once_and_kept_with_its_run(run, asked):
    question, heard = Question("measure", run.id, {"factor": 2}), []
    assert kept(question) is None
    first = answer(question, "cpu", lambda share, doing: heard.append((share, doing)))
    again = answer(Question("measure", run.id, {"factor": 2}), "cpu")
    assert len(asked) == 1
    assert heard == [(0.5, "half of it")]
    np.testing.assert_array_equal(first["twice"], [[0, 4], [6, 10]])
    np.testing.assert_array_equal(again["twice"], first["twice"])
    assert len(list((run.folder / "analyses").iterdir())) == 1
    answer(Question("measure", run.id, {"factor": 3}), "cpu")
    assert [factor for *_, factor in asked] == [2, 3]
    runs.delete(run.id)
    with pytest.raises(runs.MissingRunError):
        kept(question)


def test_the_order_of_settings_does_not_matter_and_everything_else_does(run):
    one = Question("measure", run.id, {"a": 1, "b": 2})
    assert one.key == Question("measure", run.id, {"b": 2, "a": 1}).key
    others = [
        Question("measure", run.id, {"a": 2, "b": 2}),
        Question("measure", "digits", {"a": 1, "b": 2}),
        Question("denoising", run.id, {"a": 1, "b": 2}),
    ]
    assert len({question.key for question in (one, *others)}) == 4


def test_what_is_not_the_persons_own_run_is_kept_apart(own_home):
    for subject in ("zoo-digits-32", "digits"):
        answer(Question("measure", subject, {"factor": 1}), "cpu")
        assert len(list((own_home / "analyses" / subject).iterdir())) == 1
    assert not (runs.get("zoo-digits-32").folder / "analyses").exists()


def test_an_answer_about_other_weights_is_of_no_use(run, asked):
    for value in (1, 2):
        save_file({"weight": np.array([value])}, run.folder / "weights.safetensors")
        question = Question("measure", run.id, {"factor": 2})
        assert kept(question) is None
        answer(question, "cpu")
    assert len(asked) == 2
    (run.folder / "weights.safetensors").unlink()
    assert kept(Question("measure", run.id, {"factor": 2})) is None


def test_answers_that_come_with_the_lab_are_known(own_home, asked, monkeypatch):
    monkeypatch.setattr(questions, "SHIPPED", own_home.parent / "answers")
    question = Question("measure", "zoo-digits-32", {"factor": 2})
    answer(question, "cpu")
    [file] = own_home.rglob("measure-*.safetensors")
    save_file({"twice": np.array([999.0])}, file)  # what an older lab found
    asked.clear()
    for _ in range(2):
        questions.ship(question, "cpu")
    assert len(asked) == 1
    shutil.rmtree(own_home)
    assert questions.is_kept(question)
    np.testing.assert_array_equal(answer(question, "cpu")["twice"], [[0, 4], [6, 10]])
    assert len(asked) == 1
    [file] = questions.SHIPPED.rglob("*.safetensors")
    file.write_bytes(b"rubbish")
    questions.ship(question, "cpu")
    assert len(asked) == 2
    questions.ship_no_others([question])
    assert kept(question)
    questions.ship_no_others([])
    assert not questions.is_kept(question)


def test_a_passing_answer_is_never_on_disk(own_home, asked, monkeypatch):
    monkeypatch.setattr(questions, "PASSING", {"measure"})
    question = Question("measure", "digits", {"factor": 2})
    for _ in range(2):
        np.testing.assert_array_equal(answer(question, "cpu")["twice"], [[0, 4], [6, 10]])
    assert len(asked) == 2
    assert kept(question) is None
    assert not [file for file in own_home.rglob("*.safetensors") if "measure" in file.name]


@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_answer_is_computed_again(run, asked, damage):
    question = Question("measure", run.id, {"factor": 2})
    answer(question, "cpu")
    [file] = (run.folder / "analyses").iterdir()
    file.write_bytes(file.read_bytes()[:-3] if damage is None else damage)
    assert kept(question) is None
    np.testing.assert_array_equal(answer(question, "cpu")["twice"], [[0, 4], [6, 10]])
    assert len(asked) == 2


def test_what_is_no_analysis_or_no_run_is_refused():
    with pytest.raises(AnswerError, match="there is no analysis 'astrology': choose from"):
        Question("astrology", "digits")
    with pytest.raises(runs.MissingRunError):
        answer(Question("measure", "../../etc", {"factor": 1}), "cpu")


def test_where_there_is_no_room_a_sentence_says_so(run):
    (run.folder / "analyses").write_text("a file where the folder should be")
    with pytest.raises(AnswerError, match="the answer cannot be kept"):
        answer(Question("measure", run.id, {"factor": 1}), "cpu")
