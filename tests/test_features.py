"""What units stand for: worked by hand, and for every kind of model on grey and colour images."""

import numpy as np
import pytest
import torch
from every_model import small_configs
from images import pictures

from aecore import data, runs
from aecore.analysis import dictionary, estimate, features, similarity
from aecore.analysis.activity import activity, typical
from aecore.analysis.comparison import Versions
from aecore.analysis.dictionary import look_into
from aecore.analysis.questions import Question, answer, kept
from aecore.config import ConvWinnersConfig, DenseConfig, RecurrentConfig, VariationalConfig
from aecore.errors import LabError
from aecore.models import build
from aecore.recipes import RECIPES

DATASETS = {(1, 28, 28): "digits", (3, 16, 16): "patches"}
CONFIGS = small_configs(list(DATASETS), code_size=5)


def made(config):
    return build(config).eval().requires_grad_(False)


def test_the_columns_of_a_dense_layer_are_its_weights():
    config = DenseConfig(image_shape=(1, 2, 2), hidden=(), code_size=2)
    model = made(config)
    model.decoder[0].weight = torch.nn.Parameter(torch.tensor([[1.0, 0], [2, -1], [0, 0], [0, 3]]))
    found, are_columns = features.atoms(model, np.array([7, 7]))
    assert are_columns
    np.testing.assert_allclose(found[0, 0], [[1, 2], [0, 0]], atol=1e-6)
    np.testing.assert_allclose(found[1, 0], [[0, -1], [0, 3]], atol=1e-6)


def test_a_tied_decoder_has_the_encoders_filters_for_columns():
    model = made(DenseConfig(image_shape=(3, 4, 5), hidden=(), code_size=6, tied=True))
    np.testing.assert_allclose(features.columns(model), features.filters(model), atol=1e-6)
    assert features.filter_of_each_unit(model)


def test_what_a_deeper_decoder_answers_is_worked_by_hand():
    model = made(DenseConfig(image_shape=(1, 1, 2), hidden=(1,), code_size=2, output_activation="identity"))
    one, two = model.decoder[0], model.decoder[2]
    one.weight.copy_(torch.tensor([[1.0, -1.0]]))
    one.bias.copy_(torch.tensor([1.0]))
    two.weight.copy_(torch.tensor([[2.0], [-1.0]]))
    two.bias.copy_(torch.tensor([5.0, 5.0]))
    # relu(1 + 3) = 4 and relu(1 - 3) = 0, where a code of zeros gives relu(1) = 1
    assert features.columns(model) is None
    found = features.responses(model, np.array([3.0, 3.0]))
    np.testing.assert_allclose(found[:, 0, 0], [[6, -3], [-2, 1]])


def test_a_winner_paints_its_kernel_where_it_stands():
    config = ConvWinnersConfig(image_shape=(1, 5, 5), channels=(2,), kernel_size=3)
    model = made(config)
    kernel = model.decoder[1].weight[0, 1]
    found = features.columns(model)
    assert found.shape == (50, 1, 5, 5)
    middle = found[25 + 2 * 5 + 2, 0]
    np.testing.assert_allclose(middle[1:4, 1:4], kernel.flip(0, 1).numpy(), atol=1e-6)
    assert not middle[[0, 4]].any()


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (DenseConfig(image_shape=(3, 4, 4), hidden=(7,), code_size=2), (7, 3, 4, 4)),
        (VariationalConfig(image_shape=(1, 4, 4), hidden=(), code_size=2), (2, 1, 4, 4)),
        (ConvWinnersConfig(image_shape=(3, 8, 8), kernel_size=5), (16, 3, 5, 5)),
        (RecurrentConfig(image_shape=(1, 8, 8)), None),
    ],
    ids=str,
)
def test_filters_are_the_first_weights_an_image_meets(config, shape):
    found = features.filters(made(config))
    assert (found is None) == (shape is None)
    assert found is None or found.shape == shape


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_every_kind_of_model_has_a_dictionary(config, monkeypatch):
    monkeypatch.setattr(features, "MOST_AT_ONCE", 3 * config.code_size)
    monkeypatch.setattr(similarity, "MOST_COMPARED", 300)
    images = data.load(DATASETS[config.image_shape])
    model = made(config)
    shown = images.test_images[:40]
    found = look_into(model, Versions(shown, shown))
    floats = shown / 255
    codes = model.encode(floats)
    np.testing.assert_allclose(found.codes, codes.numpy(), atol=1e-5)
    assert found.indices.tolist() == list(range(40))

    single = features.single_layer(model)
    assert found.are_columns == (single is not None)
    for unit in (0, config.code_size - 1):
        code = torch.zeros(1, config.code_size)
        if found.are_columns:
            last = next(module for module in model.decoder if list(module.parameters()))
            code[0, unit] = 1
            place = model.decoder[:-1]
            expected = (place(code) - place(code * 0)).reshape(config.image_shape)
            if isinstance(last, torch.nn.Linear):
                np.testing.assert_allclose(
                    expected.flatten().numpy(), last.weight[:, unit].numpy(), atol=1e-6
                )
        else:
            code[0, unit] = float(found.typical[unit])
            expected = (model.decode(code) - model.decode(code * 0))[0]
        np.testing.assert_allclose(found.atoms[unit], expected.numpy(), atol=1e-5)
    # a unit's typical activation is one that it takes: never outside of what it does for real images
    assert (np.abs(found.typical) <= np.abs(found.codes).max(0) + 1e-6).all()

    answers = model(floats)
    variance = (floats - floats.mean(0)).square().mean().item()
    expected = 1 - (answers - floats).square().mean().item() / variance
    assert found.explained_variance == pytest.approx(expected, rel=1e-4)
    assert 0 <= found.mean_coherence <= found.coherence <= 1
    told = activity(found.codes, images.test_labels[:40].numpy(), len(images.class_names))
    assert told.active_units == pytest.approx(codes.count_nonzero().item() / 40)
    assert not (told.dead & told.always).any()


def test_a_dead_unit_stands_for_nothing_in_a_deeper_decoder():
    codes = np.array([[0, 2.0, -3], [0, 0, -4]], np.float32)
    np.testing.assert_allclose(typical(codes), [0, 2, -np.sqrt(12.5)], rtol=1e-6)
    model = made(DenseConfig(image_shape=(1, 3, 3), hidden=(4,), code_size=3))
    assert not features.responses(model, typical(codes))[0].any()


def test_images_of_another_shape_are_refused():
    model = made(DenseConfig(image_shape=(1, 8, 8), hidden=(), code_size=3))
    images = pictures(3, (1, 5, 5))
    with pytest.raises(LabError, match="choose images of"):
        look_into(model, Versions(images, images))


def test_a_dictionary_that_was_asked_for_is_the_one_of_the_model():
    heard = []
    asked = answer(Question("dictionary", "zoo-digits-dictionary"), "cpu", lambda *told: heard.append(told))
    found = dictionary.restored(kept(Question("dictionary", "zoo-digits-dictionary")) or asked)
    images = data.load("digits").test_images
    model = runs.load(runs.get("zoo-digits-dictionary"), "cpu")
    expected = look_into(model, Versions(images, images))
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), value)
        assert type(getattr(found, name)) is type(value)
    shares = [share for share, _ in heard]
    assert shares == sorted(shares)
    assert 0 <= shares[0] < shares[-1] < 1


@pytest.mark.parametrize(
    ("recipe", "long"), [("lab-32", False), ("fc-wta", False), ("conv-wta", True), ("lstm-30", True)]
)
def test_what_takes_long_is_known_before(monkeypatch, recipe, long):
    monkeypatch.setattr(estimate, "matrix_rate", lambda _: 5e10)  # two processor cores
    assert dictionary.takes_long(RECIPES[recipe].experiment, "cpu") == long
