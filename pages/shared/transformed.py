"""A picture before and after a model, beside what needs no model, and beside the truth."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from aecore.data import available
from aecore.errors import LabError
from aecore.runs import Run
from pages.shared import analysis, clickable, closer, pictures, state, tasks
from pages.shared.given import Given
from pages.shared.restoring import decibels
from pages.shared.wording import plain, sentence

if TYPE_CHECKING:
    from aecore.analysis.transformation import Transformed
    from aecore.analysis.undoing import Baseline

SMALL, SIDE = 64, 168
"""Pictures up to so many pixels a side are enlarged to about so many on screen."""

WIDEST, TALLEST = 400, 400
"""Screen pixels of a larger one."""

NARROWEST = 112
"""Screen pixels that what is below a picture needs."""

BESIDE = 524
"""Screen pixels of everything, beside a canvas."""

FIGURES = (
    "dB (PSNR): higher is closer to the truth; 3 dB more is half the squared error. SSIM: 1 is the same "
    "structure."
)

LOOK = "Look for what the model knows that smooth guesses do not, and for what it invents."
LOOK_WHERE_OFF = "Look where it is off, though the exact answer is one line of arithmetic."

BEFORE = "Before"

FRAME = (255, 129, 3)
"""The colour around a hole: black on black would not be seen."""

IN_THE_PAGE = 256 * 256
"""Pixels of a result that is there in a moment on any machine. Larger ones are computed beside the page."""


@st.cache_resource(max_entries=12, show_spinner=False)
def baseline(run_id: str) -> "Baseline":
    """What stands beside a run's model. Raises LabError."""
    from aecore.analysis.transformation import baseline_of

    experiment = state.runs.get(run_id).experiment
    dataset = experiment.data.dataset
    return baseline_of(experiment, state.images(dataset) if available(dataset) else None)


@st.cache_resource(max_entries=8, show_spinner=False)
def once(run_id: str, device: str, shape: str, given: bytes, degraded: bool) -> "Transformed":
    """A picture through a run's model and its baseline; `given` are its bytes, `shape` is as C×H×W."""
    from aecore.analysis.transformation import transformed

    picture = np.frombuffer(given, np.uint8).reshape([int(side) for side in shape.split("×")])
    return transformed(state.model(run_id, device), baseline(run_id), picture, degraded=degraded)


def found(run: Run, given: Given, device: str) -> "Transformed | None":
    """That, of what was chosen; None until that of a large picture is there, with a bar in its place.

    Raises LabError.
    """
    from aecore.analysis.transformation import Transformed, settings_of
    from aecore.analysis.undoing import FACTORS

    assert given.picture is not None
    channels, height, width = given.picture.shape
    factor = FACTORS.get(run.experiment.data.input_transform, 1) if given.degraded else 1
    if height * width * factor**2 <= IN_THE_PAGE:
        shape = f"{channels}×{height}×{width}"
        with st.spinner("Going through the model, tile by tile", show_time=True):
            return once(run.id, device, shape, given.picture.tobytes(), given.degraded)
    settings = settings_of(given.picture, given.degraded)
    answer = analysis.answered("transformed", run.id, settings, device=device, title="Your picture")
    return None if answer is None else Transformed.of(answer)


def titles(name: str) -> dict[str, str]:
    """What each method is called on screen; `name` is the baseline's."""
    return {"model": "After: the model", "baseline": name[:1].upper() + name[1:], "input": BEFORE}


def panels(found: "Transformed", name: str) -> dict[str, tuple[np.ndarray, str]]:
    """By what each is called, the pictures to show, and their figures; `name` is the baseline's."""

    def figures(method: str) -> str:
        if method not in found.psnr:
            return ""
        psnr, ssim = found.psnr[method], found.ssim[method]
        return "exact" if np.isinf(psnr) else f"{decibels(psnr)}, SSIM {ssim:.2f}"

    called = titles(name)
    order = ("input", "model", "baseline")
    shown = {called[method]: (found.pictures[method], figures(method)) for method in order}
    return shown | ({"Truth": (found.target, "")} if found.target is not None else {})


def show(run: Run, given: Given, device: str, side: int) -> None:
    """A picture before and after, its baseline and the truth, and in words what became of it.

    Small ones are enlarged to about `side` screen pixels.
    """
    if given.picture is None:
        st.info(given.note, icon=":material/imagesmode:")
        return
    try:
        beside, result = baseline(run.id), found(run, given, device)
    except LabError as error:
        st.error(sentence(str(error)))
        return
    if result is None:
        return
    st.markdown(told(run, result, beside), help=figures_explained(beside))
    _side_by_side(panels(result, beside.name), result.lost, given.at, side)
    with st.container(horizontal=True, vertical_alignment="center"):
        _download(run, result)
        st.caption(about(run, given, result, beside), width="stretch")


def _side_by_side(
    shown: Mapping[str, tuple[np.ndarray, str]], lost: np.ndarray, at: tuple[int, int] | None, side: int
) -> None:
    """All pictures, and a closer look at one place of them where they are large; `lost` (H, W) is framed."""
    height, width = next(iter(shown.values()))[0].shape[1:]
    large = max(height, width) > SMALL
    with st.container(horizontal=True, gap="small"):
        for number, (title, (picture, figures)) in enumerate(shown.items()):
            png, times = on_screen(picture, side)
            if title == BEFORE and not large and lost.any():
                png = framed(picture, lost, side)
            alt = f"{title}: {figures}" if figures else title
            with st.container(width=max(pictures.width(png), NARROWEST), gap="xsmall"):
                if large:
                    clickable.picture(png, key=f"panel-{number}", alt=alt, on_click=closer.look_at(times))
                else:
                    st.image(pictures.address(png), width=pictures.width(png), alt=alt)
                st.caption(f"**{title}**" + (f"  \n{figures}" if figures else ""))
        if large:
            usual = at or (width // 2, height // 2)
            closer.show({title: picture for title, (picture, _) in shown.items()}, usual)


def on_screen(picture: np.ndarray, side: int) -> tuple[bytes, float]:
    """A picture (C, H, W) as large as there is room for, a PNG, and how many times larger that is."""
    height, width = picture.shape[1:]
    if max(height, width) <= SMALL:
        return pictures.picture(picture, side), max(1, side // max(height, width))
    return pictures.within(picture, WIDEST, TALLEST)


def framed(picture: np.ndarray, lost: np.ndarray, side: int) -> bytes:
    """A small picture (C, H, W), enlarged, with a thin frame around what of it (H, W) is lost; a PNG."""
    from skimage.segmentation import find_boundaries

    times = max(1, side // max(lost.shape))
    drawn = pictures.rgb(picture[None])[0].repeat(times, 0).repeat(times, 1)
    drawn[find_boundaries(lost.repeat(times, 0).repeat(times, 1), mode="thick")] = FRAME
    return pictures.png(Image.fromarray(drawn))


def told(run: Run, found: "Transformed", beside: "Baseline") -> str:
    """In words: who comes closest to the truth, the model, its baseline, or the picture as it was."""
    if not found.psnr:
        return (
            f"**{plain(run.name)}**, and {beside.name} beside it. Nobody has the truth here, so there is "
            "nothing to measure: look closer."
        )
    ours, theirs, floor = (found.psnr[method] for method in ("model", "baseline", "input"))
    model = f"**{plain(run.name)}** comes to **{decibels(ours)}**"
    if beside.exact:
        return (
            f"A line of arithmetic, the {beside.name}, does this exactly. The network shows how closely it "
            f"can be learnt: {model}, SSIM {found.ssim['model']:.2f}."
        )
    words = f"{model}, {beside.name} to {decibels(theirs)}"
    if floor > min(ours, theirs):
        words += f"; {tasks.left(run)}, {decibels(floor)}"
    rival = "input" if floor > theirs else "baseline"
    if about_equal(ours, found.psnr[rival]):
        pair = "the model and the better of these" if floor > min(ours, theirs) else "the two"
        return f"{words}: here {pair} are about equal."
    wins = ours > found.psnr[rival]
    won = "the model" if wins else beside.name if rival == "baseline" else "leaving it so"
    words += f": here {won} wins"
    likeness, other = found.ssim["model"], found.ssim[rival]
    if (likeness > other) != wins and abs(likeness - other) >= 0.005:
        words += f" (SSIM, which compares structure, says otherwise: {likeness:.2f} against {other:.2f})"
    return f"{words}."


def about_equal(psnr: float, other: float) -> bool:
    """Whether two are so close, in decibels, that neither wins."""
    from aecore.analysis.transformation import EQUAL

    return psnr == other or abs(psnr - other) < EQUAL


def figures_explained(beside: "Baseline") -> str:
    """What the figures mean, and what stands beside the model."""
    return " ".join(filter(None, [FIGURES, beside.explained]))


def about(run: Run, given: Given, found: "Transformed", beside: "Baseline") -> str:
    """What was done to the picture, and what to look for."""
    from aecore.analysis.transformation import keeps_known

    channels, high, wide = run.experiment.model.image_shape
    words = [given.note]
    if shrinks(run) > 1:
        words.append("Shown at its old size, each square is one pixel.")
    if found.lost.shape != (high, wide):
        holed = run.experiment.data.input_transform == "hole"
        how = "side by side, each with a hole in its middle" if holed else "that overlap and are blended"
        words.append(f"The model sees tiles of {wide}×{high} pixels, {how}.")
    if run.experiment.data.input_transform == "hole":
        if max(found.lost.shape) <= SMALL:
            one = found.lost.shape == (high, wide)
            words.append("The framed block is removed." if one else "The framed blocks are removed.")
        if keeps_known(run.experiment.data):
            words.append("What is around a hole stays as it was, for all: only holes are filled.")
    words.append(LOOK_WHERE_OFF if beside.exact else LOOK)
    return " ".join(filter(None, words))


def shrinks(run: Run) -> int:
    """How many pixels wide the squares are that a model is asked for, each one pixel of a smaller picture."""
    from aecore.analysis.undoing import FACTORS

    return FACTORS.get(run.experiment.data.target_transform, 1)


def _download(run: Run, found: "Transformed") -> None:
    result = found.pictures["model"][:, :: shrinks(run), :: shrinks(run)]
    st.download_button(
        "Result (PNG)",
        lambda: pictures.picture(result, 1),
        f"{run.id}.png",
        mime="image/png",
        key="result",
        icon=":material/download:",
        on_click="ignore",
        help=f"What the model made of it, {result.shape[2]:,}×{result.shape[1]:,} pixels.",
    )
