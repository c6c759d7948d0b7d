"""What a browser may say of sliders that it moves while they are dragged."""

import pytest
import streamlit as st

from pages.shared import live_sliders
from pages.shared.live_sliders import Slider

SLIDERS = [Slider("3", "Unit 3", -1.0, 2.0, 0.5), Slider("7", "Unit 7", 0.0, 1.0, 0.5)]


@pytest.fixture
def heard(monkeypatch):
    """What the page hears of an event; and what it remembers."""
    monkeypatch.setattr(st, "session_state", memory := {})

    def hear(event):
        moved = []
        live_sliders._moved(event, SLIDERS, "units", moved.append)
        return moved, memory.get("units-heard")

    return hear


def test_values_are_heard_with_the_number_that_is_answered(heard):
    assert heard({"number": 12, "values": {"3": -0.25, "7": 1}}) == ([{"3": -0.25, "7": 1.0}], 12)
    assert heard({"number": 13, "values": {"7": 0.125}}) == ([{"7": 0.125}], 13)


def test_a_value_stays_between_the_ends_of_its_slider(heard):
    assert heard({"number": 1, "values": {"3": 9e99, "7": -0.1}})[0] == [{"3": 2.0, "7": 0.0}]
    assert heard({"number": 1, "values": {"3": 10**400}})[0] == [{"3": 2.0}]


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        [],
        {},
        {"number": 1},
        {"number": 1, "values": [0.5]},
        {"number": 1, "values": {"4": 0.5, "__proto__": 0.5}},
        {"number": 1, "values": {"3": "0.5", "7": None}},
        {"number": 1, "values": {"3": float("nan"), "7": float("inf")}},
        {"number": 1, "values": {"3": True, "7": {"value": 1}}},
    ],
    ids=str,
)
def test_anything_else_moves_nothing(heard, event):
    assert heard(event)[0] == []


@pytest.mark.parametrize("number", [-1, True, "1", 1.0, None, 10**30, [1]], ids=str)
def test_a_strange_number_is_not_remembered(heard, number):
    assert heard({"number": number, "values": {"3": 1}}) == ([{"3": 1.0}], None)
