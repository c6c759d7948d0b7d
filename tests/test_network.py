"""The drawing of a network."""

import json

import pytest

from aecore.analysis.layers import layers
from aecore.config import ConvConfig, DenseConfig
from pages.shared import network

DEEP = DenseConfig(hidden=(128, 64), code_size=9)


def drawn(config):
    return network.bars(config, layers(config))


def test_a_dense_network_is_its_widths():
    assert [bar.name for bar in drawn(DEEP)] == ["1×28×28", "128", "64", "code 9", "64", "128", "1×28×28"]
    expected = [
        None,
        *((a + 1) * b for a, b in [(784, 128), (128, 64), (64, 9), (9, 64), (64, 128), (128, 784)]),
    ]
    assert [bar.parameters for bar in drawn(DEEP)] == expected


def test_a_convolutional_network_is_its_pictures():
    names = [bar.name for bar in drawn(ConvConfig(channels=(32, 64), code_size=16))]
    assert names == ["1×28×28", "32×14×14", "64×7×7", "code 16", "64×7×7", "32×14×14", "1×28×28"]


@pytest.mark.parametrize(
    "config", [DEEP, ConvConfig(), DenseConfig(hidden=()), DenseConfig(image_shape=(3, 16, 16))]
)
def test_every_drawing_has_one_code_in_the_middle_and_all_parameters(config):
    rows = drawn(config)
    assert [row.is_code for row in rows] == [place == len(rows) // 2 for place in range(len(rows))]
    assert sum(row.parameters or 0 for row in rows) == sum(layer.parameters for layer in layers(config))
    options = network.drawing(rows)
    json.dumps(options, allow_nan=False)
    margins, bars = (series["data"] for series in options["series"])
    middles = {
        round(margin["value"] + bar["value"] / 2, 9) for margin, bar in zip(margins, bars, strict=True)
    }
    assert len(middles) == 1  # centred
    assert len({bar["itemStyle"]["color"] for bar in bars}) == 2
    assert network.in_words(rows).count("(the code)") == 1


def test_bars_are_as_long_as_the_square_root_of_what_they_stand_for():
    lengths = [bar["value"] for bar in network.drawing(drawn(DEEP))["series"][1]["data"]]
    assert lengths[:4] == pytest.approx([28, 128**0.5, 8, 3])
