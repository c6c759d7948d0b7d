"""Sums of codes: what of a picture goes along when it is carried to another one."""

import numpy as np
import streamlit as st

from aecore.runs import Run
from pages.shared import pictures, state, terms, walk

SIDE, BESIDE, PER_PIECE = 112, 84, 2
"""Screen pixels of a picture, alone and beside a canvas; pictures in a piece that fits on a phone."""


def show(run: Run, device: str) -> None:
    """A - B + C of three codes, decoded, beside the same sum of pixels."""
    style, other = walk.usual(run)
    with st.container(horizontal=True, vertical_alignment="top"):
        wishes = [
            terms.choose("A", run, key="a", default=f"test-{style}", number=5),
            terms.choose("− B", run, key="b", default=f"mean-{style}"),
            terms.choose("+ C", run, key="c", default=f"mean-{other}"),
        ]
    left, right = terms.places(wishes)
    with left:
        found = terms.read(run, wishes, device)
    if found is not None:
        with right:
            _result(run, found, BESIDE if terms.drawn(wishes) else SIDE, device)
    with st.expander("A three with a hat", icon=":material/lightbulb:"):
        st.markdown(
            "Let **B** and **C** be two test pictures of three, and **A** a drawing, which begins with B. "
            "Draw a hat on it, and see whether C gets one. A model that never saw a hat may have no "
            "code for it: then the pixels win."
        )


def _result(run: Run, found: list[terms.Term], side: int, device: str) -> None:
    """The terms and their sum, as pixels and as codes."""
    rows = [
        pictures.Row("Pictures", pictures.rgb(pixels(found))),
        pictures.Row("Codes,\ndecoded", pictures.rgb(decoded(run, found, device))),
    ]
    signs = ("", "- ", "+ ")
    heads = [f"{sign}{term.name}" for sign, term in zip(signs, found, strict=True)]
    with st.container(horizontal=True, gap="xxsmall"):
        for png in pictures.blocks(rows, size=PER_PIECE, headings=[*heads, "= their sum"], side=side):
            st.image(
                png,
                width=pictures.width(png),
                alt="Three pictures and their sum; below them what the decoder makes of their codes and of "
                "the sum of those",
            )
    st.caption(
        "Above, the sum of the pixels, cut off at black and white: what it takes no model for. Below, the "
        "sum of the codes, decoded. Look for what of A, and not of B, is carried to C."
    )


def pixels(found: list[terms.Term]) -> np.ndarray:
    """The three pictures and the sum of their pixels: uint8 (4, C, H, W)."""
    a, b, c = (term.picture.astype(np.int64) for term in found)
    return np.stack([a, b, c, np.clip(a - b + c, 0, 255)]).astype(np.uint8)


def decoded(run: Run, found: list[terms.Term], device: str) -> np.ndarray:
    """What the decoder makes of the three codes and of their sum: uint8 (4, C, H, W)."""
    from aecore.analysis.codes import pictures_of

    a, b, c = (term.code for term in found)
    return pictures_of(state.model(run.id, device), np.stack([a, b, c, a - b + c]))
