"""The first view of every page asks for nothing that did not come with the lab, so nobody waits for it."""

import pytest
from paging import REPOSITORY, open_page
from streamlit.testing.v1 import AppTest

from aecore import data, runs
from aecore.analysis.questions import Question, is_kept, kept
from aecore.data import archive
from aecore.jobs import Analyses, Jobs
from aecore.zoo import FIRST_QUESTIONS
from pages.shared import warm

pytestmark = pytest.mark.usefixtures("fresh_server")

PAGES = sorted(page.stem for page in (REPOSITORY / "pages").glob("[!_]*.py"))


@pytest.fixture
def asked(monkeypatch, own_home):  # noqa: ARG001, a fixture
    """What pages ask; each must have come with the lab."""
    asked = []

    def ask(_, analysis, subject, settings, *, device):  # noqa: ARG001, as Analyses.ask
        question = Question(analysis, subject, settings)
        asked.append(question)
        assert is_kept(question), question
        return kept(question)

    monkeypatch.setattr(Jobs, "start", lambda _: None)
    monkeypatch.setattr(Analyses, "ask", ask)
    warm.start()
    assert warm._server()[1].wait(120)
    return asked


@pytest.mark.parametrize("mnist", ["with", "without"])
@pytest.mark.parametrize("page", PAGES)
def test_the_answers_of_a_first_view_are_there(page, mnist, monkeypatch, asked):
    if mnist == "without":
        monkeypatch.setattr(archive, "find", lambda _: None)
    elif not data.available("mnist"):
        pytest.skip("mnist is not on this machine")
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=240).run()
    app.switch_page(f"pages/{page}.py").run()
    assert not app.exception
    assert bool(asked) == (
        page in {"anomaly", "classify", "transform"} or (page, mnist) == ("features", "with")
    )


@pytest.mark.parametrize(
    "question",
    [each for each in FIRST_QUESTIONS if each.analysis == "transforming"],
    ids=lambda question: question.subject,
)
def test_what_every_task_of_transform_asks_is_what_comes_with_the_lab(question, asked):
    dataset = runs.get(question.subject).experiment.data.dataset
    if not data.available(dataset):
        pytest.skip(f"{dataset} is not on this machine")
    open_page("transform", model=question.subject)
    assert {each.key for each in asked} == {question.key}
