"""What a reconstruction costs, and the mean image: against loops and worked answers."""

import pytest
import torch
from images import SHAPE, pictures

from aecore.config import DenseConfig
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE, LOSSES, evaluate, mean_image
from aecore.models import build

TINY = DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3)


def naive_loss(kind, reconstruction, image):
    """One image's loss, pixel by pixel, in Python's own numbers."""
    from math import log

    total = 0.0
    for r, x in zip(reconstruction.flatten().tolist(), image.flatten().tolist(), strict=True):
        if kind == "mse":
            total += (r - x) ** 2
        elif kind == "l1":
            total += abs(r - x)
        else:
            total -= x * log(r) + (1 - x) * log(1 - r)
    return total / image.numel()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_is_the_mean_over_all_pixels_of_the_batch(kind):
    model = build(TINY)
    images = pixels(pictures(6))
    with torch.no_grad():
        reconstruction = model(images)
    naive = sum(map(naive_loss, [kind] * 6, reconstruction, images)) / 6
    assert LOSSES[kind](reconstruction, images).item() == pytest.approx(naive, rel=1e-5)


def test_losses_worked_out_by_hand():
    reconstruction, image = torch.tensor([[0.5, 0.25]]), torch.tensor([[1.0, 0.0]])
    assert LOSSES["mse"](reconstruction, image).item() == pytest.approx((0.25 + 0.0625) / 2)
    assert LOSSES["l1"](reconstruction, image).item() == pytest.approx((0.5 + 0.25) / 2)
    assert LOSSES["bce"](reconstruction, image).item() == pytest.approx((0.6931472 + 0.2876821) / 2)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("count", [1, 4, 11])
def test_evaluate_is_the_mean_over_images_whatever_the_batches(monkeypatch, kind, count):
    """With 4 images at once, 11 make a short last batch of 3."""
    monkeypatch.setattr("aecore.losses.IMAGES_AT_ONCE", 4)
    model, images = build(TINY), pictures(count, seed=3)
    with torch.no_grad():
        reconstruction = model(pixels(images))
    naive = sum(map(naive_loss, [kind] * count, reconstruction, pixels(images))) / count
    assert evaluate(model, images, kind) == pytest.approx(naive, rel=1e-5)


def test_evaluate_leaves_images_and_gradients_alone():
    model, images = build(TINY), pictures(5)
    before = images.clone()
    evaluate(model, images)
    assert torch.equal(images, before)
    assert all(weight.grad is None for weight in model.parameters())


def test_the_mean_image_is_exact_however_many_images():
    images = pictures(2 * IMAGES_AT_ONCE + 3, seed=4)
    naive = [sum(column) / len(images) / 255 for column in zip(*images.flatten(1).tolist(), strict=True)]
    assert mean_image(images).shape == SHAPE
    assert mean_image(images).flatten().tolist() == pytest.approx(naive, rel=1e-6)
