"""One small config of every kind of model, for the promises that all of them keep."""

from typing import Any

from aecore.config import MODEL_CONFIGS, ModelConfig

SMALL: dict[str, dict[str, Any]] = {
    "conv-dense": {"channels": (8,), "kernel_size": 3},
    "conv-map": {"channels": (32,)},
    "conv-residual": {"channels": (32,)},
    "conv-winners": {"kernel_size": 7},
    "recurrent": {"memory": 60},
    "variational": {"beta": 1e-3},
}
"""Where a kind's own defaults do not fit images of 8x8, or keep it from learning a batch by heart."""


def small_config(kind: str, shape: tuple[int, int, int], code_size: int, **settings: Any) -> ModelConfig:
    """A config for images of `shape`; with another code where the layers settle its size."""
    config = MODEL_CONFIGS[kind]
    free = {} if "code_size" in config.settled else {"code_size": code_size}
    return config(image_shape=shape, **free, **SMALL.get(kind, {}), **settings)


LEAST_SIDE = {"conv-dense": 4}
"""Of an image that something is left of."""


def small_configs(shapes: list[tuple[int, int, int]], code_size: int) -> list[ModelConfig]:
    return [
        small_config(kind, shape, code_size)
        for kind in MODEL_CONFIGS
        for shape in shapes
        if min(shape[1:]) >= LEAST_SIDE.get(kind, 1)
    ]
