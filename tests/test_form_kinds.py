"""Another kind of network in the form: what it brings, what it rules out, and what stays."""

import pytest
from drawn_form import draw, made, run, widgets

from aecore.config import MODEL_CONFIGS, Experiment
from aecore.recipes import RECIPES
from aecore.settings import SettingsError
from pages.shared import form


@pytest.mark.parametrize("kind", MODEL_CONFIGS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_can_be_tried_with_every_kind(recipe, kind):
    experiment = RECIPES[recipe].experiment.with_settings({"kind": kind})
    assert experiment.model.kind == kind
    assert (
        experiment.with_settings({"kind": RECIPES[recipe].model.kind}).model.kind
        == RECIPES[recipe].model.kind
    )


@pytest.mark.parametrize(
    ("recipe", "kind", "gone"),
    [("keras-32", "conv-residual", {"loss": "mse"}), ("zhong-kl-weak", "variational", {"kl_weight": 0.0})],
)
def test_what_another_kind_rules_out_goes_with_it(recipe, kind, gone):
    app = draw(recipe, "mnist")
    app.selectbox(key="kind").set_value(kind)
    run(app)
    assert {name: form.flat(made(app))[name] for name in gone} == gone
    assert {name: app.session_state[name] for name in gone} == gone


def test_a_loss_that_the_kind_rules_out_is_marked_where_it_can_be_changed():
    app = draw("lab-32", "mnist", kind="conv-residual")
    app.selectbox(key="loss").set_value("bce")
    run(app)
    assert (
        app.session_state["refused"] == "loss is bce: choose mse or l1, this kind's pixels may leave 0 to 1"
    )


def test_another_kind_brings_its_own_settings_and_keeps_the_shared_ones():
    app = draw()
    app.number_input(key="code_size").set_value(7)
    run(app)
    app.selectbox(key="kind").set_value("conv")
    run(app)
    assert "hidden" not in widgets(app)
    app.text_input(key="channels").set_value("4, 8")
    run(app)
    expected = {"kind": "conv", "code_size": 7, "channels": (4, 8)}
    assert made(app) == RECIPES["lab-32"].on("mnist").with_settings(expected)


@pytest.mark.parametrize("recipe", ["lab-32", "keras-32", "zhong-kl-weak"])
def test_a_walk_through_all_kinds_leaves_nothing_behind(recipe):
    original = RECIPES[recipe].on("mnist")
    app = draw(recipe, "mnist")
    for kind in (*MODEL_CONFIGS, *reversed(MODEL_CONFIGS), original.model.kind):
        app.selectbox(key="kind").set_value(kind)
        run(app)
        assert made(app) == original.with_settings({"kind": kind})


def test_a_code_that_follows_from_the_layers_is_not_asked_for_and_fits():
    app = draw()
    for kind in ("conv-dense", "conv-map", "conv-winners", "variational", "recurrent", "dense"):
        app.selectbox(key="kind").set_value(kind)
        run(app)
        assert made(app).model.kind == kind
        assert ("code_size" in widgets(app)) == (kind in ("variational", "recurrent", "dense"))


def test_a_forged_kind_is_refused():
    """No widget offers it; a browser can send it all the same."""
    with pytest.raises(SettingsError, match="kind is tree: choose dense, conv, "):
        Experiment().with_settings({"kind": "tree"})
