"""Quality against bytes: models of one data set at every number of bits, PCA, PNG, JPEG and WebP."""

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aecore.recipes import RECIPES
from aecore.runs import Run
from pages.shared import address, analysis, figures, form, state
from pages.shared.analysis import Ask
from pages.shared.compressed import title
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays
    from aecore.compression.quality import Trial

MOST_MODELS = 6
FORMATS, PCA = "PNG, JPEG, WebP", "PCA"
HEIGHT = 520
WORDS = {"singly": "a file each", "together": "all in one"}
GREY = "#757c8d"
LOOKS = {
    "JPEG": {"color": "#e73d07"},
    "WebP": {"color": "#7608f6"},
    "PNG": {"color": GREY},
}


def show(run: Run, found: "Trial | None", device: str) -> None:
    """The curves where they are known or asked for, else a button; `found` is the file of test pictures."""
    asked = asks(run)
    if not all(map(analysis.known, asked.values())) and st.query_params.get("curve") != "yes":
        st.button(
            f"Compute {len(asked)} curves",
            key="compute",
            icon=":material/show_chart:",
            on_click=address.write,
            args=("curve", "yes"),
            help="Half a minute or so the first time; then it is kept.",
        )
        return

    def draw(curves: "dict[str, Arrays]") -> None:
        place = st.container(height=HEIGHT + 20, border=False)  # so that nothing moves when one comes
        if not curves:
            place.skeleton(height=HEIGHT)
            return
        place.plotly_chart(
            figure(curves, found),
            key="rate",
            config=figures.PLAIN,
            alt=f"PSNR against bytes for each picture, for {', '.join(curves)}",
        )
        if found and (told := at_equal_bytes(run, found, curves)):
            st.markdown(told)
        with st.container(horizontal=True, vertical_alignment="center"):
            _offers(run, curves)

    analysis.answers(asked, draw, device=device, title="Curves")


def _offers(run: Run, curves: "Mapping[str, Arrays]") -> None:
    """The points as a table, and another code size to train."""
    st.download_button(
        "Curves (CSV)",
        lambda: table(curves),
        f"rate-distortion-{run.experiment.data.dataset}.csv",
        key="rate-csv",
        icon=":material/table:",
        on_click="ignore",
        help="Every point of the curves.",
    )
    other = "lab-16" if run.experiment.model.code_size >= 32 else "lab-64"
    st.page_link(
        "pages/train.py",
        label="Train another code size",
        icon=":material/play_arrow:",
        query_params=form.link(RECIPES[other].on(run.experiment.data.dataset)),
        help="Its curve joins these: a code as large as the bytes you have is best.",
    )


def asks(run: Run) -> dict[str, Ask]:
    """The questions, by the name of their line: this model, others of its data set, PCA and formats."""
    dataset = run.experiment.data.dataset
    others = [
        other
        for other in state.usable_here().values()
        if other.experiment.data.dataset == dataset and other.experiment.data.plain and other.id != run.id
    ]
    chosen = [run, *others[: MOST_MODELS - 1]]
    names = [each.name.removesuffix(f" on {dataset}") for each in chosen]
    models = {
        f"{name} ({each.experiment.model.code_size:,})"
        if names.count(name) == 1
        else f"{name} · {each.id}": Ask("rate-distortion", each.id, {})
        for name, each in zip(names, chosen, strict=True)
    }
    return {
        **models,
        PCA: Ask("rate-distortion-pca", dataset, {}),
        FORMATS: Ask("rate-distortion-formats", dataset, {}),
    }


def figure(curves: "Mapping[str, Arrays]", found: "Trial | None") -> go.Figure:
    """A line for each model, thick for the first, with a point for each number of bits; baselines dashed."""
    from aecore.compression.curve import best

    chart = go.Figure(layout={"height": HEIGHT, "margin": {"t": 10, "b": 10}})
    models = [name for name in curves if name not in (PCA, FORMATS)]
    for place, name in enumerate(models):
        curve = curves[name]
        words = ["float16" if bits == 16 else f"{bits} bits" for bits in curve["bits"]]
        _line(chart, name, curve["bytes"], curve["psnr"], words, width=4 if not place else 2)
    if PCA in curves:
        curve = curves[PCA]
        line = best(curve["bytes"], curve["psnr"])
        pairs = zip(curve["components"][line], curve["bits"][line], strict=True)
        words = [f"{count} numbers of {bits} bits" for count, bits in pairs]
        look = {"color": GREY, "dash": "dash"}
        _line(chart, "PCA, the best sizes", curve["bytes"][line], curve["psnr"][line], words, **look)
    for name, points in sorted(curves.get(FORMATS, {}).items()):
        kind, how = name.split(", ")
        if kind == "WebP lossless":
            continue  # between the others; it is in the table
        look = LOOKS[kind] | {"dash": "dot" if how == "singly" else "dashdot"}
        label = f"{kind}, {WORDS[how]}"
        if np.isfinite(points[:, 1]).all():
            _line(chart, label, points[:, 0], points[:, 1], ["lossy"] * len(points), **look)
        else:
            _line(
                chart, f"{label}: no loss", points[[0, 0], 0], np.array([8.0, 50.0]), ["no loss"] * 2, **look
            )
    if found:
        chart.add_scatter(
            name="test pictures, as chosen above",
            x=[found.bytes_each],
            y=[found.psnr],
            mode="markers",
            marker={"size": 18, "symbol": "circle-open", "color": "#1bbe6e", "line": {"width": 3}},
            hoverinfo="skip",
        )
    sizes = [float(size) for trace in chart.data for size in trace.x]
    chart.update_xaxes(title="Bytes for each picture, the file's head counted", **figures.logarithmic(sizes))
    chart.update_yaxes(title="PSNR of the mean error, decibels")
    chart.update_layout(legend={"orientation": "h", "y": -0.2, "x": 0})
    return chart


def at_equal_bytes(run: Run, found: "Trial", curves: "Mapping[str, Arrays]") -> str:
    """In a sentence: what others do with as many bytes as the file has for each picture."""
    size, told = found.bytes_each, []
    if PCA in curves:
        told.append(f"PCA, at its best size, {_reached(curves[PCA]['bytes'], curves[PCA]['psnr'], size)}")
    for name, points in sorted(curves.get(FORMATS, {}).items()):
        kind, how = name.split(", ")
        if how == "together" and np.isfinite(points[:, 1]).all():
            told.append(f"{kind}, all in one file, {_reached(points[:, 0], points[:, 1], size)}")
    if not told:
        return ""
    return (
        f"At {size:,.1f} bytes a picture **{plain(run.name)}** reaches {found.psnr:.1f} dB on test pictures "
        f"of {title(run.experiment.data.dataset)}. {'; '.join(told)}."
    )


def _reached(sizes: np.ndarray, decibels: np.ndarray, wanted: float) -> str:
    """What a method does with so many bytes an image, or that its files are all larger, or all smaller."""
    from aecore.compression.curve import at_bytes

    reached = at_bytes(sizes, decibels, wanted)
    if reached is not None:
        return f"reaches {reached:.1f} dB"
    least, finest = sizes.argmin(), decibels.argmax()
    if wanted < sizes[least]:
        return f"needs at least {sizes[least]:,.0f} bytes ({decibels[least]:.1f} dB)"
    return f"needs fewer, {sizes[finest]:,.0f} bytes, for its best, {decibels[finest]:.1f} dB"


def table(curves: "Mapping[str, Arrays]") -> bytes:
    """Every point as CSV: method, bytes a picture, decibels, and its settings."""
    frames = []
    for name, curve in curves.items():
        if name == FORMATS:
            for kind, points in sorted(curve.items()):
                frames.append(pd.DataFrame({"method": kind, "bytes": points[:, 0], "psnr": points[:, 1]}))
        else:
            frames.append(pd.DataFrame({"method": name, **{key: curve[key] for key in sorted(curve)}}))
    return pd.concat(frames).to_csv(index=False).encode()


def _line(
    chart: go.Figure, name: str, x: np.ndarray, y: np.ndarray, words: list[str], **look: str | int
) -> None:
    chart.add_scatter(
        name=html.escape(name),
        x=x,
        y=y,
        mode="lines+markers",
        line=look,
        marker={"size": 5},
        customdata=words,
        hovertemplate="%{x:.1f} bytes: %{y:.1f} dB<br>%{customdata}<extra>%{fullData.name}</extra>",
    )
