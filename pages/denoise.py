"""Denoise: draw, add noise, and see what models and filters make of it."""

import streamlit as st

from aecore import runs
from aecore.errors import LabError
from pages.shared import address, denoisers, easel, frame, missing, noise_levels, state, warm
from pages.shared.wording import sentence

frame.ensure_frame()

st.title("Denoise")
st.markdown(
    "Find out here whether a model knows a drawing from noise, and whether a filter that learnt nothing does."
)
warm.wait()
run, device = frame.choose_model("denoiser"), st.session_state.device
missing.need(run.experiment.data.dataset)
try:
    frame.say_where(state.model(run.id, device))
    chosen = denoisers.choose(run, state.usable(runs.list_runs()))
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()

with st.container(horizontal=True, vertical_alignment="bottom"):
    noise = address.choose(
        "Noise",
        denoisers.NOISES,
        key="noise",
        default=denoisers.usual_noise(run),
        refusal="The linked noise is unknown: this is the usual one.",
        widget=st.segmented_control,
    )
    if not denoisers.is_denoiser(run):
        denoisers.offer(run, noise)


easel.at_work(run, chosen, noise, device)
st.subheader("At every level of noise")
noise_levels.curves(run, chosen, noise, device)
