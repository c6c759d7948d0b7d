"""Anomaly: what is not like the rest, by a model of the normal and by methods that need none."""

import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import frame, hunt, missing, oddities, state, verdicts, warm
from pages.shared.analysis import answered
from pages.shared.wording import sentence

frame.ensure_frame()

st.title("Anomaly")
st.markdown(
    "Find out here whether a model of normal pictures notices what is not normal, and whether simpler "
    "methods do."
)
warm.wait()
run, device = frame.choose_model("threes"), st.session_state.device
source = SOURCES[run.experiment.data.dataset]
missing.need(source.name)
try:
    frame.say_where(state.model(run.id, device))
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()

asked = hunt.choose(run, source)
hunt.advise(run, asked)
answer = answered("anomaly", run.id, asked.settings, device=device, title="Scoring pictures by every method")
if answer is None:
    st.stop()
found = hunt.read(asked, answer)
verdicts.show(found)
st.subheader("The pictures")
oddities.gallery(run, found, device)
st.subheader("Your drawing")
oddities.drawn(run, found, device)
