"""Noise put on and taken out: by hand, by naive loops, and against what must hold of any model or filter."""

import numpy as np
import pytest
import torch
from every_model import small_config
from images import experiment, pictures
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle
from tiny_runs import IMAGES

from aecore import data, runs
from aecore.analysis import denoising, filters
from aecore.analysis.filters import FILTERS
from aecore.analysis.questions import to_nobody
from aecore.config import MODEL_CONFIGS
from aecore.data.noise import NOISES
from aecore.runs.execution import create, execute

SHAPES = [(1, 8, 8), (3, 9, 7)]


def images(shape=(1, 8, 8), count=4):
    return pictures(count, shape).float() / 255


def test_psnr_of_one_wrong_pixel():
    originals = torch.zeros(1, 1, 2, 2)
    answers = torch.tensor([[[[0.2, 0.0], [0.0, 0.0]]]])
    assert denoising.quality(originals, answers) == pytest.approx(10 * np.log10(4 / 0.04), rel=1e-6)
    answers[0, 0, 1, 1] = -3  # black all the same
    assert denoising.quality(originals, answers) == pytest.approx(20, rel=1e-6)


@pytest.mark.parametrize("noise", NOISES)
def test_the_same_seed_draws_the_same_noise_and_it_grows_with_its_level(noise):
    clean = images(count=50)
    once = denoising.with_noise(clean, noise, 0.5, seed=3)
    assert once.equal(denoising.with_noise(clean, noise, 0.5, seed=3))
    assert not once.equal(denoising.with_noise(clean, noise, 0.5, seed=4))
    assert once.min() >= 0
    assert once.max() <= 1
    before = [
        denoising.quality(clean, denoising.with_noise(clean, noise, level, seed=0)).mean()
        for level in denoising.LEVELS[noise]
    ]
    assert before == sorted(before, reverse=True)


def test_a_curve_of_what_gives_the_original_back_and_of_what_changes_nothing():
    clean = images(count=20)
    nothing = denoising.curve(lambda shown: shown, clean, "gaussian", 0, to_nobody, "")
    np.testing.assert_allclose(nothing["psnr"], nothing["noisy"])
    assert (nothing["low"] <= nothing["psnr"]).all()
    assert (nothing["psnr"] <= nothing["high"]).all()
    grey = denoising.curve(lambda _: torch.full_like(clean, 0.5), clean, "gaussian", 0, to_nobody, "")
    by_hand = [10 * np.log10(1 / ((image - 0.5) ** 2).mean()) for image in clean.double().numpy()]
    np.testing.assert_allclose(grey["psnr"], np.mean(by_hand), rtol=1e-6)
    np.testing.assert_allclose(grey["high"], np.percentile(by_hand, 90), rtol=1e-6)


@pytest.mark.usefixtures("tiny_digits")
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_a_curve_of_every_kind_of_model_is_that_of_a_loop_over_images(kind, monkeypatch):
    model = small_config(kind, (1, 8, 8), 3)
    run = create(experiment(noise="masking", noise_level=0.3, epochs=1).replace(model=model))
    list(execute(run, IMAGES, "cpu"))
    monkeypatch.setattr(data, "load", lambda _: IMAGES)
    heard = []
    found = denoising.by_level(run.id, "cpu", lambda share, _: heard.append(share), noise="masking", seed=5)
    model = runs.load(run, "cpu")
    clean = IMAGES.test_images.float() / 255
    level = 3
    shown = denoising.with_noise(clean, "masking", denoising.LEVELS["masking"][level], seed=5)
    expected = []
    for image, noisy in zip(clean, shown, strict=True):
        with torch.no_grad():
            back = model(noisy[None])[0].clamp(0, 1)
        expected.append(10 * np.log10(1 / ((back - image).double() ** 2).mean().item()))
    assert found["psnr"][level] == pytest.approx(np.mean(expected), rel=1e-4)
    assert heard == [pytest.approx(index / 9) for index in range(9)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_median_and_the_gaussian_are_those_of_a_loop(shape):
    shown = images(shape)
    median = filters.restore("median", shown, 3).numpy()
    wide = np.pad(shown.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    gaussian = filters.restore("gaussian", shown, 0.8).numpy()
    reach = int(4 * 0.8 + 0.5)
    wider = np.pad(shown.numpy(), ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / 0.8) ** 2)
    weights = np.outer(weights, weights) / np.outer(weights, weights).sum()
    for index in np.ndindex(shown.shape):
        n, c, y, x = index
        assert median[index] == pytest.approx(np.median(wide[n, c, y : y + 3, x : x + 3]), abs=1e-6)
        around = wider[n, c, y : y + 2 * reach + 1, x : x + 2 * reach + 1]
        assert gaussian[index] == pytest.approx((weights * around).sum(), abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_others_are_the_librarys_on_each_image_with_its_channels_last(shape):
    shown = images(shape)
    for image, varied, alike in zip(
        shown.numpy().transpose(0, 2, 3, 1),
        filters.restore("total variation", shown, 0.2).numpy(),
        filters.restore("non-local means", shown, 0.2).numpy(),
        strict=True,
    ):
        expected = denoise_tv_chambolle(image, weight=0.2, channel_axis=-1)
        np.testing.assert_allclose(varied.transpose(1, 2, 0), expected, atol=1e-5)
        expected = denoise_nl_means(image, patch_size=5, patch_distance=6, h=0.2, channel_axis=-1).reshape(
            image.shape
        )
        np.testing.assert_allclose(alike.transpose(1, 2, 0), expected, atol=1e-5)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_tuned_on_training_images_and_helps_there(name):
    strength = filters.tuned(name, "digits", "gaussian", 0.3)
    assert strength in FILTERS[name][1]
    clean = data.load("digits").train_images[: filters.TUNING_COUNT].float() / 255
    shown = denoising.with_noise(clean, "gaussian", 0.3, seed=1)
    after = denoising.quality(clean, filters.restore(name, shown, strength)).mean()
    assert after > denoising.quality(clean, shown).mean()
    others = [
        denoising.quality(clean, filters.restore(name, shown, other)).mean() for other in FILTERS[name][1]
    ]
    assert after == max(others)


def test_a_filters_curve_has_its_strengths(monkeypatch):
    monkeypatch.setitem(denoising.LEVELS, "gaussian", (0.1, 0.4))
    found = filters.by_level("digits", "cpu", to_nobody, name="gaussian", noise="gaussian")
    assert found["strength"].tolist() == [
        filters.tuned("gaussian", "digits", "gaussian", level) for level in (0.1, 0.4)
    ]
    assert found["psnr"][1] > found["noisy"][1]
