"""Puts app.py around a page that Streamlit opened without it."""

import runpy
from pathlib import Path

import streamlit as st

APP = Path(__file__).resolve().parents[2] / "app.py"


def ensure_frame() -> None:
    """Call this first in every page.

    Until somebody has opened `/` on a fresh server, Streamlit runs the file behind a deep link such as
    /train by itself, because the folder is called `pages`. Then app.py is run instead, and opens the page.
    """
    if "frame" not in st.session_state:
        runpy.run_path(str(APP), run_name="__main__")
        st.stop()
