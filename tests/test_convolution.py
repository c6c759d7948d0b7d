"""Convolutions to few channels on a CPU: the sums and gradients of PyTorch's own."""

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from aecore.analysis.products import Products
from aecore.models import convolution
from aecore.models.convolution import Convolution

TO_FEW = [
    # channels before and after, kernel, margin, height and width
    (16, 1, 11, 5, (28, 28)),
    (20, 1, 3, 1, (5, 9)),
    (16, 1, 4, 1, (6, 5)),
    (3, 1, 3, 0, (7, 4)),
    (32, 3, 5, 2, (8, 6)),
    (8, 8, 6, 0, (9, 11)),
    (8, 8, 3, 2, (4, 4)),
]
OTHERS = [(1, 1, 1, 0, (3, 2)), (16, 1, 1, 0, (5, 5)), (1, 8, 5, 2, (6, 6)), (16, 16, 3, 1, (6, 7))]


def made(before, after, size, margin, picture):
    torch.manual_seed(0)
    return Convolution(before, after, size, padding=margin), torch.randn(5, before, *picture)


@pytest.fixture(params=[*TO_FEW, *OTHERS], ids=str)
def case(request):
    return made(*request.param)


def both_ways(layer, compute, images):
    """What comes out, and the gradients of a weighted sum of it."""
    images = images.clone().requires_grad_()
    out = compute(images)
    weights = torch.linspace(-1, 1, out.numel()).view(out.shape)
    return out, *torch.autograd.grad((weights * out).sum(), [images, layer.weight, layer.bias])


def plain(layer):
    return lambda images: F.conv2d(images, layer.weight, layer.bias, padding=layer.padding)


def test_sums_and_gradients_are_those_of_pytorch(case):
    layer, images = case
    own, theirs = both_ways(layer, layer, images), both_ways(layer, plain(layer), images)
    torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-4)


def test_gradients_are_the_slopes(case):
    layer, images = case
    layer, images = layer.double(), images[:2, :, :7, :7].double().requires_grad_()
    assert gradcheck(lambda images, *_: layer(images), (images, layer.weight, layer.bias), fast_mode=True)


@pytest.mark.parametrize("shape", TO_FEW, ids=str)
def test_to_few_channels_it_is_the_other_way(shape):
    layer, images = made(*shape)
    assert type(layer(images).grad_fn).__name__ == "_ToFewChannelsBackward"


@pytest.mark.parametrize("shape", OTHERS, ids=str)
def test_else_it_is_pytorchs(shape):
    layer, images = made(*shape)
    assert type(layer(images).grad_fn).__name__ == "ConvolutionBackward0"


def test_on_other_devices_it_is_pytorchs():
    layer, images = made(*TO_FEW[0])
    assert type(layer.to("meta")(images.to("meta")).grad_fn).__name__ == "ConvolutionBackward0"


@pytest.mark.parametrize("frozen", ["weight", "bias"])
def test_what_is_frozen_gets_no_gradient(frozen):
    layer, images = made(*TO_FEW[0])
    getattr(layer, frozen).requires_grad_(False)
    layer(images).sum().backward()
    assert [name for name, weight in layer.named_parameters() if weight.grad is None] == [frozen]


@pytest.mark.parametrize(("count", "parts"), [(0, 1), (1, 1), (7, 3)])
def test_a_large_batch_is_taken_in_parts(monkeypatch, count, parts):
    layer, images = Convolution(16, 1, 3, padding=1), torch.randn(count, 16, 6, 6)
    monkeypatch.setattr(convolution, "NUMBERS_AT_ONCE", 3 * images.shape[1:].numel())
    with torch.no_grad(), Products() as products:
        whole = layer(images)
    assert len(products._calls) == parts
    torch.testing.assert_close(whole, plain(layer)(images))
