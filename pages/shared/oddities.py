"""The strangest pictures and the most normal ones, and where in a picture the strangeness is."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.analysis.methods import METHODS
from aecore.runs import Run
from pages.shared import address, canvas, pictures, restoring, state
from pages.shared.hunt import Found
from pages.shared.wording import within

if TYPE_CHECKING:
    from aecore.analysis.comparison import Versions

COUNT, PER_BLOCK = 10, 5
SHOW = {
    "strangest": "Strangest",
    "normal": "Most normal",
    "missed": "Strange, best hidden",
    "alarms": "Normal, most suspect",
}
SENTENCES = {
    "strangest": "The highest scores of all. A star marks what is normal all the same.",
    "normal": "The lowest scores of all. A star marks what is strange all the same.",
    "missed": "Strange pictures with the lowest scores: the first that any threshold misses.",
    "alarms": "Normal pictures with the highest scores: the first false alarms.",
}
KEY = "anomaly"


def gallery(run: Run, found: Found, device: str) -> None:
    """Ten pictures at one end of the scores, as they were, redrawn, and where they differ."""
    if found.hunt.method not in found.methods:
        return
    show = address.choose(
        "Which",
        SHOW,
        key="show",
        default="strangest",
        refusal="The linked view is unknown: these are the strangest.",
        widget=st.segmented_control,
        label_visibility="collapsed",
    )
    table = _table(found)
    shown = _chosen(table, show)
    seen = _versions(run, shown, device)
    rows = _rows(run, seen, device, [f"{score:.4g}" for score in shown["score"]])
    expected = {"strangest": True, "normal": False}.get(show)
    marks = ["" if expected is None or strange == expected else " *" for strange in shown["strange"]]
    headings = [name + mark for name, mark in zip(shown["class"], marks, strict=True)]
    place = st.container(horizontal=True)
    for number, png in enumerate(pictures.blocks(rows, headings=headings, size=PER_BLOCK)):
        place.image(
            pictures.address(png),
            width=pictures.width(png),
            alt=f"{SHOW[show]} pictures by {within(METHODS[found.hunt.method])}, block {number + 1}: as they "
            "were, redrawn, and the squared error at each pixel",
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            f"{SENTENCES[show]} Below each: its score. The last row is where the model redraws it wrongly.",
            width="stretch",
        )
        st.download_button(
            "Scores (CSV)",
            lambda: table.to_csv(index=False),
            f"{run.id}-{found.hunt.method}.csv",
            key="scores-csv",
            icon=":material/table:",
            on_click="ignore",
            help="Every test picture with its score by the chosen method.",
        )


def drawn(run: Run, found: Found, device: str) -> None:
    """A drawing, how strange it is to the model, and where."""
    dataset = run.experiment.data.dataset

    @st.fragment
    def at_work() -> None:
        from aecore.analysis.anomaly import error_of
        from aecore.analysis.detection import rank, threshold

        both = st.container(horizontal=True)
        with both.container(width=canvas.SIDE):
            drawing = restoring.drawn(KEY, dataset)
        with both.container(width=restoring.WIDTH):
            if drawing is None:
                st.info(
                    "The canvas is empty: draw something, or begin with a test picture.",
                    icon=":material/draw:",
                )
                return
            image = restoring.clean(KEY, dataset, drawing)
            score, seen = error_of(state.model(run.id, device), run.experiment.data, image)
            held_out = found.by("error")[0]
            usual = threshold(held_out, 0.95)
            stranger = rank(held_out, score) - 1
            st.markdown(
                f"**{'Strange' if score > usual else 'Normal'}**: error {score:.4f}; the threshold that lets "
                f"95 % of the held-out normal pictures pass is {usual:.4f}, and {stranger:,} of "
                f"{len(held_out):,} of them are as strange as this or stranger."
            )
            rows = _rows(run, seen, device, [])
            tiles = np.concatenate([row.tiles for row in rows])
            png = pictures.grid(
                [pictures.Row("", tiles)],
                per_line=len(rows),
                headings=[row.label for row in rows],
                side=140 if len(rows) < 4 else 112,
            )
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt="The drawing, redrawn, and where the two differ",
            )
            st.caption(
                "Look for strokes that the model leaves out: it has seen none like them. A drawing is always "
                "told by the reconstruction error and this threshold, whatever is chosen above."
            )

    at_work()


def _table(found: Found) -> pd.DataFrame:
    """Every test picture: its place, data set, class, whether it is strange, and its score."""
    _, normal, strange = found.by(found.hunt.method)
    parts = []
    for source, numbers, scores, odd in (
        (found.hunt.source, found.normal_numbers, normal, False),
        (found.hunt.from_where, found.strange_numbers, strange, True),
    ):
        labels = state.images(source.name).test_labels.numpy()[numbers]
        names = np.array(source.class_names)[labels]
        parts.append(
            pd.DataFrame(
                {"picture": numbers, "data": source.name, "class": names, "strange": odd, "score": scores}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _chosen(table: pd.DataFrame, show: str) -> pd.DataFrame:
    if show in ("missed", "alarms"):
        table = table[table["strange"] == (show == "missed")]
    return table.sort_values("score", ascending=show in ("normal", "missed"), kind="stable").head(COUNT)


def _versions(run: Run, shown: pd.DataFrame, device: str) -> "Versions":
    from aecore.analysis.anomaly import as_asked

    images = np.stack(
        [
            state.images(dataset).test_images[number].numpy()
            for dataset, number in zip(shown["data"], shown["picture"], strict=True)
        ]
    )
    return as_asked(images, run.experiment.data, device)


def _rows(run: Run, seen: "Versions", device: str, texts: list[str]) -> list[pictures.Row]:
    from aecore.analysis.comparison import redraw

    after, difference = redraw(state.model(run.id, device), seen)
    rows = [pictures.Row("Picture", pictures.rgb(seen.targets.cpu().numpy()))]
    if seen.differ:
        rows.insert(0, pictures.Row("It sees", pictures.rgb(seen.inputs.cpu().numpy())))
    return [
        *rows,
        pictures.Row("Redrawn", pictures.rgb(after)),
        pictures.Row("Error", pictures.heat(np.square(difference)), texts),
    ]
