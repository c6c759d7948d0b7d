"""The frame around every page: the tab's title and icon, the menu, the device.

`streamlit run app.py` starts here.
"""

from pathlib import Path

import streamlit as st

from pages.shared import engine, frame, goodbye, warm

goodbye.do_not_wait()
st.session_state["frame"] = True  # for this run: ensure_frame takes it
icon = Path(__file__).parent / "pages" / "shared" / "icon.svg"  # the browser would download a Material icon
st.set_page_config(page_icon=icon, layout="wide")

page = st.navigation(
    {
        "": [
            st.Page(
                "pages/home.py",
                title="Home",
                icon=":material/home:",
                default=True,
                help="A trained model at work, and the ways on from there.",
            ),
        ],
        "Train": [
            st.Page(
                "pages/train.py",
                title="Train",
                icon=":material/play_arrow:",
                help="Choose a network and a data set, and watch it learn.",
            ),
            st.Page(
                "pages/runs.py",
                title="Runs",
                icon=":material/list:",
                help="Everything that was trained here: compare, rename, go on, delete.",
            ),
        ],
        "Look inside": [
            st.Page(
                "pages/reconstruct.py",
                title="Reconstruct",
                icon=":material/compare:",
                help="What is left of a picture that went through the code, beside PCA.",
            ),
        ],
    }
)
st.set_page_config(page_title=f"{page.title} · Autoencoder Lab")
if st.session_state.get("page") != page.url_path:
    st.session_state.update(page=page.url_path, entered=True)  # frame.choose_model takes note

engine.recognise()
frame.choose_device()
if warm.ready():  # not before: two imports of PyTorch at once take twice as long
    engine.jobs().start()
page.run()
