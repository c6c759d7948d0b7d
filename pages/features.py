"""Features: what each unit of a code stands for, when it is active, and what a picture is without it."""

import streamlit as st

from aecore.errors import LabError
from pages.shared import (
    address,
    boost,
    card,
    clickable,
    dictionary,
    frame,
    frontier,
    missing,
    picking,
    state,
    units,
    warm,
)
from pages.shared.analysis import answered
from pages.shared.wording import plain

frame.ensure_frame()

st.title("Features")
st.markdown(
    "Find out here what each unit of a code stands for, when it is active, and what is lost without it."
)
warm.wait()
run, device = frame.choose_model("dictionary"), st.session_state.device
dataset, size = run.experiment.data.dataset, run.experiment.model.code_size
missing.need(dataset)

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
        help="Soft sparsity makes activations small, not zero: then count those above a tenth of the unit's "
        "largest.",
    )
if state.dictionary_takes_long(run.id, device) and (
    answered("dictionary", run.id, {}, device=device, title="What the units stand for") is None
):
    st.stop()
try:
    with st.spinner("Asking every unit, some seconds the first time"):
        found = state.dictionary(run.id, device)
        told = state.activity(run.id, device, active)
        in_order = state.units_in_order(run.id, device, order, active)
except LabError as error:
    st.error(plain(str(error)))
    st.stop()
frame.say_where(state.model(run.id, device))


@st.fragment
def look() -> None:
    """The sheet of all units, and the card of the one that was chosen in it."""
    if state.gone(run.id):
        st.rerun()  # the whole page, which says so
    unit = picking.unit(in_order)
    shown = picking.page(in_order, unit)
    sheet = units.sheet(units.tiles(found, shown, scale), units.frames(shown, told, unit))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=units.WIDTH):
            clickable.picture(
                sheet.png,
                key="sheet",
                alt=f"What {len(shown)} units stand for; unit {unit} is framed",
                on_click=lambda x, y: picking.click(sheet, shown, x, y),
            )
            picking.turn_pages(in_order)
            st.caption(units.about(found, told, scale))
        with st.container(width=card.WIDTH):
            picking.by_number(unit, size)
            card.facts(run, found, told, unit, device)
    st.subheader(f"Unit {unit}: boost or silence it")
    boost.slider(run, found, unit, device)
    st.subheader(f"Unit {unit}: when it is active")
    card.examples(run, found, unit, device)
    card.profile(run, found, told, unit)
    card.alike(found, unit, scale)


look()
st.subheader("The whole dictionary")
dictionary.measures(found, told)
dictionary.heatmap(run, found, in_order[: units.PER_PAGE])
st.subheader("What the encoder looks for first")
dictionary.encoder(run, device)
st.subheader("What sparsity costs")
frontier.show(run, active, device)
