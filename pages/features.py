"""Features: what each unit of a code stands for, when it is active, and what a picture is without it."""

import streamlit as st

from aecore.errors import LabError
from pages.shared import dictionary, frame, frontier, missing, sheet, state, units, warm
from pages.shared.analysis import answered
from pages.shared.wording import sentence

frame.ensure_frame()

st.title("Features")
st.markdown(
    "Find out here what each unit of a code stands for, when it is active, and what is lost without it."
)
warm.wait()
run, device = frame.choose_model("dictionary"), st.session_state.device
dataset, size = run.experiment.data.dataset, run.experiment.model.code_size
missing.need(dataset)

order, scale, active = sheet.choose(size)
if state.takes_long("analysis.dictionary", run.id, device=device) and (
    answered("dictionary", run.id, {}, device=device, title="What the units stand for") is None
):
    st.stop()
try:
    with st.spinner("Asking every unit, some seconds the first time"):
        found = state.dictionary(run.id, device)
        told = state.activity(run.id, device, active)
        in_order = state.units_in_order(run.id, device, order, active)
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
frame.say_where(state.model(run.id, device))
sheet.look(run, found, told, in_order, scale, device)
st.subheader("The whole dictionary")
dictionary.measures(found, told)
dictionary.heatmap(run, found, in_order[: units.PER_PAGE])
st.subheader("What the encoder looks for first")
dictionary.encoder(run, device)
st.subheader("What sparsity costs")
frontier.show(run, active, device)
