"""The network as a picture: a bar for each layer, narrow where the code is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from aecore.config import ModelConfig

if TYPE_CHECKING:
    from aecore.analysis.layers import Layer

ROW_HEIGHT = 26


@dataclass(frozen=True)
class Bar:
    """What is handed on at one place of the network."""

    shape: tuple[int, ...]
    parameters: int | None
    is_code: bool = False

    @property
    def name(self) -> str:
        return ("code " if self.is_code else "") + _by(self.shape)


def bars(config: ModelConfig, layers: Sequence["Layer"]) -> list[Bar]:
    """The image, and the output of each layer that does more than arrange the same numbers in another way."""
    found = [Bar(config.image_shape, None)]
    last_of_encoder = max(
        (place for place, layer in enumerate(layers) if layer.part == "encoder"), default=-1
    )
    for place, layer in enumerate(layers):
        shape, before = layer.output_shape, found[-1]
        if layer.parameters or math.prod(shape) != math.prod(before.shape):
            found.append(Bar(shape, layer.parameters))
        else:
            found[-1] = replace(
                before, shape=max(before.shape, shape, key=len)
            )  # a picture rather than a row
        if place == last_of_encoder:
            found[-1] = replace(found[-1], is_code=True)
    return found


def drawing(rows: Sequence[Bar]) -> dict[str, Any]:
    """ECharts options: the image on top, a centred bar for each layer's output, the code in another colour.

    A bar is as long as the square root of how many numbers it stands for, so that a code of 2 can still be
    seen beside an image of 784.
    """
    lengths = [math.sqrt(math.prod(row.shape)) for row in rows]
    widest = max(lengths)
    blue, orange = st.get_option("theme.chartCategoricalColors")[:2]
    margins = [{"value": (widest - length) / 2, "itemStyle": {"color": "transparent"}} for length in lengths]
    visible = [
        {"value": length, "itemStyle": {"color": orange if row.is_code else blue}}
        for row, length in zip(rows, lengths, strict=True)
    ]
    parameters = ["" if row.parameters is None else f"{row.parameters:,}" for row in rows]
    return {
        "animationDuration": 200,
        "animationDurationUpdate": 200,
        # containLabel reckons with plain letters, and the code's are bold
        "grid": {"left": 8, "right": 8, "top": 2, "bottom": 2, "containLabel": True},
        "xAxis": {"type": "value", "show": False, "max": widest},
        "yAxis": [
            _labels(rows, ["image " + rows[0].name, *(row.name for row in rows[1:])]),
            _labels(rows, parameters) | {"position": "right"},
        ],
        "series": [
            {"type": "bar", "stack": "row", "barWidth": "60%", "silent": True, "data": data}
            for data in (margins, visible)
        ],
    }


def height(rows: Sequence[Bar]) -> int:
    """Pixels the drawing needs."""
    return ROW_HEIGHT * len(rows) + 4


def in_words(rows: Sequence[Bar]) -> str:
    """The drawing as a sentence."""
    sizes = [f"{_by(row.shape)}{' (the code)' if row.is_code else ''}" for row in rows]
    return f"The network from image to image: {', '.join(sizes)}"


def table(layers: Sequence["Layer"]) -> list[dict[str, Any]]:
    """Every layer as a row, for those who cannot see the drawing or want to know more."""
    return [
        {
            "Part": layer.part,
            "Layer": layer.name,
            "Then": layer.activation,
            "Output": _by(layer.output_shape),
            "Parameters": layer.parameters,
        }
        for layer in layers
    ]


def _labels(rows: Sequence[Bar], texts: Sequence[str]) -> dict[str, Any]:
    data = [
        {"value": text, "textStyle": {"fontWeight": "bold" if row.is_code else "normal"}}
        for row, text in zip(rows, texts, strict=True)
    ]
    return {
        "type": "category",
        "inverse": True,
        "data": data,
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "splitLine": {"show": False},
        "axisLabel": {"interval": 0},
    }


def _by(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
