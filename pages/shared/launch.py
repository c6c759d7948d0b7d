"""From the form to the training it began, though what the browser sent before it heard of that still arrives.

The second click of a double click, for one: it comes with the form's address, and on a busy machine late.
"""

import streamlit as st

from aecore import runs
from aecore.config import Experiment
from pages.shared.engine import jobs, refusals, training_device, visitor
from pages.shared.wording import plain

RUN, UNHEARD = "launched", "unheard"

SECONDS_FOR_A_FIRST_STEP = 1.0
"""So long the page of a new run waits for something to show, rather than to be drawn twice."""


def train(experiment: Experiment, click: int) -> None:
    """Queue the training and go to it. The second click of a double click carries the same number."""
    if click == st.session_state["clicks"]:
        st.session_state["clicks"] += 1
        st.session_state.pop(RUN, None)
        try:
            st.session_state[RUN] = jobs().submit(experiment, owner=visitor(), device=training_device())
            st.session_state[UNHEARD] = True
        except refusals() as error:
            st.session_state["refused"] = str(error)
    if RUN in st.session_state:
        st.query_params.from_dict({"run": st.session_state[RUN]})


def offer_to_watch() -> None:
    """A way to the run that is being trained, or is next in turn, where there is one."""
    for run_id in jobs().active()[:1]:
        try:
            name = plain(runs.get(run_id).name)
        except refusals():  # deleted just now, or damaged; its page says so
            name = "A run"
        doing = "is next in the queue" if jobs().position(run_id) else "is being trained right now"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"**{name}** {doing}.", icon=":material/monitoring:")
            st.button("Watch it", key="watch", on_click=st.query_params.from_dict, args=({"run": run_id},))


def lead_on() -> None:
    """Go to the run just begun, where the browser asks for another address and has not heard of that yet."""
    if UNHEARD in st.session_state and "run" not in st.query_params:
        st.query_params.from_dict({"run": st.session_state[RUN]})


def await_first_step(run_id: str) -> None:
    """Where the run has just been begun here and is next in turn, wait a moment for its first step."""
    if UNHEARD in st.session_state and st.session_state.get(RUN) == run_id:
        jobs().await_first_step(run_id, SECONDS_FOR_A_FIRST_STEP)


def heard(run_id: str) -> None:
    """Note what the browser asks for by itself: from now on every other address is somebody's wish."""
    if st.query_params.get("run") == st.session_state.get(RUN) == run_id:
        st.session_state.pop(UNHEARD, None)


def leave() -> None:
    """For a button that leads to the form: it does not lead on."""
    st.session_state.pop(UNHEARD, None)
