"""From the form to the training it began, though what the browser sent before it heard of that still arrives.

The second click of a double click, for one: it comes with the form's address, and on a busy machine late.
"""

from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from aecore import runs
from aecore.config import Experiment
from pages.shared.engine import jobs, refusals, training_device, visitor
from pages.shared.wording import plain

SECONDS_FOR_A_FIRST_STEP = 1.0
"""So long the page of a new run waits for something to show, rather than to be drawn twice."""


@dataclass
class Launch:
    """The run that was begun last in this session.

    An object of its own, for a second click's callback runs beside the first one's, which Streamlit breaks
    off at its next look into the session's state: with the training queued, and nothing noted there yet.
    """

    run: str = ""
    """Empty before the first."""

    unheard: bool = False
    """Whether the browser may not know of it yet."""

    lock: Lock = field(default_factory=Lock)


def launched() -> Launch:
    return st.session_state.setdefault("launched", Launch())


def train(experiment: Experiment, last: str) -> None:
    """Queue the training and go to it, unless a run was begun since `last`: then go to that one.

    The second click of a double click carries the same `last` as the first.
    """
    launch, owner = launched(), visitor()
    try:
        device = training_device()
        with launch.lock:
            if launch.run == last:
                launch.run = jobs().submit(experiment, owner=owner, device=device)
                launch.unheard = True
    except refusals() as error:
        st.session_state["refused"] = str(error)
    else:
        st.query_params.from_dict({"run": launch.run})


def offer_to_watch() -> None:
    """A way to the run that is being trained, or is next in turn, where there is one."""
    for run_id in jobs().active()[:1]:
        live = jobs().live(run_id)
        doing = "is paused" if live and live.stage == "paused" else "is in training"
        _way_to(run_id, "is next in the queue" if jobs().position(run_id) else doing)


def comes_before(run_id: str) -> str | None:
    """The run that is first in turn, where this one waits behind it."""
    first = next(iter(jobs().active()), run_id)
    return first if first != run_id and jobs().position(run_id) else None


def offer_to_watch_first(run_id: str) -> None:
    """A way to the run that another one waits behind."""
    _way_to(run_id, "comes first, also while it is paused")


def _way_to(run_id: str, doing: str) -> None:
    try:
        name = plain(runs.get(run_id).name)
    except refusals():  # deleted just now, or damaged; its page says so
        name = "A run"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"**{name}** {doing}.", icon=":material/monitoring:")
        st.button("Watch it", key="watch", on_click=st.query_params.from_dict, args=({"run": run_id},))


def lead_on() -> None:
    """Go to the run just begun, where the browser asks for another address and has not heard of that yet."""
    launch = launched()
    with launch.lock:  # while a run is being queued there is no saying
        unheard = launch.unheard
    if unheard and "run" not in st.query_params:
        st.query_params.from_dict({"run": launch.run})


def await_first_step(run_id: str) -> None:
    """Where the run has just been begun here and is next in turn, wait a moment for its first step."""
    if is_unheard(run_id):
        jobs().await_first_step(run_id, SECONDS_FOR_A_FIRST_STEP)


def is_unheard(run_id: str) -> bool:
    """Whether the run has just been begun here, and the browser may not know of it yet."""
    return launched().unheard and launched().run == run_id


def heard(run_id: str) -> None:
    """Note what the browser asks for by itself: from now on every other address is somebody's wish."""
    if st.query_params.get("run") == launched().run == run_id:
        launched().unheard = False


def leave() -> None:
    """For a button that leads to the form: it does not lead on."""
    launched().unheard = False
