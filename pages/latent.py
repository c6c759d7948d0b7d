"""Latent space: the codes as a map, and what the decoder draws at any place of it."""

import numpy as np
import streamlit as st

from aecore.data import SOURCES, available
from aecore.errors import LabError
from pages.shared import (
    address,
    frame,
    landscape,
    latent_map,
    map_quality,
    places,
    selected,
    spots,
    state,
    warm,
)
from pages.shared.analysis import answered
from pages.shared.wording import plain

frame.ensure_frame()

PROJECTIONS = {"code": "The code itself", "pca": "PCA", "tsne": "t-SNE"}
WHICH = {"test": "Test", "all": "All"}
LOOKS = {
    "place": "Place",
    "plane": "Plane",
    "units": "Sliders",
    "selection": "Selection",
    "quality": "Quality",
}

st.title("Latent space")
st.markdown(
    "Find out here where pictures lie in the model's code, and what the decoder draws at any place of it."
)
warm.wait()
run, device = frame.choose_model(), st.session_state.device
source, size = SOURCES[run.experiment.data.dataset], run.experiment.model.code_size
if not available(source.name):
    st.info(f"{source.title} is not on this machine.", icon=":material/cloud_download:")
    if st.button(f"Download {source.title}", key="fetch", type="primary"):
        try:
            state.fetch(source.name)
            st.rerun()
        except LabError as error:
            st.error(plain(str(error)))
    st.stop()

try:
    from aecore.analysis.plane import projections

    model = state.model(run.id, device)
except LabError as error:
    st.error(plain(str(error)))
    st.stop()
frame.say_where(model)

controls = st.container(horizontal=True, vertical_alignment="bottom")
possible = projections(size)
projection = address.choose(
    "Map by",
    {name: PROJECTIONS[name] for name in possible},
    key="by",
    default=possible[0],
    refusal="This model's codes cannot be drawn so: this is another map.",
    widget=controls.segmented_control,
    help="PCA is exact: any place of its plane is a code. t-SNE keeps neighbours together; it takes a while.",
)
which = address.choose(
    "Pictures",
    WHICH,
    key="pictures",
    default="test",
    refusal="There are no such pictures: these are test pictures.",
    widget=controls.segmented_control,
    help="At most 10,000 test pictures, or all test and training pictures.",
)
colour = address.choose(
    "Coloured by",
    landscape.COLOURS,
    key="colour",
    default="class",
    refusal="The linked colouring is unknown: points have the colour of their class.",
    widget=controls.selectbox,
    width=120,
)
unit = address.number("unit", most=size - 1, refusal=f"This code has no such unit: choose 0 to {size - 1:,}.")
if colour == "unit":
    st.session_state["unit-box"] = unit
    controls.number_input(
        "Unit",
        0,
        size - 1,
        key="unit-box",
        width=120,
        on_change=lambda: address.write("unit", st.session_state["unit-box"]),
    )
behind = address.switch("Decoded plane behind", key="behind", default=False, widget=controls.toggle)

if projection == "tsne" and (
    answered("tsne", run.id, {"pictures": which}, device=device, title="t-SNE of the codes") is None
):
    st.stop()
try:
    with st.spinner("Computing the codes, some seconds the first time"):
        space = landscape.space(run.id, which, device)
        plane = landscape.plane(run.id, which, projection, device)
        figure = landscape.figure(run.id, which, projection, colour, unit, behind, device)
        sprite = landscape.thumbnails(run.id, which, device, "map")
except LabError as error:
    st.error(plain(str(error)))
    st.stop()
names = source.class_names


@st.fragment
def look() -> None:
    """The map and what is seen there: a click draws no more than this anew."""
    left, right = st.columns([1.04, 1], gap="small")
    a, b = (spots.read(key, space, plane, projection) for key in ("a", "b"))
    chosen = selected.read(source.name)
    with right:
        panel = address.choose(
            "Look at",
            LOOKS,
            key="look",
            default="place",
            refusal="There is no such view: this is the last place clicked.",
            widget=st.pills,
            label_visibility="collapsed",
        )
        if panel == "place":
            places.show(model, space, plane, names, b)
        elif panel == "plane":
            places.whole(run.id, which, projection, device, plane)
        elif panel == "units":
            places.sliders(model, space, b)
        elif panel == "selection":
            selected.show(model, space, plane, names, chosen, run)
        elif panel == "quality":
            settings = {"projection": projection, "pictures": which}
            answer = answered("map-quality", run.id, settings, device=device, title="Quality of the map")
            if answer is not None:
                map_quality.show(answer, size, run.experiment.model.pca_size or 0)

    def outlined(outline: np.ndarray) -> None:
        selected.outlined(source.name, space, plane, [int(label) for label in shown], outline)
        address.write("look", "selection")

    line = np.empty((0, 2))
    if a and b and a.word != b.word:
        line = places.way(model, plane, a, b)
    with left:
        area = st.container()
        shown = address.several(
            "Classes",
            {str(label): name for label, name in enumerate(names)},
            key="without",
            label_visibility="collapsed",
        )
        marks = [(spot, word) for spot, word in ((a, "A"), (b, "B")) if spot]
        with area:
            latent_map.drawn(
                figure,
                sprite,
                name="map",
                alt=f"The codes of {len(space.numbers):,} pictures of {source.title} as points of a plane",
                numbers=None if space.numbers[-1] == len(space.numbers) - 1 else space.numbers,
                selected=chosen,
                hidden=[label for label in range(len(names)) if str(label) not in shown],
                line=line,
                marks={
                    "x": [float(spot.point[0]) for spot, _ in marks],
                    "y": [float(spot.point[1]) for spot, _ in marks],
                    "text": [word for _, word in marks],
                },
                on_click=lambda event: spots.clicked(event, projection),
                on_lasso=outlined,
            )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input(
                "Find picture",
                0,
                int(space.numbers[-1]),
                None,
                key="find",
                width=130,
                placeholder="Number",
                on_change=_find,
            )
            st.button("Forget A and B", key="forget", on_click=spots.forget, disabled=not marks)
            few = (
                f"{len(space.numbers):,} of {space.total:,}"
                if len(space.numbers) < space.total
                else f"{space.total:,}"
            )
            st.caption(f"{few} pictures. Hold the mouse over a point, click a place, or take the lasso.")


def _find() -> None:
    if (number := st.session_state["find"]) is not None:
        spots.go_to(f"p{number}")


look()
