"""The curve of test error against code size: read back from the SVG and compared with what went in."""

import math
import re
from xml.etree import ElementTree

import pytest

from aecore.reproduction import document
from aecore.reproduction.document import by_code_size
from aecore.reproduction.figure import COLOURS, STYLE, Point, curve

SERIES = {
    "PCA": [Point("PCA", 2, 0.05), Point("PCA", 8, 0.02), Point("PCA", 32, 0.01)],
    "Tutorials": [Point("a", 8, 0.04), Point("b", 32, 0.0125), Point("c", 32, 0.02)],
    "The lab's own": [Point("d", 2, 0.025), Point("e", 32, 0.0025)],
}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(series):
    """Of each series its dots and its line, [(x, y), ...] in pixels, and every text with its place."""
    root = ElementTree.fromstring(curve(series))
    dots, lines = [], []
    for colour in COLOURS:
        found = [one for one in root.iter(f"{SVG}circle") if one.get("fill") == colour]
        places = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in found]
        dots.append([place for place in places if place[1] > 40])  # the key is above
        line = next(one for one in root.iter(f"{SVG}polyline") if one.get("stroke") == colour)
        lines.append([tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()])
    texts = {one.text: one.attrib for one in root.iter(f"{SVG}text")}
    return dots, lines, texts


def test_equal_factors_are_equal_distances_on_both_axes():
    dots, _, texts = drawn(SERIES)
    (x2, y50), (x8, y20), (x32, y10) = dots[0]
    assert x8 - x2 == pytest.approx(x32 - x8, abs=0.2)  # 2 to 8, 8 to 32
    assert (y20 - y50) / (y10 - y20) == pytest.approx(math.log(2.5) / math.log(2), rel=0.01)
    assert x2 < x8 and y50 < y10, "larger codes to the right, smaller errors below"
    assert float(texts["0.02"]["y"]) == pytest.approx(y20 + 5, abs=0.2)
    assert float(texts["0.01"]["y"]) == pytest.approx(y10 + 5, abs=0.2)
    assert float(texts["8"]["x"]) == pytest.approx(x8)


def test_every_network_is_a_dot_and_a_line_joins_the_best_of_each_size():
    dots, lines, _ = drawn(SERIES)
    assert [len(some) for some in dots] == [3, 3, 2]
    assert lines[0] == dots[0]
    assert lines[1] == dots[1][:2]  # not the worse one of 32
    assert lines[2] == dots[2]


def test_axes_have_names_and_units_and_each_series_a_key():
    _, _, texts = drawn(SERIES)
    assert {"Code size (numbers per image)", "Test error (mean squared, per pixel)", *SERIES} <= texts.keys()


def test_everything_is_inside_the_picture():
    for series in (SERIES, {name: points[:1] for name, points in SERIES.items()}):
        dots, _, _ = drawn(series)
        for x, y in sum(dots, []):
            assert 80 <= x <= 720
            assert 40 <= y <= 380


def test_no_results_are_an_empty_picture():
    ElementTree.fromstring(curve({name: [] for name in SERIES}))


def luminance(colour):
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return sum(
        share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


def test_it_can_be_read_in_light_and_in_dark():
    modes = re.findall(r"background: (#\w{6}); color: (#\w{6})", STYLE)
    assert len(modes) == 2
    for background, text in modes:
        for colour, enough in ((text, 7), *((colour, 2.4) for colour in COLOURS)):
            dark, light = sorted((luminance(background), luminance(colour)))
            assert (light + 0.05) / (dark + 0.05) >= enough


def result(recipe, size, error, pca):
    return {"recipe": recipe, "code_size": size, "test_mse": {"mean": error, "spread": None}, "pca_mse": pca}


def test_only_what_redraws_mnist_with_all_of_its_code_is_compared():
    series = by_code_size(
        [
            result("lab-32", 32, 0.004, 0.017),
            result("linear-32", 32, 0.017, 0.017),
            result("keras-32", 32, 0.013, 0.017),
            result("keras-deep-32", 32, None, 0.017),  # broke off
            result("zhong-top16", 64, 0.01, 0.03),  # PCA of 16
            result("keras-denoise", 1_568, 0.01, 0.001),
            result("lstm-30", 30, 0.01, 0.001),  # clothes
            result("of-another-version", 32, 0.1, 0.1),
        ]
    )
    assert series == {
        "PCA": [("PCA", 32, 0.017)],
        "Tutorials": [("keras-32", 32, 0.013)],
        "The lab's own": [("lab-32", 32, 0.004)],
    }


def test_the_published_figure_is_of_the_published_results():
    assert document.STORED.with_suffix(".svg").read_text() == curve(by_code_size(document.stored()))
