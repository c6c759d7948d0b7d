"""Denoise's canvas, and what becomes of the drawing."""

from collections.abc import Mapping

import streamlit as st

from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, canvas, denoisers, noise_levels, restoring, state
from pages.shared.wording import sentence

KEY = "denoise"


@st.fragment
def at_work(run: Run, chosen: Mapping[str, Run], noise: str, device: str) -> None:
    """A drawing, noise on it, and what the chosen models and all filters make of that.

    A stroke draws nothing else anew.
    """
    dataset = run.experiment.data.dataset
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
                st.error(sentence(str(error)))
                return
            st.markdown(restoring.told(found, list(methods), len(methods) - len(chosen)))
            restoring.show(image, found, list(methods))
            _other_noise(seed)


def _other_noise(seed: int) -> None:
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
