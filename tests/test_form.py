"""The form: every setting of every record has its widget, and what the widgets say is what is trained."""

from typing import Annotated, Literal

import pytest
from drawn_form import draw, made, run, widgets
from pydantic import Field
from streamlit.testing.v1 import AppTest

from aecore.config import MODEL_CONFIGS, Channels, Experiment
from aecore.recipes import RECIPES
from aecore.settings import Record
from pages.shared import field, form, groups

ON = [(name, recipe.experiment.data.dataset) for name, recipe in RECIPES.items()]
ON += [("lab-32", dataset) for dataset in RECIPES["lab-32"].datasets[1:]]
"""Every recipe on its own data set, and one on every other."""


@pytest.mark.parametrize(
    ("recipe", "dataset", "kind"),
    [(*on, RECIPES[on[0]].model.kind) for on in ON]
    + [(*on, kind) for on in (ON[0], ON[-1], ("zhong-deep-2", "mnist")) for kind in MODEL_CONFIGS],
)
def test_an_untouched_form_is_the_recipe(recipe, dataset, kind):
    expected = RECIPES[recipe].on(dataset).with_settings({"kind": kind})
    app = draw(recipe, dataset, kind=kind)
    assert made(app) == expected
    assert form.changes(made(app), expected) == {}


def test_every_setting_is_in_one_group_and_a_new_one_is_not_lost():
    names = {name for kind in MODEL_CONFIGS for name in form.flat(Experiment().with_settings({"kind": kind}))}
    listed = [name for group in groups.GROUPS for name in group.names]
    assert sorted(listed) == sorted(names - {*form.FIRST, *form.CHOSEN_APART})
    assert groups.grouped(["brand_new", "seed"])[-1] == (groups.OTHERS, ["brand_new"])


def test_what_differs_from_the_recipe_is_marked_with_what_the_recipe_has():
    def script():
        import streamlit as st

        from aecore.recipes import RECIPES
        from pages.shared import form

        original = RECIPES["lab-32"].on("mnist")
        form.begin(original, keep=st.query_params)
        cells: form.Cells = {}
        made = form.settings(original, st.container(), st.container(), cells)
        form.compare(cells, made, original)

    app = AppTest.from_function(script, default_timeout=60)
    app.query_params["epochs"], app.query_params["tied"] = "3", "true"
    run(app)
    recipe = RECIPES["lab-32"].on("mnist")
    assert {caption.value for caption in app.caption if "recipe" in caption.value} == {
        f":blue[recipe: {recipe.train.epochs}]",
        ":blue[recipe: off]",
    }


@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_every_setting_has_a_widget_that_explains_it(kind):
    app = draw(kind=kind)
    settings = form.flat(made(app)).keys() - {*form.CHOSEN_APART, *MODEL_CONFIGS[kind].settled}
    assert widgets(app).keys() == settings
    for name, widget in widgets(app).items():
        assert widget.help, name
        assert widget.label == field.label(name)


class Toy(Record):
    """One field of every sort a record can have."""

    word: Literal["a", "b"] = "b"
    """Which word."""

    switch: bool = True
    """On or off."""

    count: Annotated[int, Field(gt=0, lt=10)] = 9
    """Between its bounds."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Off its lower bound."""

    limit: Annotated[int, Field(ge=1)] | None = 5
    """May be none."""

    widths: Channels = (8, 4)
    """Several numbers."""


def toy_form():
    import streamlit as st
    from test_form import Toy

    from aecore.settings import SettingsError
    from pages.shared import field

    schema = Toy.model_json_schema()["properties"]
    values = {name: field.widget(st.container(), name, schema[name], value) for name, value in Toy()}
    try:
        st.session_state["made"] = Toy(**values)
        st.session_state["refused"] = ""
    except SettingsError as error:
        st.session_state["refused"] = str(error)


def test_every_sort_of_field_goes_through_its_widget_unchanged():
    app = run(AppTest.from_function(toy_form))
    assert app.session_state["made"] == Toy()
    assert app.number_input(key="count").step == 1


@pytest.mark.parametrize(
    ("key", "said", "expected"),
    [
        ("word", "a", "a"),
        ("switch", False, False),
        ("count", 1, 1),
        ("share", 0.5, 0.5),
        ("limit", "", None),
        ("limit", " none ", None),
        ("limit", "12", 12),
        ("widths", "16,32 ,64", (16, 32, 64)),
    ],
)
def test_what_a_widget_says_is_what_the_record_holds(key, said, expected):
    app = run(AppTest.from_function(toy_form))
    widgets(app)[key].set_value(said)
    run(app)
    assert app.session_state["refused"] == ""
    assert app.session_state["made"] == Toy().replace(**{key: expected})


@pytest.mark.parametrize(
    ("key", "said", "sentence"),
    [
        ("share", 0.0, "share is 0: choose more than 0 and at most 1"),
        ("limit", "many", "limit is many: choose a whole number, 1 or more, or none"),
        ("limit", "0", "limit is 0: choose a whole number, 1 or more, or none"),
        ("widths", "", "widths is empty: choose 1 to 8 whole numbers separated by commas, each 1 to 65,536"),
        ("widths", "8, x", "widths is x: choose 1 to 8 whole numbers separated by commas, each 1 to 65,536"),
    ],
)
def test_what_cannot_be_is_one_sentence(key, said, sentence):
    app = run(AppTest.from_function(toy_form))
    widgets(app)[key].set_value(said)
    run(app)
    assert app.session_state["refused"] == sentence


def test_a_combination_that_cannot_be_is_one_sentence():
    app = draw()
    app.selectbox(key="loss").set_value("bce")
    app.selectbox(key="output_activation").set_value("identity")
    run(app)
    assert app.session_state["refused"].startswith("output_activation is identity: choose sigmoid")


def test_a_link_carries_what_was_changed():
    app = draw(epochs="3", hidden="64,32", early_stop="2", keep_best="false", loss="l1", learning_rate="0.01")
    changed = {"epochs": 3, "hidden": (64, 32), "early_stop": 2, "keep_best": False, "loss": "l1"}
    expected = RECIPES["lab-32"].on("mnist").with_settings(changed | {"learning_rate": 0.01})
    assert made(app) == expected


@pytest.mark.parametrize("recipe", ["lab-32", "zhong-top5", "keras-denoise"])
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"epochs": 3, "learning_rate": 2.5e-4, "validation_share": 0.1},
        {"kind": "conv", "channels": (8,), "code_size": 5},
        {"hidden": ()},
        {
            "keep_best": False,
            "early_stop": 4,
            "train_count": 500,
            "weight_std": 0.5,
            "initialisation": "pytorch",
        },
        {"weight_std": None, "seed": 2**32 - 1},
    ],
)
def test_the_link_to_an_experiment_opens_that_experiment(recipe, changed):
    experiment = RECIPES[recipe].experiment
    if "early_stop" in changed and not experiment.data.validation_share:
        changed = changed | {"validation_share": 0.2}
    if "code_size" in changed and experiment.model.active:
        changed = changed | {"active": 2}
    if changed.get("hidden") == () and experiment.model.kind.startswith("conv"):
        changed = {"activation": "tanh"}
    experiment = experiment.with_settings(changed)
    assert made(draw(**form.link(experiment))) == experiment


def test_an_experiment_of_no_known_recipe_is_linked_from_one_that_fits():
    experiment = Experiment().with_settings({"dataset": "patches", "image_shape": (3, 16, 16), "epochs": 2})
    opened = made(draw(**form.link(experiment)))
    assert opened.model == experiment.model
    assert (opened.data, opened.train) == (experiment.data, experiment.train)


@pytest.mark.parametrize(
    "address",
    [
        {"epochs": "99999999999999999999"},
        {"epochs": "nan"},
        {"code_size": "![](http://example.org/x)"},
        {"loss": "' OR 1=1"},
        {"keep_best": "perhaps"},
        {"kind": "../../etc/passwd"},
    ],
)
def test_a_link_with_values_that_no_widget_has_is_the_recipe(address):
    assert made(draw(**address)) == RECIPES["lab-32"].on("mnist")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"epochs": "-3"}, "epochs is -3: choose a whole number, 1 to 10,000"),
        ({"learning_rate": "50"}, "learning_rate is 50: choose more than 0 and at most 10"),
        ({"code_size": "0"}, "code_size is 0: choose a whole number, 1 to 65,536"),
    ],
)
def test_a_number_past_its_limits_is_refused_and_not_silently_another(address, sentence):
    assert draw(**address).session_state["refused"] == sentence


def test_labels_are_words():
    assert field.label("learning_rate") == "Learning rate"
    assert field.label("kl_weight") == "KL weight"
    assert form.in_labels("learning_rate is 0: choose more; kl_target is 2: choose less, l1_weight too") == (
        "learning rate is 0: choose more; KL target is 2: choose less, L1 weight too"
    )


def test_a_link_with_a_list_that_is_none_is_refused():
    app = draw(hidden="<b>1</b>")
    assert app.session_state["refused"].startswith("hidden is <b>1</b>: choose at most 16 whole numbers")
    app = draw(hidden="1" * 5_000)
    assert len(app.session_state["refused"]) < 400
