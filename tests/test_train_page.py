"""The form of the Train page without a browser: what it says and refuses."""

from itertools import pairwise

import pytest
from paging import shown
from train_page import HOSTILE, button, cell, open_page, said

from aecore.data import SOURCES, archive
from aecore.jobs import limits
from aecore.recipes import RECIPES
from pages.shared import engine

pytestmark = pytest.mark.usefixtures("opened_before", "torch_is_there")


@pytest.mark.usefixtures("queue")
def test_the_form_says_what_it_will_be():
    app = open_page(recipe="gfg-9", dataset="digits")
    assert not button(app, "train").disabled
    text = said(app)
    assert "parameters" in text
    assert RECIPES["gfg-9"].note in text
    assert "Changed:" not in text
    layers = app.dataframe[0].value
    assert list(layers["Output"])[-1] == "1×28×28"
    widths = (784, 128, 64, 36, 18, 9, 18, 36, 64, 128, 784)
    assert layers["Parameters"].sum() == sum((a + 1) * b for a, b in pairwise(widths))


@pytest.mark.usefixtures("queue")
def test_only_data_sets_that_fit_are_offered_and_those_not_here_are_marked(monkeypatch):
    monkeypatch.setattr(archive, "find", lambda _: None)
    app = open_page(recipe="gfg-9")
    assert app.selectbox(key="dataset").options == [
        "MNIST (will be downloaded first)",
        "Fashion-MNIST (will be downloaded first)",
        SOURCES["digits"].title,
    ]
    assert app.selectbox(key="dataset").value == "digits"


@pytest.mark.usefixtures("queue")
def test_another_recipe_or_data_set_begins_with_its_settings():
    app = open_page(recipe="lab-32", dataset="mnist")
    app.number_input(key="epochs").set_value(3)
    shown(app)
    assert "Changed: epochs 3" in said(app)
    app.selectbox(key="dataset").set_value("digits")
    shown(app)
    assert app.number_input(key="epochs").value == RECIPES["lab-32"].on("digits").train.epochs
    app.number_input(key="epochs").set_value(3)
    app.selectbox(key="recipe").set_value("tf-64")
    shown(app)
    assert app.number_input(key="epochs").value == RECIPES["tf-64"].on("digits").train.epochs
    assert app.text_input(key="weight_std").value == "0.05"
    assert "Changed:" not in said(app)


@pytest.mark.usefixtures("queue")
def test_a_data_set_that_does_not_fit_another_recipe_gives_way():
    app = open_page(recipe="lab-32", dataset="patches")
    app.selectbox(key="recipe").set_value("gfg-9")
    shown(app)
    assert app.selectbox(key="dataset").value in RECIPES["gfg-9"].datasets


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"loss": "bce", "output_activation": "identity"}, "Output activation is identity"),
        ({"hidden": "abc"}, "Hidden is abc"),
        ({"train_count": "70000"}, "Train count is 70"),
        ({"hidden": "65536,65536"}, "GB of memory"),
    ],
)
def test_what_cannot_be_trained_is_said_and_train_is_disabled(address, sentence):
    app = open_page(recipe="lab-32", dataset="mnist", **address)
    assert [error for error in app.error if sentence in error.value]
    assert button(app, "train").disabled


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("epochs", "abc"),
        ("epochs", "inf"),
        ("epochs", "9007199254740993"),
        ("epochs", "2.5"),
        ("learning_rate", "nan"),
        ("learning_rate", "1e999"),
        ("kind", "*sense*"),
        ("tied", "maybe"),
    ],
)
def test_what_no_widget_can_hold_is_said_and_gone_from_the_link(setting, text):
    app = open_page(recipe="lab-32", dataset="mnist", code_size="16", **{setting: text})
    told = [toast.value.replace("\\", "") for toast in app.toast]
    assert len(told) == 1
    assert f"({text}) cannot be" in told[0]
    assert dict(app.query_params) == {"recipe": "lab-32", "dataset": "mnist", "code_size": "16"}
    assert app.number_input(key="code_size").value == 16
    assert app.number_input(key="epochs").value == RECIPES["lab-32"].experiment.epochs
    assert not button(app, "train").disabled


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    ("address", "setting", "sentence"),
    [
        ({"code_size": "8", "active": "9"}, "active", "Choose 1 to 8 (the code size)"),
        (
            {"kind": "conv-dense", "kernel_size": "8"},
            "kernel_size",
            "Choose at most 7, or fewer convolutions",
        ),
        ({"kl_target": "1"}, "kl_target", "Choose more than 0 and less than 1"),
        (
            {"kl_weight": "0.1"},
            "code_activation",
            "Choose sigmoid, or KL normalised true, KL weight compares",
        ),
        ({"loss": "bce", "output_activation": "relu"}, "output_activation", "Choose sigmoid, bce needs"),
        ({"tied": "true", "decoder_hidden": "30"}, "decoder_hidden", "Choose 512 or none, a tied decoder"),
        ({"untied_epochs": "3"}, "untied_epochs", "Choose 0, only a tied decoder can be untied"),
        ({"noise": "masking", "noise_level": "2"}, "noise_level", "Choose up to 1, masking sets a share"),
        ({"validation_share": "0", "early_stop": "3"}, "validation_share", "Choose up to 0.5"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_too_and_the_other_settings_open_for_it(
    address, setting, sentence
):
    app = open_page(recipe="lab-32", dataset="mnist", **address)
    told = [caption.value.replace("\\", "") for caption in cell(app, setting).caption]
    assert [each for each in told if each.startswith(f":red[{sentence}")]
    assert app.expander[0].proto.expanded


@pytest.mark.usefixtures("queue")
def test_what_is_wrong_among_the_first_settings_leaves_the_others_closed():
    assert not open_page(recipe="lab-32", dataset="mnist", learning_rate="20").expander[0].proto.expanded


def test_a_code_that_can_copy_is_trained_with_a_warning():
    app = open_page(recipe="lab-32", dataset="mnist", code_size="784")
    assert "the model can copy" in app.warning[0].value
    assert not button(app, "train").disabled


def test_what_a_link_says_is_shown_as_text():
    app = open_page(recipe=HOSTILE, dataset=HOSTILE, hidden=HOSTILE)
    assert r"\!\[x\]\(http\:\/\/example\.org" in app.error[0].value


@pytest.mark.usefixtures("queue")
def test_a_public_host_says_its_limits_before_the_click(monkeypatch):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    app = open_page(recipe="lab-32", dataset="digits", epochs="501")
    assert "public lab" in app.error[0].value
    assert button(app, "train").disabled


@pytest.mark.usefixtures("queue")
def test_a_public_host_says_before_the_click_that_it_will_stop_a_long_training(monkeypatch):
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.001)
    assert not open_page(recipe="lab-32", dataset="digits").warning
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    app = open_page(recipe="lab-32", dataset="digits")
    assert [warning for warning in app.warning if "stops it after 0\\.001 seconds" in warning.value]
    assert not button(app, "train").disabled


@pytest.mark.usefixtures("queue")
def test_trouble_with_the_engine_is_said():
    engine.jobs().trouble = "nothing can be trained just now: the engine did not start"
    assert [warning for warning in open_page().warning if "engine did not start" in warning.value]
