"""The picture that is to be transformed: part of a photo, a test picture, a drawing, or somebody's own."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from aecore.data import SOURCES, uploads
from aecore.runs import Run
from pages.shared import address, missing, restoring, state
from pages.shared import uploads as files

KEY = "transform"
"""Of the canvas and the uploads."""

SOURCE = {"photo": "Part of a photo", "test": "Test picture", "drawing": "Drawing", "upload": "Your own"}
LONGEST = 768
"""Pixels of a side: larger pictures are made smaller first, so that nobody waits long for their tiles."""

LEAST = 8
"""Pixels of a side: of less there is nothing to see, nor to compare by windows."""

TALL = 320
"""Pixels of the part of a photo: above is sky in one, and dark leaves in the other."""

WORTH_A_LOOK = {"china": (40, 62), "flower": (50, 120)}
"""By photo, the eaves, and petals."""

USUAL = {"patches": 529}
"""The test picture to begin with, where the first one shows only sky."""

ALREADY = {
    "grey": "Already grey: colour it",
    "half": "Already small: enlarge it",
    "quarter": "Already small: enlarge it",
}
"""By what a model sees, what a person may have."""

ENLARGED = {"half": 2, "quarter": 4}


class Given(NamedTuple):
    """What there is to transform."""

    picture: np.ndarray | None
    """Uint8 (C, H, W); None where there is none yet."""

    degraded: bool = False
    """Whether it is what the model sees, and not what it is asked for."""

    at: tuple[int, int] | None = None
    """A place of it that is worth a closer look, x and y; None for its middle."""

    note: str = ""
    """What was done to it before, in a sentence; or where there is none yet, how to come to one."""


def choose(run: Run) -> str:
    """Where the picture comes from. A photo is for models of photos, a drawing for those of drawings."""
    source = SOURCES[run.experiment.data.dataset]
    fitting = ["test", "drawing", "upload"] if source.white_on_black else ["photo", "test", "upload"]
    if (asked := st.query_params.get("source")) in SOURCE and asked not in fitting:
        del st.query_params["source"]  # it was chosen for another model
    return address.choose(
        "Picture",
        {name: SOURCE[name] for name in fitting},
        key="source",
        default=fitting[0],
        refusal="The linked kind of picture is unknown: this is the usual one.",
        widget=st.segmented_control,
    )


def controls(run: Run, chosen: str) -> Given:
    """What decides on the picture, beside its source, and the picture; a drawing is made elsewhere."""
    if chosen == "photo":
        return _photo()
    if chosen == "upload":
        return _uploaded(run)
    return _test(run.experiment.data.dataset) if chosen == "test" else Given(None)


def drawn(dataset: str) -> Given:
    """A canvas, and what is on it."""
    drawing = restoring.drawn(KEY, dataset)
    if drawing is None:
        return Given(None, note="The canvas is empty: draw something, or begin with a test picture.")
    return Given(restoring.clean(KEY, dataset, drawing))


def _photo() -> Given:
    from aecore.data.patches import TEST_STRIPS, strip

    photo = address.choose(
        "Photo",
        {name: name.capitalize() for name in TEST_STRIPS},
        key="photo",
        default=next(iter(TEST_STRIPS)),
        refusal="There is no such photo here: this is another one.",
        widget=st.segmented_control,
        help="The models learnt from other parts of these two photos; the part shown was kept from them.",
    )
    note = "This part of the photo was held out: no model of the lab learnt from it."
    return Given(strip(photo)[:, -TALL:], at=WORTH_A_LOOK.get(photo), note=note)


def _test(dataset: str) -> Given:
    missing.need(dataset)
    images, most = state.images(dataset).test_images, SOURCES[dataset].test_count - 1
    index = USUAL.get(dataset, 0)
    if "image" in st.query_params:
        index = address.number(
            "image", most=most, refusal=f"There is no such test picture: choose 0 to {most:,}."
        )
    order = state.drawn(np.arange(most + 1), None)
    following = order[(int(np.flatnonzero(order == index)[0]) + 1) % len(order)]
    st.button(
        "Another one",
        key="another",
        icon=":material/casino:",
        on_click=address.write,
        args=("image", int(following)),
    )
    return Given(images[index].numpy(), note=f"Test picture no. {index:,}.")


def _times(seen: str) -> str:
    """How much larger a small picture becomes, in words."""
    return f": it becomes {ENLARGED[seen]} times as wide and high" if seen in ENLARGED else ""


def _uploaded(run: Run) -> Given:
    """One picture of a person's own; what is not a model of photos sees it whole, as large as its images."""
    source, seen = SOURCES[run.experiment.data.dataset], run.experiment.data.input_transform
    channels, height, width = source.image_shape
    whole = not source.white_on_black
    becomes = (
        f"A side over {LONGEST:,} pixels is made smaller."
        if whole
        else f"It becomes a grey picture of {width}×{height} pixels, ink on paper white on black."
    )
    degraded = False
    if whole and seen in ALREADY:
        degraded = address.switch(
            ALREADY[seen],
            key="already",
            default=False,
            help=f"Your picture is what the model sees{_times(seen)}. Otherwise it is what the model should "
            "come to: it loses that first, so that the result can be judged.",
        )
    colours = files.one(KEY, f"PNG, JPEG or WebP. {becomes}")
    if colours is None:
        return Given(None, note="Choose a picture, and see what the model makes of it.")
    if min(colours.shape[:2]) < LEAST:
        size = f"{colours.shape[1]:,}×{colours.shape[0]:,}"
        return Given(None, note=f"Your picture has {size} pixels: choose one of at least {LEAST} each way.")
    if not whole:
        return Given(
            uploads.fitted(colours, source.image_shape, dark=True),
            note=f"Your picture as {width}×{height} pixels, the size that this model knows.",
        )
    longest = LONGEST // (ENLARGED.get(seen, 1) if degraded else 1)
    picture = uploads.limited(colours, channels, longest)
    before, now = (f"{each[1]:,}×{each[0]:,}" for each in (colours.shape[:2], picture.shape[1:]))
    smaller = (
        f"Results are at most {LONGEST:,} pixels wide or high, so your picture of {before} was first made "
        f"smaller, to {now}."
    )
    return Given(picture, degraded, note=smaller if before != now else f"Your picture, {before} pixels.")
