"""Reconstructions and their errors: worked examples, naive loops, and promises that every model keeps."""

import math

import numpy as np
import pytest
import torch
from every_model import small_configs
from images import SHAPE, pictures
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn

from aecore.analysis.reconstruction import by_class, errors, extremes, psnr, reconstruct, ssim
from aecore.config import DenseConfig
from aecore.data.batches import pixels
from aecore.errors import LabError
from aecore.losses import IMAGES_AT_ONCE, evaluate
from aecore.models import build
from aecore.models.pca import PCA

SHAPES = [(1, 8, 8), (3, 6, 7), (1, 31, 17)]
EVERY_MODEL = pytest.mark.parametrize(
    "config",
    small_configs(SHAPES, code_size=4),
    ids=lambda config: f"{config.kind}-{'x'.join(map(str, config.image_shape))}",
)


def test_pixels_are_cut_off_at_black_and_white_and_rounded():
    images = torch.zeros(1, 1, 2, 3, dtype=torch.uint8)
    answer = torch.tensor([[-0.2, 0.0, 0.5], [100.4 / 255, 100.6 / 255, 1.7]])
    assert reconstruct(answer.expand_as, images).tolist() == [[[[0, 0, 128], [100, 101, 255]]]]


def test_errors_are_those_worked_by_hand_on_two_by_two_pixels():
    images = torch.tensor([[[[0, 255], [51, 102]]], [[[255, 255], [255, 255]]]], dtype=torch.uint8)
    answer = torch.tensor([[0.5, 1.0], [0.0, 2.0]])  # not cut off at 1: that would hide how wrong it is
    by_hand = [
        (0.5**2 + 0 + 0.2**2 + (2.0 - 0.4) ** 2) / 4,
        (0.5**2 + 0 + 1 + 1) / 4,
    ]
    found = errors(answer.expand_as, images)
    assert found.tolist() == pytest.approx(by_hand)
    assert (found.dtype, found.shape, found.device.type) == (torch.float32, (2,), "cpu")


@EVERY_MODEL
def test_images_come_back_in_batches_as_they_do_one_by_one(config):
    model = build(config.replace(output_activation="identity", weight_std=0.1)).eval()
    images = pictures(IMAGES_AT_ONCE + 3, config.image_shape)
    with torch.no_grad():
        raw = torch.cat([model(pixels(image.unsqueeze(0))) for image in images])
    assert raw.min() < 0
    again, found = reconstruct(model, images), errors(model, images)
    assert again.dtype == torch.uint8
    assert again.shape == images.shape
    # the order of sums may differ by the size of a batch, and so may the side a half is rounded to
    assert (again.double() - 255 * raw.double().clamp(0, 1)).abs().max() <= 0.5 + 1e-2
    naive = [
        ((one.double() - image.double() / 255) ** 2).mean().item()
        for one, image in zip(raw, images, strict=True)
    ]
    assert found.tolist() == pytest.approx(naive, rel=1e-4)
    assert found.mean().item() == pytest.approx(evaluate(model, images), rel=1e-5)


@EVERY_MODEL
def test_no_images_give_no_answers(config):
    none = pictures(0, config.image_shape)
    assert reconstruct(build(config), none).shape == none.shape
    assert errors(build(config), none).shape == (0,)


@EVERY_MODEL
def test_images_of_another_shape_are_refused_in_words(config):
    model = build(config)
    wrong = config.image_shape[:1] + config.image_shape[2:] + config.image_shape[1:2]
    wrong = wrong if wrong != config.image_shape else (4, 4, 4)  # as many pixels
    shape, fits = ("×".join(map(str, each)) for each in (wrong, config.image_shape))
    for measure in (reconstruct, errors):
        with pytest.raises(LabError, match=f"the images are {shape}: choose images of {fits}"):
            measure(model, pictures(2, wrong))
        with pytest.raises(LabError, match=f"the images are {shape}: choose images of {fits}"):
            measure(PCA(pictures(9, config.image_shape), 2), pictures(2, wrong))


def test_analysis_leaves_no_gradients_and_no_changes_behind():
    model = build(DenseConfig(image_shape=SHAPE))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    images = pictures(5)
    kept = images.clone()
    assert not reconstruct(model, images).requires_grad
    assert not errors(model, images).requires_grad
    assert torch.equal(images, kept)
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())
    assert all(weight.grad is None for weight in model.parameters())


def test_a_large_set_is_never_all_floats_at_once():
    seen = []

    class Listens(nn.Module):
        def forward(self, images):
            seen.append(len(images))
            return images

    images = pictures(2 * IMAGES_AT_ONCE + 1)
    assert torch.equal(reconstruct(Listens(), images), images)
    assert errors(Listens(), images).max() == 0
    assert max(seen) <= IMAGES_AT_ONCE
    assert sum(seen) == 2 * len(images)


def test_psnr_is_that_of_scikit_image():
    rng = np.random.default_rng(0)
    original, again = rng.random((2, 9, 9))
    mse = float(((original - again) ** 2).mean())
    assert psnr(mse) == pytest.approx(peak_signal_noise_ratio(original, again, data_range=1))
    assert psnr(0.01) == pytest.approx(20)
    assert psnr(1.0) == 0
    assert type(psnr(0.01)) is float


@pytest.mark.filterwarnings("error")
def test_psnr_of_a_perfect_image_is_infinite():
    assert psnr(0.0) == math.inf
    assert psnr(np.array([0, 1e-4])).tolist() == pytest.approx([math.inf, 40])


def naive_ssim(one, other, window):
    """The paper's formula in plain loops over all windows of one channel."""
    one, other = one.astype(float), other.astype(float)
    constants = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for row in range(one.shape[0] - window + 1):
        for column in range(one.shape[1] - window + 1):
            a, b = (each[row : row + window, column : column + window].ravel() for each in (one, other))
            (var_a, cov), (_, var_b) = np.cov(a, b)
            values.append(
                (2 * a.mean() * b.mean() + constants[0])
                * (2 * cov + constants[1])
                / ((a.mean() ** 2 + b.mean() ** 2 + constants[0]) * (var_a + var_b + constants[1]))
            )
    return np.mean(values)


@pytest.mark.parametrize(
    ("shape", "window"),
    [((1, 28, 28), 7), ((3, 16, 16), 7), ((1, 7, 9), 7), ((2, 6, 9), 5), ((1, 9, 4), 3), ((1, 3, 3), 3)],
)
def test_ssim_is_the_papers_formula_in_windows_that_fit(shape, window):
    originals, answers = pictures(3, shape, seed=1).numpy(), pictures(3, shape, seed=2).numpy()
    found = ssim(originals, answers)
    assert found.shape == (3,)
    for original, answer, value in zip(originals, answers, found, strict=True):
        channels = [naive_ssim(one, other, window) for one, other in zip(original, answer, strict=True)]
        assert value == pytest.approx(np.mean(channels))
        if window == 7:
            plain = structural_similarity(original, answer, channel_axis=0, data_range=255)
            assert value == pytest.approx(plain)


def test_ssim_of_equal_images_is_1_and_of_negatives_far_below():
    images = pictures(4, (1, 28, 28)).numpy()
    assert ssim(images, images).tolist() == pytest.approx([1] * 4)
    assert (ssim(images, 255 - images) < 0.5).all()
    assert ssim(images[:0], images[:0]).shape == (0,)


def test_where_no_window_fits_ssim_says_so():
    assert np.isnan(ssim(*np.zeros((2, 5, 1, 2, 9), np.uint8))).tolist() == [True] * 5


def test_errors_class_by_class_are_those_of_plain_python():
    rng = np.random.default_rng(3)
    values, labels = rng.random(200).astype(np.float32), rng.integers(0, 3, 200)
    labels[labels == 1] = 3
    found = by_class(torch.from_numpy(values), torch.from_numpy(labels), ("zero", "one", "two", "three"))
    assert [each.name for each in found] == ["zero", "two", "three"]  # class "one" has no images
    for each, label in zip(found, (0, 2, 3), strict=True):
        own = sorted(float(value) for value, its in zip(values, labels, strict=True) if its == label)
        assert each.count == len(own)
        assert each.mean == pytest.approx(sum(own) / len(own))
        assert each.low == pytest.approx(between(own, 0.1))
        assert each.high == pytest.approx(between(own, 0.9))
    assert by_class(values, labels, ("zero", "one", "two", "three")) == found


def between(ordered, share):
    """The value below which `share` lies, by linear interpolation."""
    place = share * (len(ordered) - 1)
    low = int(place)
    return ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])


def test_best_and_worst_come_in_order_and_ties_in_the_order_of_the_images():
    values = torch.tensor([0.3, 0.1, 0.9, 0.1, 0.9, 0.5])
    best, worst = extremes(values, 3)
    assert best.tolist() == [1, 3, 0]
    assert worst.tolist() == [2, 4, 5]
    best, worst = extremes(values.numpy(), 100)
    assert best.tolist() == [1, 3, 0, 5, 2, 4]
    assert worst.tolist() == [2, 4, 5, 0, 1, 3]
    assert [part.tolist() for part in extremes(values, 0)] == [[], []]
