"""The devices a model can be on, and the one to take when nobody chose."""

import os

from aecore.settings import SettingsError, either


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


def flush_denormals() -> None:
    """Take numbers below 1e-38 for zero from here on, in this thread and in those that are begun by it.

    The moments of a network that has collapsed sink to there and stay, and processors compute many times more
    slowly with such numbers: the tutorials' network at learning rate 0.1 took 5 times as long (Intel Xeon),
    with the same losses. To be called before PyTorch computes anything, which begins its threads.
    """
    import torch

    torch.set_flush_denormal(True)
