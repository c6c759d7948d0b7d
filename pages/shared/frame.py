"""The frame around every page: app.py put around a page opened without it, the device, and the model."""

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from aecore import device, runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs import Run
from aecore.settings import SettingsError
from pages.shared import address, engine, state, warm
from pages.shared.wording import plain, sentence

if TYPE_CHECKING:
    from aecore.models.base import Autoencoder

APP = Path(__file__).resolve().parents[2] / "app.py"


def ensure_frame() -> None:
    """Call this first in every page.

    Until somebody has opened `/` on a fresh server, Streamlit runs the file behind a deep link such as
    /train by itself, because the folder is called `pages`. Then app.py is run instead, and opens the page.
    """
    if not st.session_state.pop("frame", False):
        runpy.run_path(str(APP), run_name="__main__")
        st.stop()


def choose_device() -> None:
    """The device to compute on, on every page, in the address and in `st.session_state.device`."""
    if not warm.ready():  # which devices there are is PyTorch's to say
        st.sidebar.selectbox("Device", [], placeholder="Known in a moment", disabled=True)
        warm.come_alive()
        return
    present = device.devices()
    try:
        default = device.choose()
    except SettingsError as error:
        st.sidebar.error(f"AECORE_DEVICE: {plain(str(error))}")
        default = present[0]
    if st.query_params.get("device", default) not in present:
        st.sidebar.warning(f"The linked device is not on this machine: going on with {default}.")
    st.sidebar.selectbox(
        "Device",
        present,
        index=present.index(default),
        key="device",
        bind="query-params",
        help="What computes: `cpu`, or a graphics card (`cuda:0`, `mps`) where there is one.",
    )
    if engine.on_a_cluster():
        st.sidebar.caption("This machine's devices, for looking at models. A cluster trains, on its fastest.")


def choose_model(first: str = "32") -> Run:
    """The model in question, chosen in the sidebar; the page stops where there is none.

    Until somebody has chosen one, on whichever page, it is the lab's own of the kind `first`, such as
    `denoiser`.
    """
    try:
        usable = state.usable(runs.list_runs())
    except LabError as error:  # a damaged notebook; the lab's own models need none
        st.error(sentence(str(error)))
        usable = state.usable([])
    if not usable:
        st.info("There is no trained model yet: train one first.", icon=":material/model_training:")
        st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
        st.stop()
    default = state.default_run(usable, first)
    if st.session_state.pop("entered", False) and "model" not in st.query_params:
        last = st.session_state.get("last_model", default.id)  # this page's address does not know it yet
        if last in usable and last != default.id:
            address.write("model", last)
    linked = st.query_params.get("model", default.id)
    run_id = address.choose(
        "Model",
        state.labels(usable),
        key="model",
        default=default.id,
        refusal="" if linked in usable else _why_not(linked),
        widget=st.sidebar.selectbox,
        help="Every model trained here, and those that come with the lab, by name.",
    )
    if run_id != default.id or "last_model" in st.session_state:
        st.session_state["last_model"] = run_id
    run = usable[run_id]
    model = run.experiment.model
    fewer = f", {model.compression:.1f} times fewer" if model.compression > 1 else ""
    few = model.active_count < model.code_size
    active = f", {model.active_count:,} of them not zero" if few else ""
    st.sidebar.caption(
        f"**{plain(run.name)}**: {model.title} network, trained on "
        f"{SOURCES[run.experiment.data.dataset].title}. A picture of "
        f"{model.pixel_count:,} numbers becomes {model.code_size:,}{fewer}{active}."
    )
    return run


def _why_not(run_id: str) -> str:
    """Why the linked model cannot be chosen."""
    try:
        name = runs.get(run_id).name
    except LabError:
        return "That model is no longer on this server: this is another one."
    return f"{plain(name)} has not been trained to its end: look for it in Runs. This is another model."


def say_where(model: "Autoencoder") -> None:
    """On which device the model is, read from its weights rather than from what was chosen."""
    st.sidebar.caption(f"The model is on `{next(model.parameters()).device}`.")
