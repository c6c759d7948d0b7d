"""A data set that is not on this machine: the page offers to download it, and goes on once it is there."""

import streamlit as st

from aecore.data import SOURCES, available
from aecore.errors import LabError
from pages.shared import state
from pages.shared.wording import sentence


def need(dataset: str, why: str = "") -> None:
    """Stop the page where the data set is not here; `why` ends the sentence that says so."""
    if not available(dataset):
        offer(dataset, why)
        st.stop()


def offer(dataset: str, why: str = "") -> None:
    """The button that downloads a data set, and then draws the page anew."""
    title = SOURCES[dataset].title
    st.info(f"{title} is not on this machine{why}.", icon=":material/cloud_download:")
    if st.button(f"Download {title}", key="fetch", type="primary"):
        try:
            state.fetch(dataset)
            st.rerun()
        except LabError as error:
            st.error(sentence(str(error)))
