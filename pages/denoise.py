"""Denoise: draw, add noise, and see what models and filters make of it."""

import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import (
    address,
    analysis,
    canvas,
    denoisers,
    frame,
    missing,
    noise_levels,
    restoring,
    state,
    warm,
)
from pages.shared.wording import plain

frame.ensure_frame()

KEY = "denoise"

st.title("Denoise")
st.markdown(
    "Find out here whether a model knows a drawing from noise, and whether a filter that learnt nothing does."
)
warm.wait()
run, device = frame.choose_model("denoiser"), st.session_state.device
dataset = run.experiment.data.dataset
source = SOURCES[dataset]
missing.need(dataset)
try:
    frame.say_where(state.model(run.id, device))
    chosen = denoisers.choose(run, state.usable(runs.list_runs()))
except LabError as error:
    st.error(plain(str(error)))
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


@st.fragment
def at_work() -> None:
    """The canvas and what becomes of the drawing: a stroke draws nothing else anew."""
    if any(state.gone(each.id) for each in chosen.values()):
        st.rerun()  # the whole page, which says so
    with st.container(horizontal=True, vertical_alignment="bottom"):
        level = noise_levels.choose(run, noise, restoring.CONTROL)
        seed = address.number(
            "seed", most=9_999, refusal="The linked noise has no number from 0 to 9,999: this is 0."
        )
        width = canvas.choose_width(KEY, restoring.CONTROL)
        restoring.choose_picture(KEY, dataset)
    with st.container(horizontal=True):
        with st.container(width=canvas.SIDE):
            drawing = canvas.drawing(KEY, width)
        with st.container(width=restoring.WIDTH):
            if drawing is None:
                st.info(
                    "The canvas is empty: draw something, or begin with a test picture.",
                    icon=":material/draw:",
                )
                return
            try:
                with st.spinner("Trying how strong each filter has to be for this noise", show_time=True):
                    methods = denoisers.methods(chosen, dataset, noise, level, device)
                    image = restoring.clean(KEY, dataset, drawing)
                    found = restoring.restored(image, noise, level, seed, methods, device)
            except LabError as error:
                st.error(plain(str(error)))
                return
            st.markdown(restoring.told(found, list(methods), len(methods) - len(chosen)))
            restoring.show(image, found, list(methods))
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Other noise",
                    key="other",
                    icon=":material/casino:",
                    on_click=address.write,
                    args=("seed", (seed + 1) % 10_000),
                )
                st.caption(
                    f"Noise number {seed}, the same for all. Below each picture where it is too dark (blue) "
                    "or too bright (orange). Look for strokes that a method invents or loses.",
                    width="stretch",
                )


at_work()

st.subheader("At every level of noise")
asked = noise_levels.asks(chosen, dataset, noise)
st.caption(noise_levels.about_curves(source))
if all(map(analysis.known, asked.values())) or st.query_params.get("curve") == "yes":
    noise_levels.show_curves(asked, noise_levels.learnt(chosen, noise), noise, dataset, device)
else:
    st.button(
        f"Compute {len(asked)} curves",
        key="compute",
        icon=":material/show_chart:",
        on_click=address.write,
        args=("curve", "yes"),
        help="About a minute the first time, while you go on drawing; then they are kept.",
    )
