"""How fast a device multiplies matrices: the yardstick for the time of any training on it."""

from collections.abc import Callable
from functools import cache
from time import perf_counter

import numpy as np
import torch


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


def _best(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest of some rounds."""
    work()  # the first one loads the library and takes its memory
    seconds = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return min(seconds)
