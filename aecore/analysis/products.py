"""What a network takes at the least: its matrix products and convolutions, counted and done by themselves."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


class Products(TorchDispatchMode):
    """Counts those of what runs under it, there and back, by PyTorch's own formulas, in this thread alone.

    PyTorch's FlopCounterMode would also hook into every model that other threads are using meanwhile.
    """

    def __init__(self) -> None:
        super().__init__()
        self.multiply_adds = 0
        self._calls: list[Callable[[], Any]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        again = partial(func, *args, **(kwargs or {}))
        out = again()
        if formula := flop_registry.get(func.overloadpacket):
            self.multiply_adds += formula(*args, **(kwargs or {}), out_val=out) // 2
            self._calls.append(again)
        return out

    @torch.no_grad()
    def do_again(self) -> None:
        """Each of them once on the same numbers, and nothing else."""
        for call in self._calls:
            call()
