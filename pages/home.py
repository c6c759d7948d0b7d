"""The first page: a trained model at work, the ways on from there, and the models that come with the lab."""

import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.runs.example import look, read_example
from pages.shared import demo, example, frame, state, zoo_table
from pages.shared.wording import plain, sentence

frame.ensure_frame()

STORED = "zoo-digits-32"
"""The run that a picture is stored with, to be shown until PyTorch is there."""

WAYS_ON = {
    "Train": (
        ("train", "Train a model", ":material/play_arrow:", "Choose a network and watch it learn."),
        ("runs", "Look at runs", ":material/list:", "All that was trained here: compare, rename."),
    ),
    "Look inside": (
        ("reconstruct", "Reconstruct", ":material/compare:", "Many pictures beside PCA: best and worst."),
        ("denoise", "Draw and denoise", ":material/draw:", "A drawing under noise: models beside filters."),
        ("latent", "Walk among codes", ":material/scatter_plot:", "A map of all pictures that draws back."),
        ("features", "Look at units", ":material/grid_view:", "What each number of a code stands for."),
    ),
    "Put to work": (
        ("compress", "Compress", ":material/compress:", "A real file, beside PNG, JPEG, WebP and PCA."),
        ("classify", "Tell classes apart", ":material/category:", "Whether codes help, with few labels."),
        ("anomaly", "Find what is strange", ":material/search_insights:", "One shoe among digits."),
        ("transform", "Transform", ":material/auto_fix_high:", "Colour from grey, sharp from coarse."),
        ("generate", "Draw new pictures", ":material/auto_awesome:", "Samples, and ways between two."),
    ),
}
"""Pages by the menu's sections: file, title, icon, what is found there."""

st.title("Autoencoder Lab")
st.markdown(
    "An autoencoder squeezes a picture into a few numbers, its *code*, and draws the picture again from "
    "them. Find out here how much of it survives."
)
zoo = state.usable([])
if not zoo:
    st.subheader("Models that come with the lab")
    st.info("There are none yet. This command trains them:", icon=":material/model_training:")
    st.code("make zoo", language="bash")
    st.stop()

run = state.default_run(zoo)
source = SOURCES[run.experiment.data.dataset]
live, stored = "device" in st.session_state, None  # the frame chooses it when PyTorch is there
coming = not live
try:
    if STORED in zoo:
        stored = read_example(zoo[STORED].folder)
    if live:
        model, images = state.model(run.id, st.session_state.device), state.images(source.name)
        frame.say_where(model)
except LabError as error:
    st.error(sentence(str(error)))
    live = False


@st.fragment
def at_work() -> None:
    """A picture goes through the model; the stored one until PyTorch is there."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.pills("A picture of", source.class_names, key="home_class", disabled=not live, wrap=True)
        if st.button("Another one", key="home_another", icon=":material/casino:", disabled=not live):
            st.session_state["home_turn"] = st.session_state.get("home_turn", 0) + 1
    turn = st.session_state.get("home_turn", 0)
    if live and (name or turn or run.id != STORED):
        label = source.class_names.index(name) if name else None
        shuffled = state.drawn(images.test_labels.numpy(), label)
        index = shuffled[turn % len(shuffled)]
        seen = look(model, images.test_images[index], source.class_names[images.test_labels[index]])
        example.show(seen, f"Live, by **{plain(run.name)}**, from the test pictures of {source.title}.")
    elif stored:
        example.show(stored, f"Stored with **{plain(zoo[STORED].name)}**, one of its test pictures. {then()}")
    else:
        st.skeleton(height=example.SIDE)


def then() -> str:
    """What comes after the stored picture, and when."""
    if coming:
        whose = "it" if run.id == STORED else f"**{plain(run.name)}**"
        return f"In a few seconds {whose} is live."
    return "It is live now: ask for another one." if live else ""


at_work()

st.subheader("From here")
with st.grid(len(WAYS_ON), border=True, min_column_width=260) as grid:
    for section, links in WAYS_ON.items():
        with grid.cell():
            st.markdown(f"**{section}**")
            for page, title, icon, text in links:
                with st.container(gap=None):
                    st.page_link(f"pages/{page}.py", label=title, icon=icon)
                    st.caption(text)

st.subheader("Demo")
st.caption("To show somebody what an autoencoder is good for, and what not: follow these in this order.")
for number, step in enumerate(demo.steps(run, zoo), 1):
    link, text = st.columns([1, 3], vertical_alignment="center", gap="small")
    icon = f":material/counter_{number}:"
    link.page_link(step.page, label=step.title, icon=icon, query_params=step.address)
    text.caption(step.text)

st.subheader("Models that come with the lab")
zoo_table.show(runs.zoo())
