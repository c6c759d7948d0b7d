"""Which unit of a code is in question: by its number, by a click in the picture of all, by a link."""

import numpy as np
import streamlit as st

from pages.shared import address, units


def unit(in_order: np.ndarray) -> int:
    """The unit that the address names, else the first in order."""
    if "unit" in st.query_params:
        refusal = "This model has no such unit: the first in order is shown."
        asked = address.number("unit", most=len(in_order) - 1, refusal=refusal)
        if "unit" in st.query_params:
            return asked
    return int(in_order[0])


def page(in_order: np.ndarray, unit: int) -> np.ndarray:
    """The units of the page that the address names, else of the one that this unit is on."""
    number = int(np.flatnonzero(in_order == unit)[0]) // units.PER_PAGE
    if "page" in st.query_params:
        refusal = "There is no such page of units: the one with the chosen unit is shown."
        asked = address.number("page", most=_pages(in_order) - 1, refusal=refusal)
        number = asked if "page" in st.query_params else number
    st.session_state["units-page"] = number + 1
    return in_order[number * units.PER_PAGE : (number + 1) * units.PER_PAGE]


def turn_pages(in_order: np.ndarray) -> None:
    """Buttons for the pages, where there are several; called after `page`."""
    if _pages(in_order) > 1:
        st.pagination(
            _pages(in_order),
            key="units-page",
            max_visible_pages=5,
            on_change=lambda: address.write("page", st.session_state["units-page"] - 1),
        )


def by_number(unit: int, size: int) -> None:
    """A field for the unit's number."""

    def write() -> None:
        st.query_params.pop("page", None)  # go to the page that it is on
        address.write("unit", st.session_state["unit-number"])

    st.session_state["unit-number"] = unit
    st.number_input(
        f"Unit, 0 to {size - 1:,}: click one in the picture, or type",
        0,
        size - 1,
        key="unit-number",
        on_change=write,
    )


def click(sheet: units.Sheet, shown: np.ndarray, x: float, y: float) -> None:
    """Choose the unit at a place of the sheet, if there is one."""
    if (place := sheet.at(x, y)) is not None:
        address.write("unit", int(shown[place]))


def _pages(in_order: np.ndarray) -> int:
    return -(-len(in_order) // units.PER_PAGE)
