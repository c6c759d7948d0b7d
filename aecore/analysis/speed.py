"""How fast a device multiplies matrices, and takes a small step: the yardsticks for any training's time."""

from collections.abc import Callable
from functools import cache
from threading import Lock
from time import perf_counter

import numpy as np
import torch

from aecore.config import DenseConfig, TrainConfig
from aecore.models import build
from aecore.objective import objective
from aecore.state import TrainingState

SMALL = DenseConfig(image_shape=(1, 8, 8), hidden=(4,), code_size=2)
SMALL_BATCH = 8
"""So little to compute that a step is short: other programs do not cut many in two."""


def matrix_rate(device: str) -> float:
    """Multiply-adds a second that `device` does in a float32 matrix product, at its best.

    Measured once in a process, in some 20 ms; of the CPU, on one core, times the cores PyTorch uses.
    """
    return _core_rate() * torch.get_num_threads() if device == "cpu" else _accelerator_rate(device)


@cache
def _core_rate(size: int = 64) -> float:
    """So small a product that NumPy leaves it to one core: 6 µs, which other programs seldom cut in two.

    One on all cores they do cut: its threads then wait for each other, and it takes up to 50 times as long.
    """
    left, right, out = np.ones((3, size, size), np.float32)
    return size**3 / _best(lambda: np.dot(left, right, out=out), rounds=1_000)


@cache
def _accelerator_rate(device: str, size: int = 2_048) -> float:
    left, right, out = (torch.ones(size, size, device=device) for _ in range(3))

    def product() -> None:
        torch.mm(left, right, out=out)
        torch.accelerator.synchronize(device)

    return size**3 / _best(product, rounds=10)


_turns = Lock()
_fastest_steps: dict[str, float] = {}


def small_step(device: str) -> float:
    """Seconds of a training step of SMALL on SMALL_BATCH images: what it takes to say what shall be computed.

    The fastest of all that were taken so far, twenty more at each call, in some 10 ms: other programs make
    some of them slow, and at a server's start there are always others.
    """
    with _turns:
        fastest = min(_best(_small_training(device), rounds=20), _fastest_steps.get(device, float("inf")))
        _fastest_steps[device] = fastest
    return fastest


@cache
def _small_training(device: str) -> Callable[[], object]:
    """Takes one of its steps, and waits for the device."""
    model, images = build(SMALL).to(device), torch.full((SMALL_BATCH, *SMALL.image_shape), 0.5, device=device)
    state = TrainingState(model, TrainConfig(), len(images))

    def step() -> float:
        loss = objective(model, images, images, state.config)
        state.descend(loss)
        return loss.item()

    return step


def _best(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of some rounds."""
    work()  # the first one loads the library and takes its memory
    seconds = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return min(seconds)
