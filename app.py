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
            st.Page(
                "pages/denoise.py",
                title="Denoise",
                icon=":material/draw:",
                help="Draw, add noise, and see what models and filters make of it.",
            ),
            st.Page(
                "pages/latent.py",
                title="Latent space",
                icon=":material/scatter_plot:",
                help="The codes as a map that draws back: click a place and see what belongs there.",
            ),
            st.Page(
                "pages/features.py",
                title="Features",
                icon=":material/grid_view:",
                help="What each unit of a code stands for, and what a picture is without it.",
            ),
        ],
        "Put to work": [
            st.Page(
                "pages/compress.py",
                title="Compress",
                icon=":material/compress:",
                help="How few bytes a picture can be, as a real file, beside PNG, JPEG, WebP and PCA.",
            ),
            st.Page(
                "pages/classify.py",
                title="Classify",
                icon=":material/category:",
                help="Whether a code tells classes apart better than pixels, with few labels and with many.",
            ),
            st.Page(
                "pages/anomaly.py",
                title="Anomaly",
                icon=":material/search_insights:",
                help="What is not like the rest, by a model of the normal, and by simpler methods.",
            ),
            st.Page(
                "pages/transform.py",
                title="Transform",
                icon=":material/auto_fix_high:",
                help="Colour from grey, sharp from coarse, a hole filled; beside what arithmetic gives.",
            ),
            st.Page(
                "pages/generate.py",
                title="Generate",
                icon=":material/auto_awesome:",
                help="New pictures: from codes that belong to none, from between two, from sums of codes.",
            ),
        ],
    }
)
st.set_page_config(page_title=f"{page.title} · Autoencoder Lab")
if st.session_state.get("page") != page.url_path:
    st.session_state.update(page=page.url_path, entered=True)  # frame.choose_model takes note
    st.session_state["entries"] = st.session_state.get("entries", 0) + 1  # canvas.drawing does

engine.recognise()
frame.choose_device()
if warm.ready():  # not before: two imports of PyTorch at once take twice as long
    engine.jobs().start()
page.run()
