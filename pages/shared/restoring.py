"""A picture, drawn or from the test set, the same with noise, and what is made of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.data import SOURCES, available
from pages.shared import address, canvas, pictures, state
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.denoising import Restored
    from aecore.analysis.reconstruction import Reconstruct

SIDE, PER_PIECE, LETTERS = 84, 2, 16
WIDTH = 524
"""Screen pixels of three pieces."""

CONTROL = 170
"""Screen pixels of a control: two beside each other on a phone, four on a laptop."""

SHORT = {"Total variation": "Total var.", "Non-local means": "Non-local"}
"""Of names that are wider than a picture."""


@dataclass(frozen=True)
class Begun:
    """The test picture that a drawing was begun with, and what asked for it."""

    dataset: str
    index: int
    wish: tuple[str, str] | None
    """Class and picture as the address had them; None where it had none."""

    entry: int
    """When that was: a link that is followed once more begins with its picture once more."""


def choose_picture(key: str, dataset: str) -> None:
    """A test picture to begin a drawing with: in the address, so that a link begins with it, too."""
    source = SOURCES[dataset]
    label = address.choose(
        "Begin with a test picture",
        {"all": "Any class"} | {str(index): name for index, name in enumerate(source.class_names)},
        key="class",
        default="all",
        refusal="These pictures have no such class: this is one of any.",
        width=CONTROL,
        help="It goes on the canvas in place of what is there; change it, or clear it and draw your own.",
    )
    index = address.number(
        "image",
        most=source.test_count - 1,
        refusal=f"There is no such test picture: choose 0 to {source.test_count - 1:,}.",
    )
    among = state.drawn(state.images(dataset).test_labels.numpy(), None if label == "all" else int(label))
    begun: Begun | None = st.session_state.get(_name(key))
    image, entry = st.query_params.get("image", ""), st.session_state.get("entries", 0)
    wish = (label, image) if image or label != "all" else None
    if begun and begun.dataset == dataset and not wish:
        index = begun.index
    elif index not in among:
        index = int(among[0])
    following = int(among[(int(np.flatnonzero(among == index)[0]) + 1) % len(among)])
    st.button(
        "Another one",
        key=f"{key}-another",
        icon=":material/casino:",
        on_click=address.write,
        args=("image", following),
        width=CONTROL,
    )
    if (
        begun is None
        or (wish and (wish, entry) != (begun.wish, begun.entry))
        or (begun.dataset != dataset and canvas.untouched(key))
    ):
        from aecore.analysis.strokes import as_drawing

        canvas.begin(key, as_drawing(state.images(dataset).test_images[index].numpy()))
        st.session_state[_name(key)] = Begun(dataset, index, wish, entry)


def drawn(key: str, dataset: str) -> np.ndarray | None:
    """What is drawn on a canvas, or None; below it are its strokes' width and test pictures to begin with."""
    place, below = st.container(), st.container(horizontal=True, vertical_alignment="bottom")
    with below:
        width = canvas.choose_width(key, CONTROL)
        if available(dataset):
            choose_picture(key, dataset)
    with place:
        return canvas.drawing(key, width)


def clean(key: str, dataset: str, drawing: np.ndarray) -> np.ndarray:
    """What is drawn, as the data set's images are: uint8 (C, H, W); a test picture untouched is itself."""
    from aecore.analysis.strokes import as_image

    begun: Begun | None = st.session_state.get(_name(key))
    if begun and begun.dataset == dataset and canvas.untouched(key):
        return state.images(dataset).test_images[begun.index].numpy()
    return as_image(drawing, dataset)


def _name(key: str) -> str:
    return f"{key}-begun"


def restored(
    image: np.ndarray, noise: str, level: float, seed: int, methods: "Mapping[str, Reconstruct]", device: str
) -> "list[Restored]":
    """The image with noise, then what each method makes of it. Raises LabError."""
    from aecore.analysis.denoising import restored

    return restored(image, noise, level, seed, list(methods.values()), device)


def pieces(image: np.ndarray, found: "Sequence[Restored]", names: Sequence[str]) -> list[bytes]:
    """The clean image (C, H, W), the noisy one, and what each method made of it, with their errors; PNGs.

    `found` begins with the noisy image, `names` with the first method's. Each has two pictures of them.
    """
    shown = np.stack([image, *(each.picture for each in found)])
    differences = np.stack([np.zeros(image.shape, np.float32), *(each.difference for each in found)])
    rows = [
        pictures.Row("", pictures.rgb(shown), ["", *(decibels(each.psnr) for each in found)]),
        pictures.Row("", pictures.signed(differences), ["", *(f"SSIM {each.ssim:.2f}" for each in found)]),
    ]
    headings = ["Clean", "Noisy", *(state.at_most(LETTERS, SHORT.get(name, name)) for name in names)]
    return pictures.blocks(rows, size=PER_PIECE, headings=headings, side=SIDE)


def show(image: np.ndarray, found: "Sequence[Restored]", names: Sequence[str]) -> None:
    """These pieces, as many side by side as there is room for: two on a phone."""
    everything = ["the picture itself", "with noise", *names]
    with st.container(horizontal=True, gap="xxsmall"):
        for number, png in enumerate(pieces(image, found, names)):
            part = everything[number * PER_PIECE : (number + 1) * PER_PIECE]
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt=f"{' and '.join(part)}: each above, and how far it is from the clean one below",
            )


def told(found: "Sequence[Restored]", names: Sequence[str], filters: int) -> str:
    """In words: what became of it, and whether a filter does as well. The last of `names` are `filters`."""
    noisy, ours = found[0], found[1]
    best = max(range(len(names) - filters, len(names)), key=lambda index: found[index + 1].psnr)
    than = found[best + 1]
    more, likeness = than.psnr > ours.psnr, f"SSIM {than.ssim:.2f}"
    if round(than.ssim, 2) != round(ours.ssim, 2) and (than.ssim > ours.ssim) != more:
        likeness = f"but {'more' if than.ssim > ours.ssim else 'less'} SSIM, {than.ssim:.2f}"
    return (
        f"**{plain(names[0])}** brings the noisy picture from {decibels(noisy.psnr)} to "
        f"**{decibels(ours.psnr)}**, SSIM from {noisy.ssim:.2f} to {ours.ssim:.2f}. The best filter here, "
        f"{names[best].lower()}, reaches {'more' if more else 'less'}: {decibels(than.psnr)}, {likeness}."
    )


def decibels(psnr: float) -> str:
    """Such as 21.3 dB; two equal pictures have no end of them."""
    return "∞ dB" if np.isinf(psnr) else f"{psnr:.1f} dB"
