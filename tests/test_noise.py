"""What a model sees and is asked for: noise by its statistics, transforms by hand."""

import math

import pytest
import torch
from draws import generator
from images import pictures

from aecore.config import DataConfig
from aecore.data.batches import pixels
from aecore.data.noise import noisy
from aecore.data.transforms import TRANSFORMS
from aecore.losses import evaluate

GREY_128 = torch.full((400, 1, 28, 28), 0.5)


@pytest.mark.parametrize("level", [0.1, 0.4])
def test_gaussian_noise_has_its_standard_deviation(level):
    config = DataConfig(noise="gaussian", noise_level=level, noise_clip=False)
    added = noisy(GREY_128, config, generator()) - 0.5
    count = added.numel()
    assert abs(added.mean().item()) < 5 * level / math.sqrt(count)
    assert added.std().item() == pytest.approx(level, rel=5 / math.sqrt(2 * count))
    assert (added.abs() < level).float().mean().item() == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("level", [0.25, 0.5, 1.0])
def test_masking_sets_its_share_of_the_pixels_to_zero_and_leaves_the_others(level):
    images = pixels(pictures(400)).clamp(min=0.01)
    masked = noisy(images, DataConfig(noise="masking", noise_level=level), generator())
    gone = masked == 0
    assert gone.float().mean().item() == pytest.approx(level, abs=5 * 0.5 / math.sqrt(images.numel()))
    assert torch.equal(masked[~gone], images[~gone])


def test_salt_and_pepper_are_half_each():
    out = noisy(GREY_128, DataConfig(noise="salt-and-pepper", noise_level=0.3), generator())
    slack = 5 * 0.5 / math.sqrt(out.numel())
    for value, share in ((0.0, 0.15), (1.0, 0.15), (0.5, 0.7)):
        assert (out == value).float().mean().item() == pytest.approx(share, abs=slack)


def test_in_a_range_every_image_has_a_level_of_its_own():
    config = DataConfig(noise="gaussian", noise_level=0.4, least_noise=0.1, noise_clip=False)
    levels = (noisy(GREY_128, config, generator()) - 0.5).flatten(1).std(1)
    assert 0.09 < levels.min() < 0.12
    assert 0.38 < levels.max() < 0.42
    assert levels.mean().item() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt-and-pepper"])
def test_noise_is_fresh_each_time_repeats_with_its_seed_and_leaves_the_images_alone(noise):
    images, config = pixels(pictures(9)), DataConfig(noise=noise, noise_level=0.5)
    before, source = images.clone(), generator(5)
    first, second = noisy(images, config, source), noisy(images, config, source)
    assert not torch.equal(first, second)
    assert torch.equal(first, noisy(images, config, generator(5)))
    assert torch.equal(images, before)
    assert 0 <= first.min() <= first.max() <= 1


def test_only_the_input_is_noisy():
    """A model that answers its input is as far from its target as the noise is from the image."""
    images = pictures(200)
    config = DataConfig(noise="gaussian", noise_level=0.2, noise_clip=False)
    assert evaluate(lambda shown: shown, images, data=config) == pytest.approx(0.04, rel=0.05)
    assert evaluate(lambda shown: shown, images) == 0


def test_transforms_worked_by_hand():
    image = torch.arange(16.0).reshape(1, 1, 4, 4) / 16
    half = TRANSFORMS["half"](image)
    means = [[2.5, 4.5], [10.5, 12.5]]
    assert (half * 16).tolist() == [[[[row[j // 2] for j in range(4)] for row in means for _ in range(2)]]]
    holed = TRANSFORMS["hole"](image)
    assert holed[0, 0, 1:3, 1:3].eq(0).all()
    assert torch.equal(holed[0, 0, 0], image[0, 0, 0])
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]).reshape(3, 3, 1, 1)
    grey = TRANSFORMS["grey"](colours)
    torch.testing.assert_close(grey[:, 0].flatten(), torch.tensor([0.299, 0.587, 0.114]))
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert torch.equal(TRANSFORMS["grey"](image), image)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 31, 17), (1, 1, 1)])
def test_a_transform_keeps_the_shape_and_is_linear(name, shape):
    """Linear, because the mean of the transforms is taken to be the transform of the mean."""
    images = pixels(pictures(6, shape))
    changed = TRANSFORMS[name](images)
    assert changed.shape == images.shape
    torch.testing.assert_close(TRANSFORMS[name](images.mean(0, keepdim=True)), changed.mean(0, keepdim=True))
