"""What a training is said to cost: counted by hand, beside real trainings, and where it must grow."""

import math

import pytest
import torch
from every_model import small_config
from images import SHAPE, image_set
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from aecore.analysis import estimate as estimates
from aecore.analysis.estimate import estimate
from aecore.analysis.speed import SMALL, SMALL_BATCH, matrix_rate, small_step
from aecore.config import MODEL_CONFIGS, ConvConfig, DenseConfig, Experiment
from aecore.data.batches import hold_out
from aecore.models import build, training_memory
from aecore.recipes import RECIPES
from aecore.settings import SettingsError

EPYC_RATE = 92e9
"""Of `matrix_rate` on the two cores on which the figures of the README were measured."""

SHAPES = [(1, 8, 8), (3, 16, 16), (1, 31, 17)]


@pytest.fixture
def epyc(monkeypatch):
    monkeypatch.setattr(estimates, "matrix_rate", lambda _device: EPYC_RATE)
    monkeypatch.setattr(estimates, "_slowness", lambda _device: 1.0)


def test_multiply_adds_of_a_dense_network_are_its_weights_without_biases():
    config = DenseConfig(image_shape=(3, 16, 16), hidden=(100, 50), code_size=7)
    found = estimate(Experiment(model=config), "cpu")
    weights = 2 * (768 * 100 + 100 * 50 + 50 * 7)
    assert found.multiply_adds == weights
    assert found.parameters == weights + 100 + 50 + 7 + 50 + 100 + 768


def test_multiply_adds_of_a_convolutional_network_worked_by_hand():
    config = ConvConfig(image_shape=(1, 28, 28), channels=(32, 64), code_size=9)
    there = 14 * 14 * 32 * 9 + 7 * 7 * 64 * 32 * 9 + 7 * 7 * 64 * 9
    back = 9 * 7 * 7 * 64 + 7 * 7 * 64 * 32 * 9 + 14 * 14 * 32 * 9
    assert estimate(Experiment(model=config), "cpu").multiply_adds == there + back


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_work_there_and_back_is_what_pytorch_counts_on_a_real_batch(kind, shape):
    config = small_config(kind, shape, code_size=5)
    model, batch = build(config), torch.rand(6, *shape)
    with torch.backends.mkldnn.flags(enabled=False):  # whose recurrent layer is not counted
        with FlopCounterMode(display=False) as forward:
            model(batch)
        with FlopCounterMode(display=False) as both:
            F.mse_loss(model(batch), batch).backward()
    work = estimates._work(config)
    assert work.forward * 2 * len(batch) == forward.get_total_flops()
    assert work.training * 2 * len(batch) == both.get_total_flops()
    assert work.parameters == sum(weight.numel() for weight in model.parameters())
    assert work.tensors == len(list(model.parameters()))


@pytest.mark.usefixtures("epyc")
@pytest.mark.parametrize(
    ("recipe", "dataset", "epochs", "measured"),
    [
        # what the README and benchmarks/README.md say of the same machine, in seconds
        ("lab-32", "mnist", None, 58),
        ("lab-32", "fashion-mnist", None, 52),
        ("lab-32", "digits", None, 29),
        ("gfg-9", "mnist", 1, 1.79),
    ],
)
def test_real_trainings_took_about_as_long(recipe, dataset, epochs, measured):
    experiment = RECIPES[recipe].on(dataset)
    if epochs:
        experiment = experiment.with_settings({"epochs": epochs})
    assert 1 / 1.5 < estimate(experiment, "cpu").seconds / measured < 1.5


@pytest.mark.usefixtures("epyc")
def test_a_batch_of_256_takes_the_tutorials_network_as_long_as_the_benchmark_says():
    experiment = RECIPES["gfg-9"].experiment.with_settings({"epochs": 1, "batch_size": 256})
    assert 1 / 1.5 < estimate(experiment, "cpu").seconds / 0.70 < 1.5


@pytest.mark.usefixtures("epyc")
def test_time_grows_with_epochs_images_and_weights_and_shrinks_with_the_batch():
    def seconds(**settings):
        return estimate(Experiment().with_settings(settings), "cpu").seconds

    assert seconds(epochs=40) == pytest.approx(2 * seconds(epochs=20))
    assert seconds(train_count=30_000) == pytest.approx(seconds() / 2, rel=0.01)
    assert seconds(hidden=(1_024,)) > 1.5 * seconds()
    assert seconds(batch_size=32) > seconds(batch_size=64) > seconds(batch_size=1_024)
    assert seconds(validation_share=0) > seconds() > 0.9 * seconds(validation_share=0)  # back costs twice


@pytest.mark.usefixtures("epyc")
def test_images_left_over_take_a_step_of_their_own():
    hundred = Experiment().with_settings({"validation_share": 0, "batch_size": 100})
    full, begun, more = (
        estimate(hundred.with_settings({"train_count": count}), "cpu").seconds
        for count in (1_100, 1_101, 1_102)
    )
    assert begun - full > 10 * (more - begun) > 0


@pytest.mark.usefixtures("tiny_digits")
@pytest.mark.parametrize("settings", [{"validation_share": 0}, {"train_count": 30}, {}])
def test_memory_holds_the_images_as_they_are_stored_while_training(settings):
    images = image_set()
    experiment = Experiment(model=DenseConfig(image_shape=SHAPE)).with_settings(
        {"dataset": "digits", **settings}
    )
    parts = hold_out(images.train_images, experiment.data)
    held = {
        part.data_ptr(): part.nbytes
        for part in (images.train_images, images.test_images, *parts)
        if part.nbytes
    }
    expected = training_memory(experiment.model, experiment.train.batch_size) + sum(held.values())
    assert estimate(experiment, "cpu").memory == expected


def test_more_images_than_there_are_cannot_be_estimated():
    experiment = Experiment().with_settings({"train_count": 60_001})
    with pytest.raises(SettingsError, match="train_count is 60,001: choose 10 to 60,000"):
        estimate(experiment, "cpu")


def test_the_largest_layers_take_no_memory_to_estimate():
    found = estimate(Experiment(model=DenseConfig(hidden=(65_536, 65_536))), "cpu")
    assert found.memory > 4 * 4 * found.parameters > 100e9
    assert math.isfinite(found.seconds)


def test_the_rate_grows_with_the_threads_pytorch_uses():
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = matrix_rate("cpu")
        torch.set_num_threads(2)
        assert matrix_rate("cpu") == 2 * one
    finally:
        torch.set_num_threads(threads)
    assert 1e8 < one < 1e13


def test_a_slower_machine_takes_longer_for_all_but_the_products(monkeypatch):
    experiment = RECIPES["lab-32"].on("mnist")
    work = estimates._work(experiment.model)

    def seconds(of_a_small_step):
        monkeypatch.setattr(estimates, "small_step", lambda _device: of_a_small_step)
        return estimate(experiment, "cpu").seconds

    nothing, some, twice = seconds(0.0), seconds(1e-3), seconds(2e-3)
    products = 55_000 * work.training + 5_000 * work.forward
    assert nothing == pytest.approx(experiment.epochs * products / matrix_rate("cpu"))
    small = SMALL_BATCH * estimates._work(SMALL).training / matrix_rate("cpu")  # a small step's own products
    assert (twice - nothing) / (some - nothing) == pytest.approx((2e-3 - small) / (1e-3 - small))


def test_a_small_step_is_the_fastest_so_far():
    first = small_step("cpu")
    assert 0 < small_step("cpu") <= first


@pytest.mark.skipif(not torch.accelerator.is_available(), reason="there is no accelerator")
def test_an_accelerator_has_a_rate_too():
    device = str(torch.accelerator.current_accelerator())
    assert matrix_rate(device) > 1e10
    assert 0 < small_step(device) < 1
