"""Loads PyTorch in the background, once per server, so that the first page appears without waiting for it."""

import atexit
import gc
import os
from threading import Event, Lock, Thread

import streamlit as st

from aecore.config import DenseConfig
from pages.shared import server


def start() -> None:
    """Begin loading PyTorch, unless that has begun; returns at once."""
    begun, loaded = _server()
    if begun.acquire(blocking=False):  # and never given back: one thread is enough for a server
        # no daemon, as what a page starts else is: a server that ends just then waits for it a little, for
        # PyTorch cannot be cut off while it loads, and takes its shapes apart as Python ends
        Thread(target=_load, args=(loaded,), name="warm", daemon=False).start()


def ready() -> bool:
    """Whether PyTorch is there. Asking loads nothing."""
    return _server()[1].is_set()


def wait() -> None:
    """Every page that computes calls this below its title: it goes on, or waits once and opens the page anew.

    Anew because the frame, drawn before, knows the device only when PyTorch is there.
    """
    if "device" in st.session_state:
        return
    start()
    with st.spinner("Loading PyTorch, a few seconds once per server"):
        _until_ready()
    st.rerun()


def come_alive() -> None:
    """Begin loading once the browser has drawn the page, and draw it anew when PyTorch is there.

    Not before: loading stops the server for moments, in which the browser would wait for what it draws with.
    """
    drawing = True

    @st.fragment(run_every=0.3)
    def look() -> None:
        if not drawing:  # called by the browser, then, which has something on screen
            start()
            _until_ready()
            st.rerun()

    look()
    drawing = False


def _server() -> tuple[Lock, Event]:
    """Whether loading has begun, and whether it is done."""
    return server.kept("warm", lambda: (Lock(), Event()))


def _until_ready() -> None:
    """Wait in one run: Streamlit collects garbage after each, which takes long while much is being loaded."""
    while not _server()[1].wait(0.1):
        st.session_state.get("device")  # whoever goes to another page meanwhile is let go here


def _load(loaded: Event) -> None:
    # threads that wait spin as briefly as those that train (aecore/jobs/engine.py); with the default, pages
    # that compute beside a training took up to four times as long, and held it up
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        from aecore.models import build, check_size

        build(DenseConfig())  # the first model takes longer than the next
    finally:
        loaded.set()  # should it fail, the page that needs it says why
    check_size(DenseConfig(), batch_size=1)  # asking for shapes loads as much again; the Train page will ask
    gc.collect()
    gc.freeze()  # what is loaded now stays: else Streamlit looks through all of it after every click
    atexit.register(gc.unfreeze)  # or the libraries complain of leaks
