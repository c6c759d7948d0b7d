"""Training speed beside named yardsticks, measured in one process and in turns.

The tutorials' loop is a torchvision MNIST data set with ToTensor, a DataLoader, plain Adam and `loss.item()`.
The matmul limit of a network is the time its multiply-adds would take at the speed of one large matrix
product: no training on this machine can be faster. A batch's own products are smaller than that one and reach
less of its speed: how much by themselves, without anything else that a step does, is timed as well.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from aecore.analysis.products import Products
from aecore.config import (
    ConvConfig,
    ConvDenseConfig,
    ConvMapConfig,
    ConvWinnersConfig,
    DataConfig,
    DenseConfig,
    ModelConfig,
    TrainConfig,
)
from aecore.data import ImageSet
from aecore.models import build, convolution
from aecore.training import PLAIN, train

TUTORIAL_NETWORK = DenseConfig(hidden=(128, 64, 36, 18), code_size=9)
NETWORKS: dict[str, ModelConfig] = {
    "dense 784-512-32": DenseConfig(hidden=(512,), code_size=32),
    "dense 784-1024-32": DenseConfig(hidden=(1024,), code_size=32),
    "dense 784-128-64-36-18-9": TUTORIAL_NETWORK,
    "conv 32-64, code 32": ConvConfig(channels=(32, 64), code_size=32),
    "conv 8-8-8-8 to dense": ConvDenseConfig(),
}
WIDE = DenseConfig(hidden=(), code_size=1_000, code_activation="relu")
PARTS: dict[str, tuple[ModelConfig, ModelConfig, DataConfig]] = {
    "top-k, 25 of 1,000": (WIDE, WIDE.replace(active=25), DataConfig()),
    "lifetime, 5 % of 1,000": (WIDE, WIDE.replace(lifetime=0.05), DataConfig()),
    "Gaussian noise": (DenseConfig(), DenseConfig(), DataConfig(noise="gaussian")),
    "masking": (DenseConfig(), DenseConfig(), DataConfig(noise="masking")),
    "salt and pepper": (DenseConfig(), DenseConfig(), DataConfig(noise="salt-and-pepper")),
}
"""What an epoch is timed without and with: the network, the network with the part, and the noise."""

TO_FEW_CHANNELS: dict[str, ModelConfig] = {
    "conv 8-8-8-8 to dense": NETWORKS["conv 8-8-8-8 to dense"],
    "conv 32-32 and back": ConvMapConfig(),
    "16 maps of 11 x 11": ConvWinnersConfig(),
}
"""Networks with convolutions that are computed in other ways than PyTorch's."""

ROUNDS = 3
SHARE_BATCH = 256
SHARE_IMAGES = 100 * SHARE_BATCH
"""Enough to time a network against the matmul limit."""


def measure(images: ImageSet, listen: Callable[[float, str], None]) -> dict[str, Any]:
    """All figures by name. `listen` hears the share done, in [0, 1], and what is being timed."""
    listen(0.0, "warming up")
    _tutorial_epoch(images.train_images[:2_560], images.train_labels)
    turns: dict[str, list[float]] = {"tutorial, batch 32": [], "lab, batch 32": [], "lab, batch 256": []}
    for turn in range(ROUNDS):
        listen(0.5 * turn / ROUNDS, "the tutorials' loop and ours")
        turns["tutorial, batch 32"].append(_tutorial_epoch(images.train_images, images.train_labels))
        turns["lab, batch 32"] += _epochs(TUTORIAL_NETWORK, images.train_images, 32, 1)
        turns["lab, batch 256"] += _epochs(TUTORIAL_NETWORK, images.train_images, 256, 1)
    shares, alone = {}, {}
    for done, (name, config) in enumerate(NETWORKS.items()):
        listen(0.5 + 0.25 * done / len(NETWORKS), f"{name} against the matmul limit")
        shares[name], alone[name] = _shares_of_matmul_limit(config, images.train_images[:SHARE_IMAGES])
    longer = {}
    for done, (name, part) in enumerate(PARTS.items()):
        listen(0.75 + 0.15 * done / len(PARTS), f"with and without {name}")
        longer[name] = _times_longer(*part, images.train_images[:SHARE_IMAGES])
    faster = {}
    for done, (name, config) in enumerate(TO_FEW_CHANNELS.items()):
        listen(0.9 + 0.09 * done / len(TO_FEW_CHANNELS), f"{name} with PyTorch's convolutions and ours")
        faster[name] = _times_faster_convolutions(config, images.train_images[: 10 * SHARE_BATCH])
    listen(0.99, "memory")
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "gemm_gmac_per_second": _gemm_rate() / 1e9,
        "epoch_seconds": {name: median(seconds) for name, seconds in turns.items()},
        "times_faster": {
            name: median(
                theirs / ours for theirs, ours in zip(turns["tutorial, batch 32"], turns[name], strict=True)
            )
            for name in ("lab, batch 32", "lab, batch 256")
        },
        "share_of_matmul_limit": shares,
        "share_of_products_alone": alone,
        "times_longer": longer,
        "convolutions_times_faster": faster,
        "memory_mb": _memory(images.name),
    }


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    rows = [
        f"PyTorch {figures['torch']}, {figures['threads']} threads, "
        f"{figures['gemm_gmac_per_second']:.0f} billion multiply-adds a second in a large matrix product.",
        "",
        "| One epoch of 784-128-64-36-18-9 on MNIST | seconds | against the tutorials' loop |",
        "|---|---|---|",
    ]
    for name, seconds in figures["epoch_seconds"].items():
        faster = figures["times_faster"].get(name)
        rows.append(f"| {name} | {seconds:.2f} | {f'{faster:.1f} times faster' if faster else '1'} |")
    rows += ["", "| Network, batch 256 | share of the matmul limit | its products alone |", "|---|---|---|"]
    rows += [
        f"| {name} | {share:.0%} | {figures['share_of_products_alone'][name]:.0%} |"
        for name, share in figures["share_of_matmul_limit"].items()
    ]
    rows += ["", "| An epoch with | takes as long as without, times |", "|---|---|"]
    rows += [f"| {name} | {times:.2f} |" for name, times in figures["times_longer"].items()]
    rows += ["", "| Network, batch 256 | faster than with PyTorch's convolutions, times |", "|---|---|"]
    rows += [f"| {name} | {times:.2f} |" for name, times in figures["convolutions_times_faster"].items()]
    rows += ["", "| Memory of a process that trains on MNIST | MB |", "|---|---|"]
    rows += [f"| {name} | {megabytes:,.0f} |" for name, megabytes in figures["memory_mb"].items()]
    return "\n".join(rows)


class _TutorialMNIST(datasets.MNIST):
    """torchvision's own per-image path over images that are already loaded."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.data, self.targets = images.squeeze(1), labels
        self.transform, self.target_transform = transforms.ToTensor(), None


def _tutorial_epoch(images: Tensor, labels: Tensor) -> float:
    """Seconds of one epoch written as the tutorials write it."""
    loader = DataLoader(_TutorialMNIST(images, labels), batch_size=32, shuffle=True)
    model = build(TUTORIAL_NETWORK)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    start = perf_counter()
    for batch, _ in loader:
        loss = F.mse_loss(model(batch), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return perf_counter() - start


def _epochs(
    config: ModelConfig, images: Tensor, batch_size: int, count: int, data: DataConfig = PLAIN
) -> list[float]:
    """Seconds of each of `count` epochs of the lab's own loop, after one that is not counted."""
    settings = TrainConfig(epochs=count + 1, batch_size=batch_size)
    progress = train(build(config), images, images[:0], settings, data=data)
    ends = [record.epoch.seconds for record in progress if record.epoch]
    return [after - before for before, after in pairwise(ends)]


def _times_longer(plain: ModelConfig, with_part: ModelConfig, data: DataConfig, images: Tensor) -> float:
    """How many times as long an epoch at batch 256 takes with a part: the median of a few turns."""
    ratios = []
    for _ in range(ROUNDS):
        without = median(_epochs(plain, images, 256, 3))
        ratios.append(median(_epochs(with_part, images, 256, 3, data)) / without)
    return median(ratios)


def _times_faster_convolutions(config: ModelConfig, images: Tensor) -> float:
    """An epoch at batch 256 with PyTorch's convolutions over one with ours: the median of a few turns."""
    ratios = []
    for _ in range(ROUNDS):
        with patch.object(convolution, "FEW", 0):  # no number of channels is few
            theirs = median(_epochs(config, images, SHARE_BATCH, 3))
        ratios.append(theirs / median(_epochs(config, images, SHARE_BATCH, 3)))
    return median(ratios)


def _shares_of_matmul_limit(config: ModelConfig, images: Tensor) -> tuple[float, float]:
    """The time of an epoch's multiply-adds at the speed of a bare matrix product, over two real times.

    One is that of the epoch, at batch 256; the other that of its products and convolutions alone. Medians of
    a few turns, each with its own measurement of the matrix product just before.
    """
    with torch.device("meta"):  # what a network is, however this machine comes to its sums
        counted = _products(config)
    products = _products(config)
    batches = len(images) / SHARE_BATCH
    shares, alone = [], []
    for _ in range(ROUNDS):
        limit = batches * counted.multiply_adds / _gemm_rate()
        shares += [limit / seconds for seconds in _epochs(config, images, SHARE_BATCH, 2)]
        start = perf_counter()
        for _ in range(round(batches)):
            products.do_again()
        alone.append(limit / (perf_counter() - start))
    return median(shares), median(alone)


def _products(config: ModelConfig) -> Products:
    """Those of one step, without the optimizer."""
    batch = torch.rand(SHARE_BATCH, *config.image_shape)
    model = build(config)
    with Products() as products:
        F.mse_loss(model(batch), batch).backward()
    return products


def _gemm_rate(size: int = 1024) -> float:
    """Multiply-adds a second in a square float32 matrix product, the best of 20."""
    left, right, out = torch.randn(size, size), torch.randn(size, size), torch.empty(size, size)
    best = float("inf")
    for _ in range(20):
        start = perf_counter()
        torch.mm(left, right, out=out)
        best = min(best, perf_counter() - start)
    return size**3 / best


MEMORY_PROBE = """
import json, re, sys
from pathlib import Path
import torch
from aecore import data
from aecore.bench import NETWORKS
from aecore.config import TrainConfig
from aecore.models import build
from aecore.training import train

# not getrusage: its maximum is handed down from the parent process
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
before = peak()
images = data.load(sys.argv[1]).train_images
loaded = peak()
for _ in train(build(NETWORKS["dense 784-512-32"]), images, images[:0], TrainConfig(epochs=1)):
    pass
print(json.dumps({"torch imported": before, "data set loaded": loaded, "peak while training": peak()}))
"""


def _memory(dataset: str) -> dict[str, float]:
    """Peak resident megabytes of a fresh process, at three moments; empty where the system is not Linux."""
    if sys.platform != "linux":
        return {}
    output = subprocess.run(
        [sys.executable, "-c", MEMORY_PROBE, dataset], check=True, capture_output=True, text=True
    ).stdout
    return json.loads(output)
