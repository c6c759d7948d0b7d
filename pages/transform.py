"""Transform: pictures in colour from grey ones, sharp from coarse ones, whole from ones with a hole."""

import streamlit as st

from aecore.errors import LabError
from pages.shared import canvas, frame, given, many_transformed, missing, state, tasks, transformed, warm
from pages.shared.wording import sentence

frame.ensure_frame()

st.title("Transform")
st.markdown(
    "Find out here what a model can give back to a picture that has lost something, and whether plain "
    "arithmetic gives as much."
)
warm.wait()
run, device = frame.choose_model("colourise"), st.session_state.device
usable = state.usable_here()
if tasks.choose(run, usable) is None:
    tasks.offer(run, usable)
    st.stop()
try:
    frame.say_where(state.model(run.id, device))
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
dataset = run.experiment.data.dataset


@st.fragment
def at_work() -> None:
    """One picture, and what becomes of it: a stroke or a click draws nothing else anew."""
    if state.gone(run.id):
        st.rerun()  # the whole page, which says so
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = given.choose(run)
        picture = given.controls(run, source)
    with st.container(horizontal=True):
        if source == "drawing":
            with st.container(width=canvas.SIDE):
                picture = given.drawn(dataset)
        width, side = ("stretch", transformed.SIDE)
        if source == "drawing":
            width, side = transformed.BESIDE, transformed.NARROWEST
        with st.container(width=width):
            transformed.show(run, picture, device, side)


at_work()

st.subheader("Over many test pictures")
missing.need(dataset)
many_transformed.show(run, device)
