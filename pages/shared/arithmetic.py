"""Sums of codes: what of a picture goes along when it is carried to another one."""

import numpy as np
import streamlit as st

from aecore.runs import Run
from pages.shared import address, pictures, state, terms, walk

SIDE, BESIDE, PER_PIECE = 112, 84, 2
"""Screen pixels of a picture, alone and beside a canvas; pictures in a piece that fits on a phone."""

HATTED = "Test picture of 3"
"""What gets a hat, where there is such a thing."""


def show(run: Run, device: str) -> None:
    """A - B + C of three codes, decoded, beside the same sum of pixels."""
    style, other = walk.usual(run)
    usual = "mean" if style != other else "test"  # the mean of one class minus itself is nothing
    with st.container(horizontal=True, vertical_alignment="top"):
        wishes = [
            terms.choose("A", run, key="a", default=f"test-{style}", number=5),
            b := terms.choose("− B", run, key="b", default=f"{usual}-{style}"),
            terms.choose("+ C", run, key="c", default=f"{usual}-{other}", after=b),
        ]
    left, right = terms.places(wishes)
    with left:
        found = terms.read(run, wishes, device)
    if found is not None:
        with right:
            if np.array_equal(found[1].picture, found[2].picture):
                other = "press Another one" if wishes[2].kind == "test" else "choose another picture"
                st.info(f"B and C are the same picture, so the sum is A: {other} under C.")
            _result(run, found, BESIDE if terms.drawn(wishes) else SIDE, device)
    if HATTED in terms.options(run).values():
        _hat(run, device)


def _hat(run: Run, device: str) -> None:
    """A first sum to try, where there are threes."""
    with st.expander("A three with a hat", icon=":material/lightbulb:"):
        st.markdown(
            "**B** and **C** are two different test pictures of three, and **A** is a drawing, which begins "
            "with B. Draw a hat on it, and see whether C gets one. A model that never saw a hat may have no "
            "code for it: then the pixels win."
        )
        st.button("Set it up", key="hat", icon=":material/draw:", on_click=_set_up, args=(run, device))


def _set_up(run: Run, device: str) -> None:
    word = next(word for word, label in terms.options(run).items() if label == HATTED)
    for key, value in {"a": "draw-1", "b": word, "b-nth": 0, "c": word, "c-nth": 1}.items():
        address.write(key, value)
    terms.begin(run, 1, terms.Wish(word, 0), device)


def _result(run: Run, found: list[terms.Term], side: int, device: str) -> None:
    """The terms and their sum, as pixels and as codes."""
    rows = [
        pictures.Row("Pictures", pictures.rgb(pixels(found))),
        pictures.Row("Codes,\ndecoded", pictures.rgb(decoded(run, found, device))),
    ]
    signs = ("", "- ", "+ ")
    heads = [f"{sign}{term.name}" for sign, term in zip(signs, found, strict=True)]
    with st.container(horizontal=True, gap="xxsmall"):
        for png in pictures.blocks(rows, size=PER_PIECE, headings=[*heads, "= A - B + C"], side=side):
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt="Three pictures and their sum; below them what the decoder makes of their codes and of "
                "the sum of those",
            )
    st.caption(
        "Above, the sum of the pixels, cut off at black and white: what it takes no model for. Below, the "
        "sum of the codes, decoded. Look for what of A, and not of B, is carried to C."
    )
    terms.note(run)


def pixels(found: list[terms.Term]) -> np.ndarray:
    """The three pictures and the sum of their pixels: uint8 (4, C, H, W)."""
    a, b, c = (term.picture.astype(np.int64) for term in found)
    return np.stack([a, b, c, np.clip(a - b + c, 0, 255)]).astype(np.uint8)


def decoded(run: Run, found: list[terms.Term], device: str) -> np.ndarray:
    """What the decoder makes of the three codes and of their sum: uint8 (4, C, H, W)."""
    from aecore.analysis.codes import pictures_of

    a, b, c = (term.code for term in found)
    return pictures_of(state.model(run.id, device), np.stack([a, b, c, a - b + c]))
