"""One picture on its way through a model, drawn: the original, its code, and what the code gives back."""

import streamlit as st

from aecore.runs.example import Example
from pages.shared import pictures

SIDE = 168  # screen pixels: six for each of MNIST's, and two pictures side by side on a phone


def show(example: Example, about: str) -> None:
    """The three as pictures of one size, and the error in words, with `about` after it."""
    pixels, numbers = example.original.size, example.code.size
    with st.container(horizontal=True, key="example"):
        st.image(
            pictures.address(pictures.picture(example.original, SIDE)),
            width=SIDE,
            caption=f"The original: {pixels:,} pixels",
            alt=f"A test picture of class {example.class_name}",
        )
        st.image(
            pictures.address(pictures.code(example.code, SIDE)),
            width=SIDE,
            caption=f"Its code: {numbers} numbers",
            alt=f"{numbers} bars, one for each number of the code, blue above and orange below zero",
        )
        st.image(
            pictures.address(pictures.picture(example.reconstruction, SIDE)),
            width=SIDE,
            caption=f"Redrawn from the {numbers}",
            alt="The same picture, drawn again from the code alone",
        )
        with st.container(width=SIDE + 4, gap="xsmall"):
            st.metric(
                "Error of this picture",
                f"{example.mse:.5f}",
                help="Mean squared error per pixel, where black is 0 and white is 1.",
            )
            off = f"{example.mse**0.5:.1%}"
            st.caption(
                f"PSNR {example.psnr:.1f} dB: a pixel is off by about {off} of the way from black to white.",
                help="Peak signal-to-noise ratio: the error on a scale where 10 dB more is a tenth of the "
                "error. From about 30 dB on, a difference is hard to see.",
            )
            st.caption(about)
