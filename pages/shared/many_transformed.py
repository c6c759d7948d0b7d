"""How a model fares over many test pictures, beside what needs no model: figures, the worst and the best."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, analysis, pictures, state, tasks
from pages.shared.restoring import decibels
from pages.shared.transformed import LOOK_WHERE_OFF, baseline, figures_explained, titles

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays
    from aecore.analysis.transform_quality import Standing

SHOWN = 5
"""Pictures in a row: a phone is as wide."""

SMOOTHED = ("half", "quarter", "hole")
"""What a model sees where what its rival fills in is smooth, so that edges are hard."""

ORDERS = {"error": "Worst and best", "lead": "Behind and ahead"}
"""Which pictures to show: by the model's error, or by how much smaller it is than its baseline's."""

LOOK = "Look whether a model that is ahead is so for most pictures, or only for a few."

WIDTH = 560
"""Screen pixels of the table."""


@st.cache_resource(max_entries=8, show_spinner=False)
def some(run_id: str, device: str, indices: tuple[int, ...]) -> dict[str, np.ndarray]:
    """What became of some of the judged pictures, uint8 (N, C, H, W) by method, and as `target`."""
    from aecore.analysis.transform_quality import drawn, judged_versions

    experiment = state.runs.get(run_id).experiment
    images = judged_versions(experiment, state.images(experiment.data.dataset)).at(np.array(indices))
    return drawn(state.model(run_id, device), baseline(run_id), images)


def show(run: Run, device: str) -> None:
    """The answer to the question, once it is there. Raises LabError."""
    answer = analysis.answered("transforming", run.id, {}, device=device, title="Judging test pictures")
    if answer is None:
        return
    from aecore.analysis.transform_quality import standing
    from aecore.analysis.transformation import keeps_known

    beside, found = baseline(run.id), standing(answer["mse"])
    name = beside.name
    st.markdown(told(run, answer, found, name), help=figures_explained(beside))
    frame = table(answer, name)
    with st.container(width=WIDTH):
        st.dataframe(
            frame,
            hide_index=True,
            alt=". ".join(f"{row['']}: {row['PSNR']}, SSIM {row['SSIM']}" for _, row in frame.iterrows()),
        )
    known = keeps_known(run.experiment.data)
    st.caption(
        "PSNR: of the error averaged over all pictures. 8 of 10 pictures: eight in ten lie in this range. "
        "SSIM: averaged. "
        + ("Pixels around the hole are known and count, for all alike. " if known else "")
        + (LOOK_WHERE_OFF if beside.exact else LOOK)
    )
    galleries(run, answer, found, device, name)
    st.download_button(
        "Every picture (CSV)",
        lambda: csv(answer, name),
        f"{run.id}-transformed.csv",
        key="many-csv",
        icon=":material/table:",
        on_click="ignore",
        help="Error, PSNR and SSIM of each picture, for the model, its baseline, and the picture as it was.",
    )


def told(run: Run, answer: "Arrays", found: "Standing", name: str) -> str:
    """Who comes closer over all, and for how many of the pictures."""
    count, title = answer["mse"].shape[1], SOURCES[run.experiment.data.dataset].title
    ours, theirs, floor = answer["psnr"].tolist()
    begins = f"{count:,} test pictures of {title}: the model comes to **{decibels(ours)}**"
    if np.isinf(theirs):
        return f"{begins}; {name} is exact, by definition."
    words = f"{begins}, {name} to {decibels(theirs)}"
    if floor > min(ours, theirs):
        words += f"; {tasks.left(run)}, {decibels(floor)}"
    words += f". {_verdict(run, found, name)}"
    likeness, other = answer["mean_ssim"][[0, found.rival]].tolist()
    if (likeness > other) != (found.margin > 0) and f"{likeness:.3f}" != f"{other:.3f}":
        better = "the model" if likeness > other else _rival(run, found, name)
        words += f" By SSIM, {better} is ahead, {max(likeness, other):.3f} to {min(likeness, other):.3f}."
    return words


def _rival(run: Run, found: "Standing", name: str) -> str:
    """What the model is held against: the baseline by its name, or pictures left grey."""
    return name if found.baseline_rivals else f"pictures {tasks.left(run)}"


def _verdict(run: Run, found: "Standing", name: str) -> str:
    """Who wins, and where a few pictures decide on that, which ones."""
    closer = f"the model is closer for {found.ahead:.0%} of them"
    average = "About equal" if found.equal else "Ahead" if found.margin > 0 else "Behind"
    if not found.few_decide:
        better = "the model" if found.margin > 0 else name if found.baseline_rivals else "leaving them so"
        won = average if found.equal else f"{better[:1].upper()}{better[1:]} wins"
        return f"**{won}**; {closer}."
    if found.margin <= 0:
        return (
            f"**{average} on average, ahead on {found.ahead:.0%} of pictures**: it loses much on a few, and "
            "gains a little on most."
        )
    gains, loses = "a few", "most"
    if found.on_hard_ones:
        gains, loses = "a few hard ones", "easy ones"
        photos = not SOURCES[run.experiment.data.dataset].white_on_black
        if photos and run.experiment.data.input_transform in SMOOTHED:
            gains, loses = "a few hard ones, such as edges,", "flat ones"
    return (
        f"**{average} on average, behind on {found.behind:.0%} of pictures**: it gains much on {gains} and "
        f"loses a little on {loses}."
    )


def table(answer: "Arrays", name: str) -> pd.DataFrame:
    """A line for each method."""
    rows = [
        {
            "": title,
            "PSNR": _decibels(answer["psnr"][row]),
            "8 of 10 pictures": _range(answer["low"][row], answer["high"][row]),
            "SSIM": f"{answer['mean_ssim'][row]:.3f}",
        }
        for row, title in enumerate(titles(name).values())
    ]
    return pd.DataFrame(rows)


def _range(low: float, high: float) -> str:
    ends = _decibels(low), _decibels(high)
    return ends[0] if np.isinf(low) else " to ".join(ends)


def _decibels(psnr: float) -> str:
    return "exact" if np.isinf(psnr) else decibels(psnr)


@st.fragment
def galleries(run: Run, answer: "Arrays", found: "Standing", device: str, name: str) -> None:
    """The pictures at both ends of an order, by the model's error or by how far it is ahead."""
    from aecore.analysis.reconstruction import extremes

    order = "error"
    if not np.isinf(answer["psnr"][1]):
        order = address.choose(
            "Pictures",
            ORDERS,
            key="order",
            default="lead" if found.few_decide else "error",
            refusal="The linked order of pictures is unknown: this is the usual one.",
            widget=st.segmented_control,
        )
    if order == "lead":
        behind, ahead = extremes(found.lead, SHOWN)
        rival = _rival(run, found, name)
        ends = {f"Furthest behind {rival}": behind, f"Furthest ahead of {rival}": ahead}
    else:
        best, worst = extremes(answer["mse"][0], SHOWN)
        ends = {"The model's worst": worst, "The model's best": best}
    with st.container(horizontal=True, gap="medium"):
        for title, chosen in ends.items():
            drawn = some(run.id, device, tuple(chosen.tolist()))
            png = pictures.grid(rows(drawn, answer, chosen, name), per_line=SHOWN)
            with st.container(width=pictures.width(png), gap="xsmall"):
                st.markdown(f"**{title}**")
                st.image(
                    pictures.address(png),
                    width=pictures.width(png),
                    alt=f"{title}: {len(chosen)} pictures, every way",
                )


def rows(
    found: dict[str, np.ndarray], answer: "Arrays", chosen: Sequence[int] | np.ndarray, name: str
) -> list[pictures.Row]:
    """What became of the chosen pictures, a row for each method with its PSNR, and the truth."""
    labels = {"input": "Before", "model": "Model", "baseline": name[:1].upper() + name[1:].replace(" ", "\n")}
    order = {method: row for row, method in enumerate(titles(name))}
    shown = [
        pictures.Row(
            label,
            pictures.rgb(found[method]),
            [_decibels(value) for value in answer["each"][order[method], list(chosen)]],
        )
        for method, label in labels.items()
    ]
    return [*shown, pictures.Row("Truth", pictures.rgb(found["target"]))]


def csv(answer: "Arrays", name: str) -> bytes:
    """A line for each picture, by its number among the test pictures."""
    frame = pd.DataFrame({"picture": answer["indices"]})
    for row, title in enumerate(("model", name, "input")):
        for figure in ("mse", "each", "ssim"):
            frame[f"{title} {'psnr' if figure == 'each' else figure}"] = answer[figure][row]
    return frame.to_csv(index=False).encode()
