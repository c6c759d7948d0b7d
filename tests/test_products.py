"""Products of a network: counted by hand, in one thread alone, and done again by themselves."""

from concurrent.futures import ThreadPoolExecutor

import torch
from images import SHAPE, pictures
from torch.profiler import ProfilerActivity, profile

from aecore.analysis.products import Products
from aecore.config import DenseConfig
from aecore.models import build


def test_only_the_work_of_its_own_thread_is_counted():
    model, images = build(DenseConfig(image_shape=SHAPE)), pictures(2) / 255
    with ThreadPoolExecutor() as others, Products() as products:
        others.submit(model, images).result()
        assert products.multiply_adds == 0
        model(images)
    assert products.multiply_adds == 2 * 2 * (64 * 512 + 512 * 32)


def test_products_there_and_back_are_done_again_and_nothing_else_is():
    layer, given = torch.nn.Linear(3, 4), torch.rand(2, 3)
    with Products() as products:
        layer(given).relu().sum().backward()
    assert products.multiply_adds == 2 * (2 * 3 * 4)  # the input needs no gradient
    gradient = layer.weight.grad.clone()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        products.do_again()
    done = [event.name for event in seen.events() if event.cpu_parent is None]
    assert sorted(done) == ["aten::addmm", "aten::mm"]
    assert torch.equal(layer.weight.grad, gradient)
