"""A picture, drawn or from the test set, the same with noise, and what is made of that."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from aecore.data import SOURCES
from pages.shared import address, analysis, canvas, figures, pictures, state
from pages.shared.analysis import Ask
from pages.shared.denoisers import UNITS
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.denoising import Restored
    from aecore.analysis.questions import Arrays
    from aecore.analysis.reconstruction import Reconstruct

SIDE, PER_LINE = 84, 5
WIDTH = 520
"""Screen pixels of the sheet."""

SHORT = {"Total variation": "Total var.", "Non-local means": "Non-local"}
"""Of names that are wider than a picture."""

CURVES_HEIGHT = 440


def choose_picture(key: str, dataset: str) -> None:
    """A test picture to begin a drawing with: in the address, so that a link begins with it, too."""
    source = SOURCES[dataset]
    names = source.class_names
    label = address.choose(
        "Begin with a test picture of",
        {"all": "Any class"} | {str(index): name for index, name in enumerate(names)},
        key="class",
        default="all",
        refusal="These pictures have no such class: this is one of any.",
        help="It goes on the canvas in place of what is there; change it, or clear it and draw your own.",
    )
    index = address.number(
        "image",
        most=source.test_count - 1,
        refusal=f"There is no such test picture: choose 0 to {source.test_count - 1:,}.",
    )
    among = state.drawn(state.images(dataset).test_labels.numpy(), None if label == "all" else int(label))
    place = np.flatnonzero(among == index)
    following = int(among[(place[0] + 1) % len(among)] if len(place) else among[0])
    st.button(
        "Another one" if len(place) else "Take one",
        key=f"{key}-another",
        icon=":material/casino:",
        on_click=_take,
        args=(key, dataset, following),
        width="stretch",
    )
    begun = st.session_state.get(f"{key}-begun")
    fresh = begun is None or begun[1] != index or (begun[0] != dataset and canvas.untouched(key))
    if fresh:
        _begin(key, dataset, index)


def _take(key: str, dataset: str, index: int) -> None:
    address.write("image", index)
    _begin(key, dataset, index)


def _begin(key: str, dataset: str, index: int) -> None:
    from aecore.analysis.strokes import as_drawing

    canvas.begin(key, as_drawing(state.images(dataset).test_images[index].numpy()))
    st.session_state[f"{key}-begun"] = dataset, index


def clean(key: str, dataset: str, drawing: np.ndarray) -> np.ndarray:
    """What is drawn, as the data set's images are: uint8 (C, H, W); a test picture untouched is itself."""
    from aecore.analysis.strokes import as_image

    begun = st.session_state.get(f"{key}-begun")
    if begun and begun[0] == dataset and canvas.untouched(key):
        return state.images(dataset).test_images[begun[1]].numpy()
    return as_image(drawing, dataset)


def restored(
    image: np.ndarray, noise: str, level: float, seed: int, methods: "Mapping[str, Reconstruct]", device: str
) -> "list[Restored]":
    """The image with noise, then what each method makes of it. Raises LabError."""
    from aecore.analysis.denoising import restored

    return restored(image, noise, level, seed, list(methods.values()), device)


def sheet(image: np.ndarray, found: "Sequence[Restored]", names: Sequence[str]) -> bytes:
    """The clean image (C, H, W), the noisy one, and what each method made of it, with their errors; a PNG.

    `found` begins with the noisy image, `names` with the first method's.
    """
    shown = np.stack([image, *(each.picture for each in found)])
    differences = np.stack([np.zeros(image.shape, np.float32), *(each.difference for each in found)])
    rows = [
        pictures.Row("Picture", pictures.rgb(shown), ["", *(decibels(each.psnr) for each in found)]),
        pictures.Row(
            "Error", pictures.signed(differences), ["", *(f"SSIM {each.ssim:.2f}" for each in found)]
        ),
    ]
    headings = ["Clean", "Noisy", *(SHORT.get(name, name) for name in names)]
    return pictures.grid(rows, per_line=PER_LINE, headings=headings, legend=True, side=SIDE)


def told(found: "Sequence[Restored]", names: Sequence[str], filters: int) -> str:
    """In a sentence: how much better it became, and whether a filter does as well. The last are `filters`."""
    noisy, ours = found[0], found[1]
    best = max(range(len(names) - filters, len(names)), key=lambda index: found[index + 1].psnr)
    than = found[best + 1]
    more = "more" if than.psnr > ours.psnr else "less"
    return (
        f"**{plain(names[0])}** brings it from {decibels(noisy.psnr)} to **{decibels(ours.psnr)}**, SSIM "
        f"from {noisy.ssim:.2f} to {ours.ssim:.2f}. The best filter here, {names[best].lower()}, reaches "
        f"{more}: {decibels(than.psnr)}, SSIM {than.ssim:.2f}."
    )


def decibels(psnr: float) -> str:
    """Such as 21.3 dB; two equal pictures have no end of them."""
    return "∞ dB" if np.isinf(psnr) else f"{psnr:.1f} dB"


def show_curves(
    asked: Mapping[str, Ask], learnt: Mapping[str, tuple[float, float]], noise: str, dataset: str, device: str
) -> None:
    """The mean PSNR of every method at every level of noise, computed where it is not known."""

    def show(curves: "dict[str, Arrays]") -> None:
        place = st.container(height=CURVES_HEIGHT, border=False)  # so that nothing moves when it comes
        if not curves:
            place.skeleton(height=CURVES_HEIGHT - 20)
            return
        filters = [name for name, ask in asked.items() if ask.analysis == "filtering"]
        place.plotly_chart(
            figures.psnr_by_level(curves, learnt, filters, UNITS[noise]),
            key="curves",
            config=figures.PLAIN,
            alt=f"Mean PSNR of {', '.join(curves)} against the level of noise",
        )
        st.download_button(
            "Curves (CSV)",
            lambda: table(curves, noise),
            f"denoising-{dataset}-{noise}.csv",
            key="csv",
            icon=":material/table:",
            on_click="ignore",
            help="Every point of the curves, with the spread over pictures, and the filters' strengths.",
        )

    analysis.answers(asked, show, device=device, title="Curves")


def table(curves: "Mapping[str, Arrays]", noise: str) -> bytes:
    """Every point of the curves as CSV, a line for each method and level."""
    frames = [
        pd.DataFrame({"method": name, "noise": noise, **{key: curve[key] for key in sorted(curve)}})
        for name, curve in curves.items()
    ]
    return pd.concat(frames).to_csv(index=False).encode()
