"""The way between two pictures through codes, and around the means of all classes, beside mixed pixels."""

import numpy as np
import streamlit as st

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import densities, moving, pictures, state, terms

STEPS, PER_PIECE = 10, 5
FRAMES = 16
"""Pictures of a loop, one way."""

ALIKE = 0.15
"""Ways whose pictures differ by less than this share of what the first and last one do look the same."""

LARGE = 140
AROUND = 8
"""Pictures from one class's mean to the next."""

WAYS = {"straight": "Straight", "arc": "Spherical", "pixels": "Pixels"}


def show(run: Run, device: str) -> None:
    """The ways from one picture to another, as strips and as loops; below, the means of all classes."""
    one, other = usual(run)
    with st.container(horizontal=True, vertical_alignment="top"):
        wishes = [
            terms.choose("From", run, key="from", default=f"test-{one}"),
            terms.choose("To", run, key="to", default=f"test-{other}", number=1),
        ]
    left, right = terms.places(wishes)
    with left:
        found = terms.read(run, wishes, device)
    if found is not None:
        with right:
            _between(run, *found, device)
    st.subheader("Around the means of all classes")
    if (known := densities.statistics(run, device)) is not None:
        _around(run, known["class_codes"], device)


def usual(run: Run) -> tuple[int, int]:
    """Two classes for a first look: the fourth and ninth, a 3 and an 8 of digits; else the first and last."""
    data = run.experiment.data
    labels = data.classes or range(len(SOURCES[data.dataset].class_names))
    return (labels[3], labels[8]) if len(labels) > 8 else (labels[0], labels[-1])


def ways(run: Run, one: terms.Term, other: terms.Term, steps: int, device: str) -> dict[str, np.ndarray]:
    """Each of WAYS: uint8 pictures (steps, C, H, W)."""
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.interpolation import cross_fade, spherical
    from aecore.analysis.plane import path

    model = state.model(run.id, device)
    return {
        "straight": pictures_of(model, path(one.code, other.code, steps)),
        "arc": pictures_of(model, spherical(one.code, other.code, steps)),
        "pixels": cross_fade(one.picture, other.picture, steps),
    }


def _between(run: Run, one: terms.Term, other: terms.Term, device: str) -> None:
    from aecore.analysis.interpolation import there_and_back

    strips = ways(run, one, other, STEPS, device)
    rows = [pictures.Row(label, pictures.rgb(strips[name])) for name, label in WAYS.items()]
    with st.container(horizontal=True, gap="xxsmall"):
        for begin in range(0, STEPS, PER_PIECE):  # two pieces that a phone shows one below the other
            cut = [pictures.Row(row.label, row.tiles[begin : begin + PER_PIECE]) for row in rows]
            unnamed = [pictures.Row("", row.tiles) for row in cut]
            png = pictures.grid(unnamed if begin else cut, per_line=PER_PIECE)
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt="From one picture to the other: straight between codes, on an arc, and by pixels",
            )
    st.caption(
        f"From {one.name} to {other.name}: on the straight line between their codes, on the arc about 0, and "
        "with their pixels mixed, for which no model is needed. Look for whether "
        f"{densities.made_of(run)} move, or one picture fades while the other comes. "
        f"{_alike(strips, one, other)}"
    )
    terms.note(run)
    order = there_and_back(FRAMES)
    loops = {
        name: moving.gif(found[order], LARGE, rests=(0, FRAMES - 1))
        for name, found in ways(run, one, other, FRAMES, device).items()
    }
    with st.container(horizontal=True, gap="small"):
        for name, label in WAYS.items():
            with st.container(width=LARGE + 2, gap="xsmall"):
                st.image(pictures.address(loops[name]), caption=label, alt=f"{label}: there and back, moving")
                _download(f"{run.id}-{name}.gif", loops[name], f"gif-{name}")


def _alike(strips: dict[str, np.ndarray], one: terms.Term, other: terms.Term) -> str:
    """Why two ways look the same, where they do."""
    from aecore.analysis.interpolation import apart, bend

    if apart(strips["straight"], strips["arc"]) > ALIKE:
        return ""
    angle, away = bend(one.code, other.code)
    return (
        f"Straight and spherical look almost the same here: seen from 0 the two codes are "
        f"{angle:.0f}° apart, so the arc is never farther from the line than {away:.0%} of its length."
    )


def _around(run: Run, means: np.ndarray, device: str) -> None:
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.interpolation import around

    labels = np.flatnonzero(np.isfinite(means).all(1))
    if len(labels) < 2:
        st.caption("This model has learnt from one class only: there is nowhere to go.")
        return
    names = SOURCES[run.experiment.data.dataset].class_names
    drawn = pictures_of(state.model(run.id, device), around(means[labels], AROUND))
    loop = moving.gif(drawn, LARGE, rests=range(0, len(drawn), AROUND))
    tiles = pictures.rgb(drawn[::AROUND])
    row = pictures.Row("", tiles, [_short(names[label]) for label in labels])
    with st.container(horizontal=True, gap="small"):
        with st.container(width=LARGE + 2, gap="xsmall"):
            st.image(
                pictures.address(loop),
                alt="The decoder's pictures on the way around the mean codes of all classes, moving",
            )
            _download(f"{run.id}-around.gif", loop, "gif-around")
        with st.container(width=340, gap="xsmall"):
            png = pictures.grid([row], per_line=PER_PIECE)
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt="What the decoder makes of the mean code of each class",
            )
            st.caption("The mean code of each class, decoded. A mean need not look like anything.")


def _download(name: str, loop: bytes, key: str) -> None:
    st.download_button("GIF", loop, name, "image/gif", key=key, icon=":material/movie:", on_click="ignore")


def _short(name: str) -> str:
    return name if len(name) <= 8 else f"{name[:7]}…"
