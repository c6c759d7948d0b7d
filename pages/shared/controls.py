"""The head of a run's page: its name, how it stands, and what people can ask of its training."""

import streamlit as st

from aecore.config import TrainConfig
from aecore.runs import Run
from pages.shared import field, form, launch
from pages.shared.engine import jobs, may_change, refusals, visitor
from pages.shared.wording import learning_rate, sentence

AT_WORK = ("starting", "training", "paused", "measuring")
"""While these last, the engine has the run in hand."""

BADGES = {
    "queued": ("Waiting", "gray"),
    "starting": ("Starting", "blue"),
    "training": ("Training", "blue"),
    "paused": ("Paused", "orange"),
    "measuring": ("Measuring", "blue"),
    "running": ("Elsewhere", "blue"),
    "finished": ("Finished", "green"),
    "stopped": ("Stopped", "orange"),
    "diverged": ("Diverged", "red"),
    "interrupted": ("Interrupted", "orange"),
    "withdrawn": ("Not begun", "gray"),
    "failed": ("Failed", "red"),
}
"""Each status in a word, and its colour."""


def head(run: Run, status: str) -> None:
    """Name, status and controls, outside of what is redrawn by the clock, so that no click is lost."""
    allowed = may_change(run.id)
    steerable = allowed and status in ("training", "paused")
    stoppable = steerable or allowed and status == "starting"
    for_good = "Ends it for good; Pause lets it go on." if steerable else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(run.name)
        title, colour = BADGES[status]
        st.badge(title, color=colour)
        if status == "queued":
            _button("Leave the queue", "stop", ":material/close:", run, not allowed)
        elif status in AT_WORK:
            if status == "paused":
                _button("Go on", "go_on", ":material/play_arrow:", run, not steerable)
            else:
                _button("Pause", "pause", ":material/pause:", run, not steerable)
            _button("One step", "step", ":material/skip_next:", run, not steerable)
            _button("Stop", "stop", ":material/stop:", run, not stoppable, for_good)
            _learning_rate(run, not steerable)
        another()
    if not allowed and status in ("queued", *AT_WORK):
        st.caption("Only who started this run may pause or stop it.")
    if refused := st.session_state.pop("refused", ""):
        st.error(sentence(refused), icon=":material/block:")


def _button(label: str, wish: str, icon: str, run: Run, disabled: bool, help: str | None = None) -> None:
    st.button(label, key=wish, icon=icon, on_click=_ask, args=(wish, run.id), disabled=disabled, help=help)


def _learning_rate(run: Run, disabled: bool) -> None:
    with st.popover("Learning rate", icon=":material/speed:", disabled=disabled, key="change"):
        with st.form(f"rate-{run.id}", border=False):  # which can ask for the same number again
            st.number_input(
                "New learning rate",
                min_value=0.0,
                max_value=10.0,
                value=run.experiment.train.learning_rate,
                step=field.step(run.experiment.train.learning_rate),
                format="%g",
                key=f"learning_rate-{run.id}",
                disabled=disabled,
            )
            st.form_submit_button(
                "Use it",
                key=f"use-rate-{run.id}",
                on_click=_change_learning_rate,
                args=(run.id, run.experiment.train),
                disabled=disabled,
            )
        highest = " It is the highest of its one-cycle schedule." * (
            run.experiment.train.schedule == "one-cycle"
        )
        st.caption(f"It counts from the next step on.{highest}")
        if asked := st.session_state.get(f"asked-{run.id}"):
            st.caption(f"Asked for last: **{asked:g}**.")


def another() -> None:
    """Back to the form. The menu's own link to this page would lead to this run again."""
    st.button(
        "New training",
        key="another",
        icon=":material/add:",
        type="tertiary",
        on_click=_to_the_form,
    )


def _to_the_form() -> None:
    launch.leave()
    st.query_params.clear()


def _ask(wish: str, run_id: str, *values: float) -> bool:
    """Pass a wish on, and say whether it is granted; why it is not is shown once, below the controls."""
    try:
        getattr(jobs(), wish)(run_id, *values, owner=visitor())
    except refusals() as problem:
        st.session_state["refused"] = form.in_labels(str(problem))
        return False
    return True


def _change_learning_rate(run_id: str, config: TrainConfig) -> None:
    """Says at once what comes of it: a training that is paused shows nothing of it before its next step."""
    asked = st.session_state[f"learning_rate-{run_id}"]
    if _ask("change_learning_rate", run_id, asked):
        st.session_state[f"asked-{run_id}"] = asked
        st.toast(f"From the next step on: {learning_rate(config, asked)}.", icon=":material/speed:")
    else:  # the open field may cover the sentence below the controls
        st.toast(sentence(st.session_state["refused"]), icon=":material/block:")
