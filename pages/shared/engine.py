"""The server's one queue of trainings, and who a visitor is to it."""

import hashlib
import os
import secrets

import streamlit as st

from aecore.errors import LabError
from aecore.jobs import Jobs
from aecore.jobs.limits import public
from pages.shared import server

_REMEMBER = st.components.v2.component(
    "remember_visitor",
    js="""
function kept() {
  const name = "autoencoder-lab-visitor"
  let word = localStorage.getItem(name)
  if (!word) {
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    word = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
    localStorage.setItem(name, word)
  }
  return word
}

export default function ({ setStateValue }) {
  try {
    setStateValue("word", kept())
  } catch {
    // a browser that keeps nothing for anybody: whoever reloads the page there is a stranger
  }
}
""",
)


def jobs() -> Jobs:
    """The queue of this server, which the frame starts.

    Nobody closes it: the engine ends with this process, and the next server puts the book in order.
    """
    return server.kept("jobs", Jobs)


def refusals() -> tuple[type[LabError], ...]:
    """What it raises for people: a queue from before a hot reload knows the classes of before."""
    return LabError, jobs().refusal


def recognise() -> None:
    """On a public host, ask the browser for the word it keeps, so that a reload does not make a stranger.

    The frame calls this on every page.
    """
    if public():
        with st.sidebar:
            word = _REMEMBER(key="visitor", on_word_change=lambda: None).word
        if isinstance(word, str) and len(word) == 32:
            # a digest: the word itself is the visitor's to know
            st.session_state["owner"] = hashlib.sha256(word.encode()).hexdigest()[:16]


def on_a_cluster() -> bool:
    """Whether others than this machine's own engine train."""
    return bool(os.environ.get("AECORE_SCHEDULER"))


def training_device() -> str:
    """What a training is asked to compute on: the chosen device, or a cluster's own choice of its workers'.

    Raises SettingsError for a device that is not here.
    """
    from aecore.device import choose

    return "" if on_a_cluster() else choose(st.session_state.get("device"))


def visitor() -> str:
    """An opaque word for whoever looks at the page: the queue is fair between people, not between clicks."""
    return st.session_state.setdefault("owner", secrets.token_hex(8))


def may_change(run_id: str) -> bool:
    """Whether the visitor may stop, rename or delete a run; nobody may while it cannot be looked up whose."""
    try:
        return jobs().may_change(run_id, owner=visitor())
    except refusals():
        return False
