"""The devices a model can be on, and the one to take when nobody chose."""

import ctypes
import os
from contextlib import suppress

from aecore.settings import SettingsError, either

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As malloc.h names the choices."""

MOST_FREED_AT_ONCE = 32 * 2**20
"""Bytes. A larger block goes back by itself, and the end of the heap when twice as much is free there: what
the GNU C library comes to in a process that frees large blocks and was told nothing else."""


def devices() -> list[str]:
    """Names of the devices present, fastest first: every cuda:i, mps, cpu."""
    import torch

    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def choose(name: str | None = None) -> str:
    """The device called `name`, else the one in AECORE_DEVICE, else the fastest present.

    Raises SettingsError for a device this machine does not have.
    """
    present = devices()
    name = name or os.environ.get("AECORE_DEVICE") or present[0]
    if name == "cuda" and "cuda:0" in present:
        return "cuda:0"
    if name not in present:
        raise SettingsError(f"device is {name}: choose {either(present)}")
    return name


def prepare_for_training() -> None:
    """Set this process up to train at full speed; to be called before PyTorch computes anything.

    Numbers below 1e-38 count as zero from here on, in this thread and in those that are begun by it. The
    moments of a network that has collapsed sink to there and stay, and processors compute many times more
    slowly with such numbers: the tutorials' network at learning rate 0.1 took 5 times as long (Intel Xeon),
    with the same losses.

    Freed memory stays with the process, for the next step needs as much: each step would else ask the system
    for all of it again, page by page. `dask worker` has its processes give memory back at once: on MNIST
    lab-32 took 1.5 times as long with that, gfg-9-conv at batch 128 2.3 times (Intel Xeon, 2 cores).
    """
    import torch

    torch.set_flush_denormal(True)
    with suppress(OSError, AttributeError, TypeError):  # other C libraries than GNU's have no such choice
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, MOST_FREED_AT_ONCE)
        libc.mallopt(M_TRIM_THRESHOLD, 2 * MOST_FREED_AT_ONCE)
