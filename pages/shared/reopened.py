"""A compressed file that somebody has: opened by the model that made it, or refused in a sentence."""

from typing import TYPE_CHECKING

import streamlit as st

from aecore.data.uploads import MOST_BYTES
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import address, pictures, state
from pages.shared.compressed import CODERS
from pages.shared.wording import plain, sentence

if TYPE_CHECKING:
    from aecore.compression import Decompressed

ACROSS, DOWN = 20, 4
"""Pictures shown: 80 at most."""

SIDE = 840

MOST_PICTURES, MOST_NUMBERS = 10_000, 2**24
"""In a file that a page opens, while somebody waits; a small file may ask for very many."""


def show(run: Run, device: str) -> None:
    """Choose a file; its pictures, or why there are none."""
    file = st.file_uploader(
        "An .aez file",
        type="aez",
        key="reopen",
        max_upload_size=MOST_BYTES // 2**20,
        label_visibility="collapsed",
    )
    if file is None:
        st.caption("Upload what you downloaded above, or somebody's file: the same codes come out, exactly.")
        return
    from aecore.compression import aez

    content = file.getvalue()
    try:
        contents = aez.read(content)
        _same_model(run, contents.run)
        if contents.count > MOST_PICTURES or contents.count * contents.code_size > MOST_NUMBERS:
            st.error(
                f"{contents.count:,} pictures in codes of {contents.code_size:,} numbers are too many for "
                f"this page, which opens {MOST_PICTURES:,} and {MOST_NUMBERS:,} numbers: open the file with "
                "`python -m aecore decompress`."
            )
            return
        with st.spinner("Opening the file"):
            found = decompressed(run.id, device, content)
    except LabError as error:
        st.error(sentence(str(error)))
        return
    bits = "float16" if contents.bits == 16 else f"{contents.bits} bits"
    st.markdown(
        f"**{contents.count:,} picture{'s' * (contents.count != 1)}** out of {len(content):,} bytes: codes "
        f"of {contents.code_size:,} numbers of {bits}, coder: {CODERS[contents.coder].lower()}."
    )
    count = min(len(found.pictures), ACROSS * DOWN)
    across = min(count, ACROSS)
    count -= count % across
    png = pictures.mosaic(found.pictures[:count], across, min(SIDE, 84 * across))
    st.image(pictures.address(png), width=pictures.width(png), alt=f"The first {count} pictures in the file")
    st.download_button(
        "Pictures (PNG)",
        lambda: whole(found),
        f"{run.id}.png",
        key="reopened-png",
        icon=":material/image:",
        on_click="ignore",
        help="All of them, side by side.",
    )


def _same_model(run: Run, made_by: str) -> None:
    """Where another model made the file that is here, offer it."""
    if made_by != run.id and made_by in state.usable_here():
        st.button(
            f"Take the model that made it: {plain(state.usable_here()[made_by].name)}",
            key="take-maker",
            icon=":material/swap_horiz:",
            on_click=address.write,
            args=("model", made_by),
        )


@st.cache_resource(max_entries=2, show_spinner=False)
def decompressed(run_id: str, device: str, content: bytes) -> "Decompressed":
    """What is in a file. Raises LabError, and is not kept, where it cannot be opened."""
    from aecore.compression import decompress

    return decompress(state.codec(run_id, device), content)


def whole(found: "Decompressed") -> bytes:
    """All pictures of a file, edge to edge, as they are; a PNG."""
    from aecore.compression.formats import file, side_by_side

    return file(side_by_side(found.pictures), "PNG")
