"""The sheet of all units: how it is ordered and drawn, and the card of the unit that is chosen in it."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.runs import Run
from pages.shared import address, boost, card, clickable, dictionary, picking, state, units

if TYPE_CHECKING:
    from aecore.analysis.activity import Activity
    from aecore.analysis.dictionary import Dictionary


def choose(size: int) -> tuple[str, str, str]:
    """In which order units come, how their colours are scaled, and what counts as active: names, as in
    `dictionary.orders`, `units.SCALES` and `units.ACTIVE`."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = address.choose(
            "Sorted by",
            dictionary.orders(size),
            key="sort",
            default="activity",
            refusal="The linked order is unknown here: the most active units are first.",
            widget=st.selectbox,
            width=160,
        )
        scale = address.choose(
            "Scale",
            units.SCALES,
            key="scale",
            default="common",
            refusal="The linked scale is unknown: this is one for all units.",
            widget=st.segmented_control,
            help="One scale shows which units matter, each its own what the faint ones look like.",
        )
        active = address.choose(
            "Active means",
            units.ACTIVE,
            key="active",
            default="any",
            refusal="The linked measure of activity is unknown: whatever is not zero counts.",
            widget=st.segmented_control,
            help="Soft sparsity makes activations small, not zero: then count those above a tenth of the "
            "unit's largest.",
        )
    return order, scale, active


@st.fragment
def look(
    run: Run,
    found: "Dictionary",
    told: "Activity",
    in_order: np.ndarray,
    scale: str,
    device: str,
) -> None:
    """The sheet of all units, and the card of the one that was chosen in it."""
    if state.gone(run.id):
        st.rerun()  # the whole page, which says so
    unit = picking.unit(in_order)
    shown = picking.page(in_order, unit)
    drawn = units.sheet(units.tiles(found, shown, scale), units.frames(shown, told, unit))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=units.WIDTH):
            clickable.picture(
                drawn.png,
                key="sheet",
                alt=f"What {len(shown)} units stand for; unit {unit} is framed",
                on_click=lambda x, y: picking.click(drawn, shown, x, y),
            )
            picking.turn_pages(in_order)
            st.caption(units.about(found, told, scale))
        with st.container(width=card.WIDTH):
            picking.by_number(unit, run.experiment.model.code_size)
            card.facts(run, found, told, unit, device)
    st.subheader(f"Unit {unit}: boost or silence it")
    boost.slider(run, found, unit, device)
    st.subheader(f"Unit {unit}: when it is active")
    card.examples(run, found, unit, device)
    card.profile(run, found, told, unit)
    card.alike(found, unit, scale)
