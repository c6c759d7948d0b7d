"""A unit silenced or boosted in one picture, and what its reconstruction gains and loses by that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore.runs import Run
from pages.shared import address, live_sliders, pictures, state
from pages.shared.live_sliders import Slider

if TYPE_CHECKING:
    from aecore.analysis.dictionary import Dictionary


def slider(run: Run, found: "Dictionary", unit: int, device: str) -> None:
    """A slider for the unit's activation in one picture, and what the reconstruction gains and loses."""
    from aecore.analysis.activity import strongest

    values = found.codes[:, unit]
    with st.container(horizontal=True, vertical_alignment="center"):
        if "picture" in st.query_params:
            asked = address.number(
                "picture",
                most=len(values) - 1,
                refusal="There is no such picture: this is the unit's strongest.",
            )
        place = asked if "picture" in st.query_params else int(strongest(values, 1)[0])
        st.button(
            "Next picture",
            key="another-picture",
            icon=":material/navigate_next:",
            on_click=address.write,
            args=("picture", (place + 1) % len(values)),
        )
        st.button(
            "Its strongest picture",
            key="strongest-picture",
            on_click=lambda: st.query_params.pop("picture", None),
            disabled="picture" not in st.query_params,
        )
    _live(run, found, unit, place, device)


@st.fragment
def _live(run: Run, found: "Dictionary", unit: int, place: int, device: str) -> None:
    """The slider, and the picture that follows it."""
    values = found.codes[:, unit]
    now = float(values[place])
    largest = float(np.abs(values).max())
    most = largest or max(float(np.abs(found.codes).max()), 1e-3)  # of a silent unit: what others do
    low, top = -2 * most if values.min() < 0 else 0.0, 2 * most
    of, value = st.session_state.get("boosted", (None, 0.0))
    this = run.id, unit, place
    if of != this:
        value = 0.0 if now else most

    def note(moved: Mapping[str, float]) -> None:
        st.session_state["boosted"] = this, moved["activation"]

    above, below = st.container(), st.container()
    with below:
        _redrawn(run, found, unit, place, value, device)
    with above:
        live_sliders.drawn(
            [Slider("activation", f"Activation of unit {unit} in this picture", low, top, value)],
            key="boost",
            on_move=note,
            wide=True,
        )
        st.caption(
            f"It is {now:.3g}. Zero silences the unit; its largest over all pictures is {most:.3g}: from "
            "there on it is boosted beyond what it ever does."
            if largest
            else f"It is 0 in every picture: try what it would paint. The largest of any unit is {most:.3g}."
        )


def _redrawn(run: Run, found: "Dictionary", unit: int, place: int, value: float, device: str) -> None:
    from aecore.analysis.features import with_activation

    dataset = run.experiment.data.dataset
    images = state.versions(run.id, dataset, "test", device).at(found.indices[[place]])
    target = images.targets.cpu().numpy()
    before, after = with_activation(state.model(run.id, device), found.codes[place], unit, value)
    stored = [(each * 255).round().astype(np.uint8) for each in (before, after)]
    tiles = np.concatenate(
        [
            pictures.rgb(np.concatenate([target, stored[0][None], stored[1][None]])),
            pictures.signed((after - before)[None]),
        ]
    )
    errors = [float(np.square(each - target[0] / 255).mean()) for each in (before, after)]
    texts = ["", *(f"error {error:.4f}" for error in errors), ""]
    png = pictures.grid(
        [pictures.Row("", tiles, texts)],
        per_line=4,
        headings=["Asked for", "Redrawn", "With the slider", "Gain and loss"],
        side=112,
    )
    st.image(
        pictures.address(png),
        width=pictures.width(png),
        alt=f"A picture as it was, redrawn, redrawn with unit {unit} at {value:.3g}, and the difference",
    )
    st.caption("Orange is light that the picture gains, blue what it loses: full colour is half of white.")
