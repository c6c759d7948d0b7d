"""Latent space: the codes as a map, and what the decoder draws at any place of it."""

import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import address, frame, landscape, latent_panels, missing, readiness, state, warm
from pages.shared.wording import sentence

frame.ensure_frame()

PROJECTIONS = {"code": "The code itself", "pca": "PCA", "tsne": "t-SNE"}
WHICH = {"test": "Test", "all": "All"}

st.title("Latent space")
st.markdown(
    "Find out here where pictures lie in the model's code, and what the decoder draws at any place of it."
)
warm.wait()
run, device = frame.choose_model("2"), st.session_state.device
source, size = SOURCES[run.experiment.data.dataset], run.experiment.model.code_size
missing.need(source.name)

try:
    from aecore.analysis.plane import projections

    model = state.model(run.id, device)
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
frame.say_where(model)

controls = st.container(horizontal=True, vertical_alignment="bottom")
possible = projections(size)
projection = address.choose(
    "Map by",
    {name: PROJECTIONS[name] for name in possible},
    key="by",
    default=possible[0],
    refusal="This model's codes cannot be drawn so: this is another map.",
    widget=controls.segmented_control,
    help="PCA is exact: any place of its plane is a code. t-SNE keeps neighbours together; it takes a while.",
)
which = address.choose(
    "Pictures",
    WHICH,
    key="pictures",
    default="test",
    refusal="There are no such pictures: these are test pictures.",
    widget=controls.segmented_control,
    help="At most 10,000 test pictures, or all test and training pictures.",
)
colour = address.choose(
    "Coloured by",
    landscape.COLOURS,
    key="colour",
    default="class",
    refusal="The linked colouring is unknown: points have the colour of their class.",
    widget=controls.selectbox,
    width=120,
)
unit = address.number("unit", most=size - 1, refusal=f"This code has no such unit: choose 0 to {size - 1:,}.")
if colour == "unit":
    st.session_state["unit-box"] = unit
    controls.number_input(
        "Unit",
        0,
        size - 1,
        key="unit-box",
        width=120,
        on_change=lambda: address.write("unit", st.session_state["unit-box"]),
    )
behind = address.switch("Decoded plane behind", key="behind", default=False, widget=controls.toggle)

try:
    if not readiness.there(run.id, which, projection, device):
        st.stop()
    with st.spinner("Computing the codes, some seconds the first time"):
        view = landscape.view(run, which, projection, device)
        figure = landscape.figure(run.id, which, projection, colour, unit, behind, device)
        sprite = landscape.thumbnails(run.id, which, device, "map")
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
latent_panels.look(view, figure, sprite)
