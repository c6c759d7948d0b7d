"""What a network is made of, layer by layer, in the words of a tutorial."""

import math
import re
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from aecore.config import ModelConfig
from aecore.models import MODELS
from aecore.models.base import ACTIVATIONS

Part = Literal["encoder", "decoder"]
Shape = tuple[int, ...]

ACTIVATION_NAMES = {activation: name for name, activation in ACTIVATIONS.items()}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One step on an image's way through a network."""

    part: Part
    name: str
    """Such as "Linear", "Convolution 3×3, stride 2" or "Flatten"."""

    activation: str
    """What is done with each of its sums, such as "relu"; empty where nothing is."""

    output_shape: Shape
    """Of one image, without the batch."""

    parameters: int
    """Weights and biases; those shared with an earlier layer are counted there."""


def layers(config: ModelConfig) -> list[Layer]:
    """The layers in the order an image passes them; the code is the output of the encoder's last one.

    Found on a throw-away model without numbers, so it takes no memory, however large the layers are.
    """
    with torch.device("meta"):
        model = MODELS[config.kind](config).eval()
        walk = _Walk(config.image_shape)
        for module in model.modules():
            own_weights = any(True for _ in module.parameters(recurse=False))
            if module is not model and (own_weights or not any(module.children())):
                module.register_forward_hook(walk.passed)
        codes = model.encode(torch.empty(1, *config.image_shape))
        walk.arrived(codes, [])
        walk.part = "decoder"
        walk.arrived(model.decode(codes), list(model.parameters()))
    return walk.layers


class _Walk:
    """What an image has passed so far."""

    def __init__(self, shape: Shape) -> None:
        self.layers: list[Layer] = []
        self.part: Part = "encoder"
        self._shape = shape
        self._counted: set[int] = set()

    def passed(
        self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]
    ) -> None:
        """Forward hook of every layer; a recurrent one gives out its last memory, too."""
        output = output[0] if isinstance(output, tuple) else output
        self._reshaped(_shape(inputs[0]))
        activation = ACTIVATION_NAMES.get(type(module), "")
        before = self.layers[-1] if self.layers else None
        if activation == "identity":
            return
        if not activation:
            self._add(_name(module), _shape(output), self._count(list(module.parameters(recurse=False))))
        elif before and before.part == self.part and not before.activation:
            self.layers[-1] = replace(before, activation=activation)
        else:  # on its own, such as first in a part
            self._add("Activation", _shape(output), activation=activation)

    def arrived(self, output: Tensor, weights: list[nn.Parameter]) -> None:
        """At the end of a part. `weights` that no layer had, and sums done outside layers, make one more."""
        shape = _shape(output)
        self._reshaped(shape)
        parameters = self._count(weights)
        if parameters or self._shape != shape:
            self._add("Further sums", shape, parameters)

    def _reshaped(self, shape: Shape) -> None:
        """The same numbers in another arrangement, which a model may do without a layer."""
        if shape != self._shape and math.prod(shape) == math.prod(self._shape):
            self._add("Flatten" if len(shape) == 1 else "Unflatten", shape)

    def _add(self, name: str, shape: Shape, parameters: int = 0, activation: str = "") -> None:
        self._shape = shape
        self.layers.append(
            Layer(part=self.part, name=name, activation=activation, output_shape=shape, parameters=parameters)
        )

    def _count(self, weights: list[nn.Parameter]) -> int:
        fresh = {id(weight): weight.numel() for weight in weights if id(weight) not in self._counted}
        self._counted |= fresh.keys()
        return sum(fresh.values())


def _shape(batch: Tensor) -> Shape:
    return tuple(batch.shape[1:])


def _name(module: nn.Module) -> str:
    match module:
        case nn.Conv2d():
            return f"Convolution {_window(module)}"
        case nn.ConvTranspose2d():
            return f"Transposed convolution {_window(module)}"
    words = re.findall("[A-Z]+[a-z]*|[0-9]+d", type(module).__name__)
    return " ".join(words).capitalize()


def _window(module: nn.Conv2d | nn.ConvTranspose2d) -> str:
    """Such as "3×3, stride 2"; a stride of 1 goes without saying."""
    kernel = "×".join(map(str, module.kernel_size))
    stride = "×".join(map(str, module.stride if len(set(module.stride)) > 1 else module.stride[:1]))
    return kernel if stride == "1" else f"{kernel}, stride {stride}"
