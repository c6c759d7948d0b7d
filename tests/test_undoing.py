"""What needs no model, beside its libraries, one image at a time."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from images import experiment, pictures
from skimage.restoration import inpaint_biharmonic
from transforming import SHAPES, beside, colour, images

from aecore import data
from aecore.analysis.comparison import versions
from aecore.analysis.transformation import (
    baseline_of,
)
from aecore.analysis.undoing import Baseline, enlarged, inpainted, lost, tint
from aecore.config import DataConfig
from aecore.data.transforms import TRANSFORMS


@pytest.mark.parametrize("shape", SHAPES)
def test_holes_are_filled_as_by_scikit_image_one_image_at_a_time(shape):
    holed = TRANSFORMS["hole"](images(shape))
    mask = np.zeros(shape[1:], bool)
    top, left = shape[1] // 4, shape[2] // 4
    mask[top : top + shape[1] // 2, left : left + shape[2] // 2] = True
    np.testing.assert_array_equal(lost(holed.shape).numpy(), mask)
    filled = inpainted(holed, lost(holed.shape)).numpy()
    for image, found in zip(holed.numpy(), filled, strict=True):
        expected = [inpaint_biharmonic(channel, mask) for channel in image]
        np.testing.assert_allclose(found, np.clip(expected, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(filled[..., ~mask], holed.numpy()[..., ~mask])


def test_an_image_too_small_for_a_hole_is_left_alone():
    line = images((1, 1, 9))
    assert inpainted(line, lost(line.shape)).equal(line)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_squares_become_smooth_as_by_pytorch_one_image_at_a_time(shape, factor):
    coarse = TRANSFORMS["half" if factor == 2 else "quarter"](images(shape))
    found = enlarged(coarse, factor)
    for image, smooth in zip(coarse, found, strict=True):
        rows, columns = range(0, shape[1], factor), range(0, shape[2], factor)
        small = torch.tensor([[[channel[y, x] for x in columns] for y in rows] for channel in image])
        size = (factor * len(rows), factor * len(columns))
        expected = F.interpolate(small[None], size=size, mode="bicubic")[0, :, : shape[1], : shape[2]]
        torch.testing.assert_close(smooth, expected.clamp(0, 1), atol=1e-6, rtol=0)


def test_mean_colour_beside_plain_arithmetic():
    shown = data.load("patches").train_images[:200]
    colours = shown.numpy().astype(float) / 255
    luma = 0.299 * colours[:, 0] + 0.587 * colours[:, 1] + 0.114 * colours[:, 2]
    means = [(colours[:, channel] - luma).mean() for channel in range(3)]
    np.testing.assert_allclose(tint(shown).numpy(), means, atol=1e-5)
    config = DataConfig(dataset="patches", input_transform="grey")
    answers = Baseline(config, tint(shown))(TRANSFORMS["grey"](shown / 255)).numpy()
    for channel in range(3):
        np.testing.assert_allclose(answers[:, channel], np.clip(luma + means[channel], 0, 1), atol=1e-5)


def test_the_tint_is_that_of_the_images_trained_on():
    own = colour(input_transform="grey", train_count=60)
    shown = data.load("patches")
    generator = torch.Generator().manual_seed(own.data.split_seed)
    order = torch.randperm(len(shown.train_images), generator=generator)[:60]
    kept = shown.train_images[order[round(60 * own.data.validation_share) :]]
    torch.testing.assert_close(baseline_of(own, shown).tint, tint(kept))


@pytest.mark.parametrize("asked", ["grey", "half", "quarter"])
def test_what_is_computed_from_the_whole_image_is_exact(asked):
    both = versions(pictures(5, (3, 17, 13)), beside(asked=asked).data)
    answers = beside(asked=asked)(both.inputs / 255).mul(255).round().to(torch.uint8)
    assert beside(asked=asked).exact
    assert answers.equal(both.targets)


@pytest.mark.parametrize(
    ("seen", "asked", "name", "exact"),
    [
        ("grey", "none", "mean colour", False),
        ("half", "none", "bicubic", False),
        ("quarter", "grey", "bicubic, then luma formula", False),
        ("hole", "none", "biharmonic inpainting", False),
        ("none", "grey", "luma formula", True),
        ("none", "half", "box downsampling", True),
    ],
)
def test_every_task_has_one_baseline(seen, asked, name, exact):
    found = beside(seen, asked)
    assert (found.name, found.exact) == (name, exact)
    shown = TRANSFORMS[seen](images())
    expected = TRANSFORMS[asked](found.undone(shown, lost(shown.shape)))
    torch.testing.assert_close(found(shown), expected)


@pytest.mark.parametrize("seen", TRANSFORMS)
@pytest.mark.parametrize("asked", TRANSFORMS)
def test_every_step_of_a_baseline_is_explained(seen, asked):
    found = Baseline(beside(seen, asked).data, torch.zeros(3))
    steps = found.name.split(", then ") if found.name != "the picture itself" else []
    assert found.explained.count(": ") == len(steps)
    assert all(f"{step.capitalize()}: " in found.explained for step in steps)


def test_noise_makes_no_formula_exact():
    assert not beside(asked="grey", noise="gaussian").exact


def test_a_task_is_what_differs():
    assert colour(input_transform="grey").task == ("grey", "none")
    assert colour(input_transform="half", target_transform="half").task is None
    assert experiment(input_transform="grey").task is None  # of grey images
    assert experiment(input_transform="grey", target_transform="half").task == ("none", "half")
    assert experiment(noise="gaussian").task is None
