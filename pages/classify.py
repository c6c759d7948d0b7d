"""Classify: whether a code tells more about a picture's class than the picture itself."""

import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import (
    address,
    classes_told,
    clusters,
    frame,
    guess,
    label_curves,
    missing,
    similar,
    state,
    warm,
)
from pages.shared.wording import sentence

frame.ensure_frame()

PARTS = {
    "compare": "Classifiers",
    "few": "Few labels",
    "clusters": "Clusters",
    "similar": "Similar images",
    "draw": "Draw",
}

st.title("Classify")
st.markdown(
    "Find out here whether a code says more about what a picture shows than its pixels, or PCA, with few "
    "labels and with many."
)
warm.wait()
run, device = frame.choose_model(), st.session_state.device
own = run.experiment.data.dataset
shape = SOURCES[own].image_shape

controls = st.container(horizontal=True, vertical_alignment="bottom")
part = address.choose(
    "Part",
    PARTS,
    key="part",
    default="compare",
    refusal="The linked part is unknown: these are the classifiers.",
    widget=controls.segmented_control,
    wrap=True,
)
dataset = address.choose(
    "Pictures and labels of",
    {name: source.title for name, source in SOURCES.items() if source.image_shape == shape},
    key="labels",
    default=own,
    refusal="The model does not take pictures of the linked data set: these are its own.",
    widget=controls.selectbox,
    width=200,
    help="Of another data set than the model was trained on: does what it learnt there help here?",
)
missing.need(dataset)
try:
    frame.say_where(state.model(run.id, device))
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()

if part == "compare":
    classes_told.show(run, dataset, device)
elif part == "few":
    label_curves.show(run, dataset, device)
elif part == "clusters":
    clusters.show(run, dataset, device)
elif part == "similar":
    similar.show(run, dataset, device)
else:
    guess.show(run, dataset, device)
