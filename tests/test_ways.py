"""Which pages a run leads to."""

from paging import open_page

from aecore import runs
from aecore.recipes import RECIPES
from aecore.runs.execution import create
from pages.shared import ways


def test_what_a_model_was_trained_for_comes_first():
    assert ways.of(runs.get("zoo-digits-denoiser")) == [ways.DENOISES, ways.REDRAWS, ways.MAP, ways.UNITS]
    assert ways.of(runs.get("zoo-digits-dictionary"))[0] == ways.UNITS
    assert ways.of(create(RECIPES["zhong-l1"].on("digits")))[0] == ways.UNITS
    assert ways.of(runs.get("zoo-digits-32")) == [
        *(ways.REDRAWS, ways.MAP, ways.UNITS),
        *(ways.FILE, ways.CLASSES),
    ]
    assert ways.of(runs.get("zoo-digits-threes"))[0] == ways.STRANGE
    assert ways.of(create(RECIPES["sharpen"].on("patches")))[0] == ways.TRANSFORMS
    assert ways.of(create(RECIPES["lab-variational"].on("digits")))[0] == ways.NEW


def test_a_page_leads_to_the_others_with_its_model(nothing_is_trained):  # noqa: ARG001, a fixture
    app = open_page("reconstruct", model="zoo-digits-denoiser")
    links = [link.proto for link in app.page_link if "zoo-digits-denoiser" in link.proto.query_string]
    assert [link.page for link in links] == ["denoise", "latent", "features"]
