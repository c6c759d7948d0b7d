"""A model beside PCA and the mean image: the figures of naive loops, on its own and on foreign images."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from images import experiment, image_set, pictures
from skimage.metrics import structural_similarity
from sklearn.decomposition import PCA as SklearnPCA
from tiny_runs import trained

from aecore import runs
from aecore.analysis.comparison import SAMPLE, compare, fit_baselines, split, splits, versions
from aecore.config import DataConfig
from aecore.data.batches import hold_out
from aecore.errors import LabError
from aecore.models import build

IMAGES = image_set()


def flat(images):
    return images.flatten(1).double().numpy() / 255


def test_the_three_errors_are_those_of_naive_answers():
    settings = experiment(code_size=2)
    model = build(settings.model, seed=3).eval()
    found = compare(model, fit_baselines(settings, IMAGES), IMAGES.test_images, IMAGES.test_images)

    train_images, held_out = hold_out(IMAGES.train_images, settings.data)
    assert len(held_out) > 0
    wanted = flat(IMAGES.test_images)
    with torch.no_grad():
        by_model = model(IMAGES.test_images / 255).flatten(1).numpy()
    sklearn = SklearnPCA(2).fit(flat(train_images))
    by_pca = sklearn.inverse_transform(sklearn.transform(wanted))
    by_mean = flat(train_images).mean(0)
    for quality, answer in ((found.model, by_model), (found.pca, by_pca), (found.mean_image, by_mean)):
        naive = ((answer - wanted) ** 2).mean(1)
        assert quality.errors == pytest.approx(naive, rel=1e-4, abs=1e-7)
        assert quality.errors.dtype == np.float32
        assert quality.mse == pytest.approx(naive.mean(), rel=1e-5)
        assert quality.psnr == pytest.approx(-10 * np.log10(naive.mean()))
        rounded = (np.broadcast_to(answer, wanted.shape).clip(0, 1) * 255).round().astype(np.uint8)
        similar = [
            structural_similarity(image.numpy(), again.reshape(1, 8, 8), channel_axis=0, data_range=255)
            for image, again in zip(IMAGES.test_images, rounded, strict=True)
        ]
        assert quality.ssim == pytest.approx(similar, abs=1e-2)  # a half may be rounded to either side
        assert quality.mean_ssim == pytest.approx(np.mean(similar), abs=1e-2)


@pytest.mark.usefixtures("tiny_digits")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"noise": "masking", "noise_level": 0.4},
        {"input_transform": "half"},
        {"target_transform": "hole"},
        {"active": 2},
    ],
    ids=str,
)
def test_a_finished_run_is_judged_as_its_own_record_says(settings):
    run = trained(**settings)
    found = compare(
        runs.load(run, "cpu"),
        fit_baselines(run.experiment, IMAGES),
        *versions(IMAGES.test_images, run.experiment.data),
    )
    assert found.model.mse == pytest.approx(run.result.test_mse, rel=1e-5)
    assert found.pca.mse == pytest.approx(run.result.pca_mse, rel=1e-4)
    assert found.mean_image.mse == pytest.approx(run.result.mean_image_mse, rel=1e-5)


@pytest.mark.usefixtures("tiny_digits")
def test_where_pca_would_copy_the_image_it_is_no_yardstick():
    run = trained(code_size=64)
    found = compare(
        runs.load(run, "cpu"), fit_baselines(run.experiment, IMAGES), IMAGES.test_images, IMAGES.test_images
    )
    assert found.pca is run.result.pca_mse is run.result.gain_over_pca is None
    assert found.mean_image.mse == pytest.approx(run.result.mean_image_mse, rel=1e-5)


def test_pca_beside_a_sparse_code_has_as_many_numbers_as_are_active():
    settings = experiment(code_size=12, active=2)
    found = fit_baselines(settings, IMAGES)
    assert len(found.pca.components) == 2


def test_versions_are_what_training_shows_and_asks_for():
    images = pictures(30)
    plain = DataConfig(dataset="digits")
    assert versions(images, plain) == (images, images)
    inputs, targets = versions(images, plain.replace(noise="masking", target_transform="hole"))
    assert 0.4 < (inputs == 0).float().mean() < 0.6
    assert torch.equal(inputs[inputs > 0], images[inputs > 0])
    assert targets[:, :, 2:6, 2:6].eq(0).all()
    assert torch.equal(targets[:, :, :2], images[:, :, :2])


def test_ssim_is_measured_on_an_evenly_spread_sample():
    settings = experiment()
    model, baselines = build(settings.model).eval(), fit_baselines(settings, IMAGES)
    few = compare(model, baselines, pictures(7), pictures(7))
    assert few.sample.tolist() == list(range(7))
    images = pictures(3 * SAMPLE + 1)
    many = compare(model, baselines, images, images)
    assert many.sample[[0, -1]].tolist() == [0, len(images) - 1]
    assert set(np.diff(many.sample)) <= {3, 4}
    assert len(many.sample) == len(many.model.ssim) == len(many.pca.ssim) == SAMPLE
    sampled = images[many.sample.tolist()]
    alone = compare(model, baselines, sampled, sampled)
    assert many.model.ssim == pytest.approx(alone.model.ssim, abs=1e-2)


def test_one_image_is_enough():
    settings = experiment()
    image = IMAGES.test_images[:1]
    one = compare(build(settings.model).eval(), fit_baselines(settings, IMAGES), image, image)
    assert one.sample.tolist() == [0]
    assert one.model.errors.shape == (1,)


def test_foreign_images_are_judged_by_the_runs_own_pca():
    settings = experiment(code_size=2)
    foreign = replace(IMAGES, name="clothes", test_images=255 - IMAGES.test_images)
    strange, _ = split(foreign, "test", settings.data)
    found = compare(build(settings.model).eval(), fit_baselines(settings, IMAGES), strange, strange)
    sklearn = SklearnPCA(2).fit(flat(hold_out(IMAGES.train_images, settings.data)[0]))
    wanted = flat(foreign.test_images)
    naive = ((sklearn.inverse_transform(sklearn.transform(wanted)) - wanted) ** 2).mean(1)
    assert found.pca.errors == pytest.approx(naive, rel=1e-4)


def test_foreign_images_of_another_shape_are_refused():
    settings = experiment()
    with pytest.raises(LabError, match="the images are 3×16×16: choose images of 1×8×8"):
        wide = pictures(2, (3, 16, 16))
        compare(build(settings.model).eval(), fit_baselines(settings, IMAGES), wide, wide)


def test_the_parts_of_a_data_set_are_those_the_training_had():
    data = DataConfig(dataset="digits", train_count=40, validation_share=0.25, split_seed=5)
    assert splits(IMAGES, data) == ["test", "validation", "train"]
    images, labels = split(IMAGES, "test", data)
    assert torch.equal(images, IMAGES.test_images)
    assert torch.equal(labels, IMAGES.test_labels)
    train_images, validation_images = hold_out(IMAGES.train_images, data)
    for part, expected, count in (("train", train_images, 30), ("validation", validation_images, 10)):
        images, labels = split(IMAGES, part, data)
        assert torch.equal(images, expected)
        assert len(images) == len(labels) == count
        for image, label in zip(images, labels, strict=True):
            at = (IMAGES.train_images == image).flatten(1).all(1)
            assert label in IMAGES.train_labels[at]


def test_of_a_foreign_data_set_nothing_was_held_out():
    foreign = replace(IMAGES, name="clothes")
    data = DataConfig(dataset="digits", train_count=50_000)  # more than the foreign set has
    assert splits(foreign, data) == ["test", "train"]
    assert torch.equal(split(foreign, "train", data)[0], IMAGES.train_images)
    with pytest.raises(LabError, match="clothes has no validation images.*: choose test or train"):
        split(foreign, "validation", data)
    assert splits(IMAGES, DataConfig(dataset="digits", validation_share=0)) == ["test", "train"]
