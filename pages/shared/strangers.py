"""Pictures that a model was not made for, compressed by it: what being made for some data costs."""

import pandas as pd
import streamlit as st

from aecore.data import SOURCES, available
from aecore.runs import Run
from pages.shared import pictures, state
from pages.shared.compressed import title
from pages.shared.restoring import decibels

SHOWN = 2
"""Pictures of each data set, before and after."""


def show(run: Run, bits: str, coder: str, device: str) -> None:
    """The model's own data first, then all others on this machine: figures, and pictures before and after.

    Raises LabError.
    """
    own = run.experiment.data.dataset
    names = [own, *(name for name in SOURCES if name != own and available(name))]
    rows, most = [], 0
    with st.container(horizontal=True, gap="small"):
        for name in names:
            found = state.compressed_beside(run.id, device, bits, coder, name)
            most = max(most, len(found.asked))
            rows.append((title(name), found.psnr, found.ssim, found.bytes_each))
            both = {"Before": found.asked, "After": found.pictures}
            grid = [pictures.Row(when, pictures.rgb(images[:SHOWN])) for when, images in both.items()]
            png = pictures.grid(grid, per_line=SHOWN)
            with st.container(width=pictures.width(png)):
                st.markdown(f"**{title(name)}**")
                st.image(
                    pictures.address(png),
                    width=pictures.width(png),
                    alt=f"{title(name)}: before, and out of the file",
                )
    frame = pd.DataFrame(rows, columns=["Test pictures of", "PSNR", "SSIM", "Bytes a picture"])
    with st.container(width=520):
        st.dataframe(
            frame.assign(PSNR=[decibels(value) for value in frame["PSNR"]]),
            hide_index=True,
            column_config={
                "SSIM": st.column_config.NumberColumn(format="%.3f"),
                "Bytes a picture": st.column_config.NumberColumn(format="%.1f"),
            },
            alt=". ".join(f"{name}: {decibels(psnr)}, {size:.1f} bytes" for name, psnr, _, size in rows),
        )
    st.download_button(
        "Other data (CSV)",
        lambda: frame.to_csv(index=False),
        f"{run.id}-other-data.csv",
        key="strangers-csv",
        icon=":material/table:",
        on_click="ignore",
    )
    st.caption(told(rows, most))


def told(rows: list[tuple[str, float, float, float]], most: int) -> str:
    """What to look for, with the largest difference in words; figures are of `most` images each."""
    name, psnr, *_ = rows[0]
    if len(rows) == 1:
        return "No other data set is on this machine."
    worst = min(rows[1:], key=lambda row: row[1])
    return (
        f"Measured on up to {most:,} test pictures of each. {name}, its own data set, comes back with "
        f"{decibels(psnr)}, {worst[0]} with {decibels(worst[1])}: look for strokes of its own data "
        "in pictures that have none. JPEG and PNG are made for any picture, this for one kind."
    )
