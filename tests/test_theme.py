"""The theme's colours: as many as Streamlit asks for, and visible on both backgrounds."""

import tomllib
from pathlib import Path

import pytest

from pages.shared import pictures

CONFIG = Path(__file__).resolve().parents[1] / ".streamlit" / "config.toml"
THEME = tomllib.loads(CONFIG.read_text())["theme"]


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours(mode):
    theme = THEME[mode]
    assert len(theme["chartSequentialColors"]) == len(theme["chartDivergingColors"]) == 10  # else ignored
    assert len(set(THEME["chartCategoricalColors"])) == 10
    for colour in THEME["chartCategoricalColors"]:
        assert contrast(colour, theme["backgroundColor"]) >= 2.4
    assert contrast(theme["primaryColor"], theme["backgroundColor"]) >= 4.5
    assert contrast(theme["primaryColor"], "#ffffff") >= 3.5  # a primary button's text
    for surface in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(theme["textColor"], theme[surface]) >= 7


def test_pictures_can_be_read_on_both_backgrounds():
    for mode in ("light", "dark"):
        assert contrast(pictures.TEXT, THEME[mode]["backgroundColor"]) >= 4
    assert {pictures.TOO_BRIGHT, pictures.TOO_DARK} <= set(THEME["chartCategoricalColors"])
