"""New pictures of every kind of model, whether they are copies, and how good they are."""

from functools import cache

import numpy as np
import pytest
import torch
from every_model import small_config
from threadpoolctl import threadpool_limits

from aecore import data, runs
from aecore.analysis import density, fidelity, generation, judge
from aecore.analysis.copies import nearest_to_each, usual_distances
from aecore.analysis.density import draw, gaussian, mixture, standard
from aecore.analysis.fidelity import ROWS
from aecore.analysis.generation import axes_in, density_of_run, sampled, statistics
from aecore.analysis.learnt import Learnt, learnt
from aecore.analysis.questions import Question, answer
from aecore.config import MODEL_CONFIGS, Experiment
from aecore.data import ImageSet
from aecore.errors import LabError
from aecore.models import build
from aecore.recipes import RECIPES
from aecore.runs.execution import create

COUNT = 60
loaded = cache(data.load)


@pytest.fixture(autouse=True)
def one_thread():
    """What is computed here is small: two threads, beside other work, took four times as long."""
    with threadpool_limits(1):
        yield


@cache
def case(kind: str, dataset: str):
    """A model that was never trained, and what it makes of some training images."""
    images = loaded(dataset)
    model = build(small_config(kind, images.image_shape, 6), seed=1).eval().requires_grad_(False)
    pictures = images.train_images[:COUNT]
    seen = Learnt(pictures, pictures, images.train_labels[:COUNT].numpy())
    return model, seen, statistics(model, seen, len(images.class_names))


EVERY = pytest.mark.parametrize(
    ("kind", "dataset"), [(kind, dataset) for kind in MODEL_CONFIGS for dataset in ("digits", "patches")]
)


@EVERY
def test_statistics_are_those_of_one_image_after_the_other(kind, dataset):
    model, seen, told = case(kind, dataset)
    codes = np.stack([model.encode(each[None] / 255)[0].numpy() for each in seen.inputs])
    np.testing.assert_allclose(told["mean"], codes.mean(0), atol=1e-4)
    np.testing.assert_allclose(told["spread"], codes.std(0), atol=1e-4)
    label = int(seen.labels[0])
    own = seen.labels == label
    np.testing.assert_allclose(told["class_codes"][label], codes[own].mean(0), atol=1e-4)
    average = seen.targets[torch.from_numpy(own)].double().mean(0) / 255
    np.testing.assert_allclose(told["class_pictures"][label], average, atol=1e-5)
    absent = set(range(len(told["class_codes"]))) - {*seen.labels.tolist()}
    assert all(np.isnan(told["class_codes"][label]).all() for label in absent)
    width = np.linalg.svd(codes - codes.mean(0), compute_uv=False)[0] / np.sqrt(COUNT - 1)
    if len(told["scales"]):
        assert told["scales"][0] == pytest.approx(width, rel=1e-2)


@EVERY
@pytest.mark.parametrize("of", ["normal", "gaussian", "mixture"])
def test_samples_are_what_the_decoder_makes_of_the_codes_drawn(kind, dataset, of):
    model, seen, told = case(kind, dataset)
    axes = axes_in(told)
    found = (
        standard(model.config.code_size)
        if of == "normal"
        else gaussian(axes)
        if of == "gaussian"
        else mixture(model.encode(seen.inputs / 255).numpy(), axes)
    )
    codes, pictures = sampled(model, found, 4, seed=2)
    np.testing.assert_array_equal(codes, model.sparse(torch.from_numpy(draw(found, 4, 2))).numpy())
    decoded = np.stack([model.decode(torch.from_numpy(code)[None])[0].numpy() for code in codes])
    np.testing.assert_allclose(pictures, np.round(np.clip(decoded, 0, 1) * 255), atol=1)
    assert pictures.shape == (4, *model.config.image_shape)
    if of != "normal":
        assert codes.min() >= axes.limits[0] - 1e-6


def test_a_sample_has_no_more_active_units_than_a_code():
    run = runs.get("zoo-digits-dictionary")
    model = runs.load(run, "cpu")
    for kind in ("normal", "gaussian", "mixture"):
        codes, _ = sampled(model, density_of_run(run.id, kind, "cpu"), 20, 0)
        assert ((codes != 0).sum(1) <= run.experiment.model.active_count).all()


def test_the_nearest_are_those_of_a_plain_loop(monkeypatch):
    monkeypatch.setattr("aecore.analysis.copies.AT_ONCE", 7)
    drawn = np.random.default_rng(0)
    gallery = drawn.integers(0, 256, (40, 3, 5, 4), dtype=np.uint8)
    asked = np.concatenate([drawn.integers(0, 256, (6, 3, 5, 4), dtype=np.uint8), gallery[[31, 4]]])
    gallery[35] = gallery[31]  # of two equal ones it is the first
    found, distances = nearest_to_each(asked, torch.from_numpy(gallery))
    for picture, index, distance in zip(asked, found, distances, strict=True):
        each = [np.linalg.norm((picture.astype(float) - other) / 255) for other in gallery]
        assert index == int(np.argmin(each))
        assert distance == pytest.approx(min(each), abs=1e-12)
    assert distances[-2:].tolist() == [0, 0]
    assert found[-2:].tolist() == [31, 4]


def test_what_distance_is_usual_is_that_of_test_pictures_and_of_those_redrawn():
    run = runs.get("zoo-digits-32")
    model, images = runs.load(run, "cpu"), loaded("digits")
    gallery = learnt(run, images, "cpu").targets
    test = learnt(run, images, "cpu", "test", 20)
    fresh, redrawn = usual_distances(model, test, gallery)
    floats = gallery.flatten(1).numpy() / 255
    own = test.targets[3].numpy() / 255
    assert fresh[3] == pytest.approx(np.linalg.norm(floats - own.ravel(), axis=1).min(), rel=1e-5)
    again = (model(test.inputs[3:4] / 255).clamp(0, 1) * 255).round().numpy() / 255
    assert redrawn[3] == pytest.approx(np.linalg.norm(floats - again.ravel(), axis=1).min(), rel=1e-2)


def test_what_was_learnt_is_without_noise_held_out_pictures_and_other_classes():
    images = loaded("digits")
    denoiser = learnt(runs.get("zoo-digits-denoiser"), images, "cpu")
    assert denoiser.inputs.equal(denoiser.targets)
    assert len(denoiser.labels) < len(images.train_labels)
    threes = learnt(runs.get("zoo-digits-threes"), images, "cpu", "test")
    assert {*threes.labels.tolist()} == {3}
    some = learnt(runs.get("zoo-digits-32"), images, "cpu", most=17)
    assert len(some.inputs) == len(some.labels) == 17


def test_a_density_of_a_run_is_fitted_once_and_kept(monkeypatch):
    found = density_of_run("zoo-digits-2", "mixture", "cpu")
    monkeypatch.setattr(generation, "mixture", None)  # it would fail
    again = density_of_run("zoo-digits-2", "mixture", "cpu")
    np.testing.assert_array_equal(draw(found, 9, 1), draw(again, 9, 1))
    assert found.components > 1
    told = answer(Question("code-statistics", "zoo-digits-2"), "cpu")
    drawn = draw(density_of_run("zoo-digits-2", "gaussian", "cpu"), 20_000, 0)
    np.testing.assert_allclose(drawn.std(0), told["spread"], rtol=0.05)
    with pytest.raises(LabError, match="choose normal, gaussian, mixture"):
        density_of_run("zoo-digits-2", "flow", "cpu")


@pytest.fixture
def small(monkeypatch):
    """Figures of few pictures, by a judge that has hardly learnt."""
    monkeypatch.setattr(judge, "STEPS", 60)
    monkeypatch.setattr(fidelity, "FEWEST", 200)
    monkeypatch.setattr(fidelity, "MOST", 200)


@pytest.mark.usefixtures("small")
def test_a_fitted_mixture_beats_the_standard_normal_on_a_plain_autoencoder():
    found = answer(Question("generation", "zoo-digits-32"), "cpu")
    distance = dict(zip(ROWS, found["distance"], strict=True))
    assert distance["mixture"].max() < distance["gaussian"].min() < distance["normal"].min()
    assert distance["training"].max() < distance["gaussian"].min()
    assert distance["redrawn"].max() < distance["gaussian"].min()
    assert max(distance["normal"]) < distance["mean"][0]
    assert distance["mean"][0] == distance["mean"][2]
    assert np.ptp(distance["mixture"]) > 0  # another draw is another figure
    assert found["count"] == found["judged"] == [200]
    assert 0.3 < found["accuracy"][0] < 1


@pytest.mark.usefixtures("small")
@EVERY
def test_every_model_is_judged_on_pictures_of_its_own_kind(kind, dataset, monkeypatch):
    monkeypatch.setattr(judge, "STEPS", 3)
    images = loaded(dataset)
    few = ImageSet(
        dataset,
        images.train_images[:60],
        images.train_labels[:60],
        images.test_images[:60],
        images.test_labels[:60],
        images.class_names,
    )
    model = build(small_config(kind, images.image_shape, 6), seed=1).eval().requires_grad_(False)
    run = create(Experiment(model=model.config).with_settings({"dataset": dataset}))
    monkeypatch.setattr(fidelity, "FEWEST", 50)
    monkeypatch.setattr(density, "CANDIDATES", ((1, "full"), (2, "diag")))
    found = fidelity.measured(run, model, few, seeds=(0,))
    assert found["distance"].shape == (len(ROWS), 1)
    distance = dict(zip(ROWS, found["distance"], strict=True))
    assert np.isnan(distance.pop("pca")).all() == (model.config.pca_size is None)
    assert all(np.isfinite(row).all() for row in distance.values())


def test_a_model_that_colours_draws_what_it_was_asked_for():
    run = create(RECIPES["colourise"].experiment)
    images = loaded("patches")
    seen = learnt(run, images, "cpu", most=30)
    assert not seen.inputs.equal(seen.targets)
    assert seen.inputs[:, 0].equal(seen.inputs[:, 1])  # grey in, colour out
    model = build(run.experiment.model).eval().requires_grad_(False)
    told = statistics(model, seen, 2)
    average = seen.targets[torch.from_numpy(seen.labels == 0)].double().mean(0) / 255
    np.testing.assert_allclose(told["class_pictures"][0], average, atol=1e-5)
