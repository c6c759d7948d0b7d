"""What the model makes of a place on its map: the picture there, its neighbours, the way between two."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.shared import canvas, landscape, pictures
from pages.shared.spots import Spot
from pages.shared.wording import error

if TYPE_CHECKING:
    from aecore.analysis.plane import Plane
    from aecore.analysis.space import Space
    from aecore.models.base import Autoencoder

LARGE, SMALL = 112, 84
NEIGHBOURS = 5
STEPS = 12
GLIMPSE = 56


def show(
    model: "Autoencoder", space: "Space", plane: "Plane", names: Sequence[str], spot: Spot | None
) -> None:
    """The picture that the decoder makes at a place, and which pictures are nearest to it."""
    if spot is None:
        st.info(
            "Click a point, or an empty place: the decoder draws what belongs there. "
            "Click a second one to see the way between them.",
            icon=":material/ads_click:",
        )
        return
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.selection import nearest

    drawn = pictures_of(model, spot.code[None])
    by_code, _ = nearest(space.codes, spot.code, NEIGHBOURS + 1)
    with st.container(horizontal=True):
        if spot.number is None:
            st.image(
                pictures.address(pictures.picture(drawn[0], LARGE)),
                caption="Decoded",
                alt=f"What the decoder draws at the place {coordinates(spot)}",
            )
            st.caption(f"At {coordinates(spot)} there is no picture. {how(plane)}")
            by_pixels, _ = nearest(space.inputs, drawn[0], NEIGHBOURS)
            by_code = by_code[:NEIGHBOURS]
        else:
            at = space.position(spot.number)
            assert at is not None
            name = names[space.labels[at]]
            st.image(
                pictures.address(pictures.picture(space.inputs[at], LARGE)),
                caption="It sees",
                alt=f"Picture {spot.number}, {name}",
            )
            st.image(
                pictures.address(pictures.picture(drawn[0], LARGE)),
                caption="Redrawn",
                alt="The same, redrawn from its code",
            )
            st.caption(f"Picture {spot.number}, class {name}. Error {error(float(space.errors[at]))}.")
            by_pixels, _ = nearest(space.inputs, space.inputs[at], NEIGHBOURS + 1)
            by_code, by_pixels = by_code[by_code != at][:NEIGHBOURS], by_pixels[by_pixels != at][:NEIGHBOURS]
    neighbours(space, names, by_code, by_pixels, "it")


def glimpse(model: "Autoencoder", space: "Space", spot: Spot | None) -> list[tuple[str, str]]:
    """The same in a few small pictures beside the map: what each is, and the address that holds it."""
    if spot is None:
        return []
    from aecore.analysis.codes import pictures_of

    drawn = pictures_of(model, spot.code[None])[0]
    at = None if spot.number is None else space.position(spot.number)
    told = [("decoded" if at is None else "redrawn", drawn)]
    if at is not None:
        told.insert(0, (f"picture {spot.number}", space.inputs[at]))
    return [(what, pictures.address(pictures.picture(image, GLIMPSE))) for what, image in told]


def draw(
    model: "Autoencoder", space: "Space", plane: "Plane", dataset: str, names: Sequence[str]
) -> Spot | None:
    """A canvas, and where the model puts what is drawn on it; None while it is empty."""
    beside = st.container(horizontal=True)
    with beside:
        drawing = canvas.drawing("latent-drawing", canvas.WIDTH)
    if drawing is None:
        st.caption(
            "Draw something: *You* on the map is where the model puts it. Look which class it is among."
        )
        return None
    from aecore.analysis.codes import codes_of_pictures, pictures_of
    from aecore.analysis.selection import nearest
    from aecore.analysis.strokes import as_image

    image = as_image(drawing, dataset)
    code = codes_of_pictures(model, image[None])[0]
    with beside.container(width=SMALL):
        st.image(
            pictures.address(pictures.picture(image, SMALL)),
            caption="It sees",
            alt="The drawing as the model sees it",
        )
        redrawn = pictures.picture(pictures_of(model, code[None])[0], SMALL)
        st.image(pictures.address(redrawn), caption="Redrawn", alt="The drawing, redrawn from its code")
    by_code, _ = nearest(space.codes, code, NEIGHBOURS)
    by_pixels, _ = nearest(space.inputs, image, NEIGHBOURS)
    neighbours(space, names, by_code, by_pixels, "the drawing")
    return Spot(None, plane.place(code[None])[0], code, "drawing")


def neighbours(
    space: "Space", names: Sequence[str], by_code: np.ndarray, by_pixels: np.ndarray, of: str
) -> None:
    """The pictures nearest to something, `of` what in words, in code space and in pixel space."""
    rows = [
        pictures.Row(label, pictures.rgb(space.inputs[near]), [names[space.labels[i]] for i in near])
        for label, near in (("By code", by_code), ("By pixels", by_pixels))
    ]
    st.image(
        pictures.address(pictures.grid(rows, per_line=NEIGHBOURS)),
        alt=f"The pictures nearest to {of} in code space, and under them the nearest in pixel space",
    )
    st.caption(f"Nearest to {of}, by code and by pixels. Look for neighbours of another class.")


def way(model: "Autoencoder", plane: "Plane", a: Spot, b: Spot) -> np.ndarray:
    """Draw the pictures between two places; the points (P, 2) of the way are returned."""
    from aecore.analysis.codes import pictures_of
    from aecore.analysis.plane import path

    codes = path(a.code, b.code, STEPS)
    tiles = pictures.rgb(pictures_of(model, codes))
    half = STEPS // 2
    rows = [
        pictures.Row("From A", tiles[:half], ["A", *[""] * (half - 1)]),
        pictures.Row("to B", tiles[half:], [*[""] * (half - 1), "B"]),
    ]
    strip = pictures.grid(rows, per_line=half)
    st.image(
        pictures.address(strip), alt="What the decoder draws on the straight way from one code to the other"
    )
    st.caption("Look for pictures on the way that are nothing in particular: there the map has a gap.")
    return plane.place(codes)


def whole(run_id: str, which: str, projection: str, device: str, plane: "Plane") -> None:
    """What the decoder draws everywhere, as the map lies."""
    st.image(
        pictures.address(landscape.decoded(run_id, which, projection, device)),
        alt="What the decoder draws at places all over the map, in the same order",
    )
    how = "" if plane.exact else " Between points it is approximate: codes of the five nearest, mixed."
    st.caption(f"The decoder's pictures all over the map, as far as it is seen at first.{how}")


def how(plane: "Plane") -> str:
    """What is drawn where no picture is, in a sentence."""
    of = "the code there" if plane.exact else "the mixed codes of the five nearest points, approximately"
    return f"The decoder makes this of {of}."


def coordinates(spot: Spot) -> str:
    """Where a place is, in words."""
    return f"({spot.point[0]:.3g}, {spot.point[1]:.3g})"
