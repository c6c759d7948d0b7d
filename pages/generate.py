"""Generate: new pictures from a model, from between its codes and from their sums; how good they are."""

import streamlit as st

from aecore.errors import LabError
from pages.shared import address, arithmetic, fidelity, frame, missing, on_plane, samples, state, walk, warm
from pages.shared.wording import sentence

frame.ensure_frame()

PARTS = {
    "samples": "Samples",
    "walk": "Walk between two",
    "sum": "Arithmetic",
    "plane": "Plane",
    "quality": "How good",
}

st.title("Generate")
st.markdown("Find out here what a model draws that nobody has drawn: from codes that belong to no picture.")
warm.wait()
run, device = frame.choose_model("variational"), st.session_state.device
missing.need(run.experiment.data.dataset)
try:
    frame.say_where(state.model(run.id, device))
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()

flat = run.experiment.model.code_size == 2
part = address.choose(
    "Part",
    {name: label for name, label in PARTS.items() if flat or name != "plane"},
    key="part",
    default="samples",
    refusal="This model has no such part: these are its samples.",
    widget=st.segmented_control,
    wrap=True,
    label_visibility="collapsed",
)


@st.fragment
def at_work() -> None:
    """The part that was chosen: what changes in it draws nothing else anew."""
    if state.gone(run.id):
        st.rerun()  # the whole page, which says so
    try:
        if part == "samples":
            samples.show(run, device)
        elif part == "walk":
            walk.show(run, device)
        elif part == "sum":
            arithmetic.show(run, device)
        elif part == "plane":
            on_plane.show(run, device)
        else:
            fidelity.show(run, device)
    except LabError as error:
        st.error(sentence(str(error)))


at_work()
