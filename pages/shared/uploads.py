"""People's own pictures, in the form that a model knows; what cannot be used is said in a sentence."""

from time import monotonic

import numpy as np
import streamlit as st
from streamlit.typing import UploadedFile

from aecore.data import SOURCES
from aecore.data import uploads as files
from aecore.errors import LabError
from pages.shared.wording import about, sentence


def pictures(key: str, dataset: str) -> np.ndarray | None:
    """Uploaded pictures as images of a data set's form, uint8 (N, C, H, W); None where there are none.

    A file that cannot be used is named, and the others are taken.
    """
    source = SOURCES[dataset]
    channels, height, width = source.image_shape
    chosen = st.file_uploader(
        "Your pictures",
        type=list(files.SUFFIXES),
        accept_multiple_files=True,
        key=f"{key}-files",
        max_upload_size=files.MOST_BYTES // 2**20,
        help=f"PNG, JPEG or WebP. They become {'grey' if channels == 1 else 'colour'} pictures of "
        f"{width}×{height} pixels{', ink on paper becomes white on black' if source.white_on_black else ''}.",
    )
    taken, found = chosen[:MOST], []
    bar, start = st.empty(), monotonic()
    for number, file in enumerate(taken):
        if (passed := monotonic() - start) > PATIENCE:
            left = about(passed / number * (len(taken) - number))
            bar.progress(
                number / len(taken), f"Reading picture {number + 1} of {len(taken)} · about {left} left"
            )
        image = _fitted(file.file_id, dataset, file)
        if isinstance(image, str):
            st.error(sentence(image))
        else:
            found.append(image)
    bar.empty()
    if len(chosen) > MOST:
        st.warning(f"These are {len(chosen):,} pictures: the first {MOST} of them are taken.")
    return np.concatenate(found) if found else None


# in the session: a browser chooses its files' ids, and nobody's pictures are another's
@st.cache_data(scope="session", max_entries=1_000, show_spinner=False)
def _fitted(file_id: str, dataset: str, _file: UploadedFile) -> np.ndarray | str:  # noqa: ARG001, the key
    """One file as an image (1, C, H, W), or why it is none; read once however often the page is drawn."""
    source = SOURCES[dataset]
    content = _called(_file), _file.getvalue()
    try:
        return files.pictures([content], source.image_shape, dark=source.white_on_black)
    except LabError as error:
        return str(error)


def one(key: str, help: str) -> np.ndarray | None:
    """One uploaded picture as it is, uint8 colours (H, W, 3); None where there is none that can be used."""
    file = st.file_uploader(
        "Your picture",
        type=list(files.SUFFIXES),
        key=f"{key}-file",
        max_upload_size=files.MOST_BYTES // 2**20,
        help=help,
    )
    if file is None:
        return None
    try:
        return files.picture(file.getvalue(), _called(file))
    except LabError as error:
        st.error(sentence(str(error)))
        return None


def _called(file: UploadedFile) -> str:
    """A file at the beginning of a sentence, whose capital letter is not the name's."""
    return f"the file {file.name}"


MOST = 100
"""Pictures at once."""

PATIENCE = 0.5
"""Seconds of reading before a bar is drawn."""
