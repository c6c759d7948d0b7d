"""The frame around every page: the tab's title and icon, and the menu. `streamlit run app.py` starts here."""

from pathlib import Path

import streamlit as st

st.session_state["frame"] = True  # pages.shared.frame looks for it
icon = Path(__file__).parent / "pages" / "shared" / "icon.svg"  # the browser would download a Material icon
st.set_page_config(page_icon=icon, layout="wide")

page = st.navigation(
    {
        "": [
            st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
        ],
    }
)
st.set_page_config(page_title=f"{page.title} · Autoencoder Lab")
page.run()
