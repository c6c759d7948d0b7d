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
    pictures,
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
run, device = frame.choose_model(), st.session_state.device
dataset = run.experiment.data.dataset
source = SOURCES[dataset]
missing.need(dataset)
try:
    frame.say_where(state.model(run.id, device))
    usable = state.usable(runs.list_runs())
except LabError as error:
    st.error(plain(str(error)))
    st.stop()

first = st.container(horizontal=True, vertical_alignment="bottom")
noise = address.choose(
    "Noise",
    denoisers.NOISES,
    key="noise",
    default=denoisers.usual_noise(run),
    refusal="The linked noise is unknown: this is the usual one.",
    widget=first.segmented_control,
)
with first.container(width=420):
    chosen = denoisers.choose(run, usable)
if not denoisers.is_denoiser(run):
    denoisers.offer(run, noise)


@st.fragment
def at_work() -> None:
    """The canvas and what becomes of the drawing: a stroke draws nothing else anew."""
    both = st.container(horizontal=True, gap="small")
    left, right = both.container(width=canvas.SIDE), both.container(width=restoring.WIDTH)
    with left:
        level = denoisers.choose_level(run, noise)
        seed = address.number(
            "seed", most=9_999, refusal="The linked noise has no number from 0 to 9,999: this is 0."
        )
        place = st.container()
        restoring.choose_picture(KEY, dataset)
        with place:
            drawing = canvas.drawing(KEY)
    with right:
        if drawing is None:
            st.info(
                "The canvas is empty: draw something, or begin with a test picture.", icon=":material/draw:"
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
        told = restoring.told(found, list(methods), len(methods) - len(chosen))
        st.markdown(told)
        png = restoring.sheet(image, found, list(methods))
        st.image(
            png,
            width=pictures.width(png),
            alt=f"The drawing as the model sees it, with noise, and what each method makes of it. {told}",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Other noise",
                key="other",
                icon=":material/casino:",
                on_click=address.write,
                args=("seed", (seed + 1) % 10_000),
            )
            st.caption(
                f"Noise number {seed}, the same for all. Look for strokes that a method invents or loses.",
                width="stretch",
            )


at_work()

st.subheader("At every level of noise")
asked = denoisers.asks(chosen, dataset, noise)
st.caption(
    f"Mean PSNR of 1,000 test pictures of {source.title}. Thick: what a model was trained on. Look for where "
    "a filter overtakes it, and for what becomes of levels it never saw."
)
if all(map(analysis.known, asked.values())) or st.query_params.get("curve") == "yes":
    restoring.show_curves(asked, denoisers.learnt(chosen, noise), noise, dataset, device)
else:
    st.button(
        f"Compute {len(asked)} curves",
        key="compute",
        icon=":material/show_chart:",
        on_click=address.write,
        args=("curve", "yes"),
        help="Up to some minutes the first time, while you go on drawing; then it is kept.",
    )
