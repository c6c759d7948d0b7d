"""Which test images are compressed, and how many where several data sets are compared."""

import numpy as np

from aecore import data
from aecore.compression.samples import brought, for_each, sample


def test_wide_codes_are_compared_on_fewer_images():
    assert [for_each(size) for size in (1, 1_000, 1_001, 12_544)] == [1_000, 1_000, 250, 250]


def test_images_are_spread_evenly_and_brought_to_a_shape():
    images = data.load("digits")
    few = sample(images.test_images, 4)
    last = len(images.test_images) - 1
    expected = [images.test_images[round(place)].numpy() for place in (0, last // 3, 2 * last // 3, last)]
    assert np.array_equal(few.numpy(), expected)
    assert np.array_equal(brought(images, images.image_shape, 4), few.numpy())
    assert brought(images, (3, 16, 12), 4).shape == (4, 3, 16, 12)
    assert len(brought(images, images.image_shape)) == len(images.test_images)
