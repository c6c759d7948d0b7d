"""Keeping runs in order: names, notes, going on, deleting, and the ways to other pages."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from aecore import runs
from aecore.runs import Run
from pages.shared import ways
from pages.shared.engine import jobs, may_change, refusals, training_device, visitor
from pages.shared.wording import sentence


def actions(chosen: Sequence[Run], statuses: Mapping[str, str]) -> None:
    """A row of buttons for what can be done with the chosen runs; what cannot be says why."""
    own = {run.id for run in chosen} - {run.id for run in runs.zoo()}
    mine = all(run.id in own and may_change(run.id) for run in chosen)
    why = None if mine else "Runs that come with the lab, or that somebody else started, stay as they are."
    single = chosen[0] if len(chosen) == 1 else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if single:
            st.page_link(
                "pages/train.py",
                label="Open the training",
                icon=":material/monitoring:",
                query_params={"run": single.id},
            )
            ways.show(single)
            if st.button("Name and note", icon=":material/edit:", disabled=not mine, help=why):
                _describe(single)
        if st.button("Delete", icon=":material/delete:", disabled=not mine, help=why):
            _confirm(chosen)
        # last, so that nothing comes to lie under the mouse when it goes
        if cut_off := [run for run in chosen if statuses[run.id] in ("interrupted", "failed", "withdrawn")]:
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                on_click=_for_each,
                args=(cut_off, _resume),
                disabled=not mine,
                help=why,
            )
    for refused in st.session_state.pop("refusals", []):
        st.error(sentence(refused), icon=":material/block:")


@st.dialog("Name and note")
def _describe(run: Run) -> None:
    st.text_input("Name", run.name, max_chars=100, key=f"name-{run.id}")
    st.text_area("Note", run.note, max_chars=10_000, key=f"note-{run.id}")
    st.button("Save", type="primary", key="save", on_click=_write, args=(run,))
    if refused := st.session_state.pop("refused", ""):
        st.error(sentence(refused), icon=":material/block:")


def _write(run: Run) -> None:
    try:
        jobs().rename(run.id, st.session_state[f"name-{run.id}"], owner=visitor())
        jobs().annotate(run.id, st.session_state[f"note-{run.id}"], owner=visitor())
    except refusals() as error:
        st.session_state["refused"] = str(error)
    else:
        st.rerun()  # which closes the dialog


@st.dialog("Delete for good?")
def _confirm(chosen: Sequence[Run]) -> None:
    st.markdown("Weights, losses and notes of these runs will be gone. This cannot be undone.")
    for run in chosen:
        st.text(f"{run.name} ({run.id})")
    with st.container(horizontal=True):
        st.button("Delete", type="primary", key="delete-for-good", on_click=_delete, args=(chosen,))
        st.button("Keep", key="keep", on_click=st.rerun)


def _delete(chosen: Sequence[Run]) -> None:
    _for_each(chosen, lambda run: jobs().delete(run.id, owner=visitor()))
    for key in ("runs", "run"):  # what is gone need not be missed
        st.query_params.pop(key, None)
    st.rerun()


def _resume(run: Run) -> None:
    jobs().resume(run.id, owner=visitor(), device=training_device())


def _for_each(chosen: Sequence[Run], act: Callable[[Run], None]) -> None:
    """Do it to all of them; what is refused is said once, below the buttons."""
    for run in chosen:
        try:
            act(run)
        except refusals() as error:
            st.session_state.setdefault("refusals", []).append(str(error))
