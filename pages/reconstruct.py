"""Reconstruct: pictures before and after the code, beside PCA, from any data set that fits the model."""

import streamlit as st

from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import address, figures, frame, gallery, missing, pictures, quality, state, warm, ways
from pages.shared.wording import sentence

frame.ensure_frame()

PARTS = {"test": "Test", "validation": "Validation", "train": "Training"}
PER_BLOCK, PER_LINE = 4, 8  # pictures beside each other on a phone, on a laptop
WIDTH = 610  # screen pixels of two blocks
COUNTS = {str(number): str(number) for number in (8, 16, 32, 64)}

st.title("Reconstruct")
st.markdown("Find out here what is left of a picture that went through the code, and whether PCA keeps more.")
warm.wait()
run, device = frame.choose_model(), st.session_state.device
own, shape = run.experiment.data.dataset, run.experiment.model.image_shape

first, second = st.container(horizontal=True), st.container(horizontal=True, vertical_alignment="bottom")
fitting = {name: source.title for name, source in SOURCES.items() if source.image_shape == shape}
dataset = address.choose(
    "Pictures of",
    {own: fitting[own]} | fitting,
    key="data",
    default=own,
    refusal="The linked data set is unknown or has pictures of another shape: these are the model's own.",
    widget=first.pills,
    help="First what the model was trained on, then what it has never seen.",
)
source = SOURCES[dataset]
missing.need(dataset)
missing.need(own, why=", and PCA has to be fitted to what the model was trained on")

try:
    model = state.model(run.id, device)
    parts = state.parts(run.id, dataset)
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
frame.say_where(model)

part = address.choose(
    "Part",
    {name: PARTS[name] for name in parts},
    key="part",
    default="test",
    refusal="There is no such part of these pictures: these are the test pictures.",
    widget=first.segmented_control,
    help="Test pictures were kept from everybody until the training was over; validation pictures told when "
    "it was best; the training pictures are those it learnt from.",
)
show = address.choose(
    "Show",
    gallery.SHOW,
    key="show",
    default="random",
    refusal="The linked view is unknown: these pictures are drawn at random.",
    widget=second.segmented_control,
)
names = source.class_names
label = address.choose(
    "Class",
    {"all": "All"} | {str(index): name for index, name in enumerate(names)},
    key="class",
    default="all",
    refusal="These pictures have no such class: all are shown.",
    widget=second.selectbox,
    width=130,
)
count = address.choose(
    "How many",
    COUNTS,
    key="count",
    default="8",
    refusal="That many pictures cannot be shown: these are 8.",
    widget=second.selectbox,
    width=100,
)
draw = address.number("draw", most=9_999, refusal="The linked draw has no number from 0 to 9,999: this is 0.")
second.button(
    "Another draw",
    key="another",
    icon=":material/casino:",
    on_click=address.write,
    args=("draw", (draw + 1) % 10_000),
    disabled=show != "random",
)
beside = address.switch("PCA beside it", key="pca", default=True, widget=second.toggle)

answer = st.container(horizontal=True, gap="small")
sheet, numbers = answer.container(horizontal=True, width=WIDTH), answer.container(width=194)
try:
    with sheet, st.spinner(f"Comparing {PARTS[part].lower()} pictures with PCA, some seconds the first time"):
        labels = state.classes(run.id, dataset, part)
        compared = state.comparison(run.id, dataset, part, device)
        images = state.versions(run.id, dataset, part, device)
        pca = state.baselines(run.id, device).pca
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()

only = None if label == "all" else int(label)
shown = gallery.indices(show, compared.model.errors, labels, only, int(count), draw)
rows = gallery.rows(images, model, pca if beside else None, compared, shown)
headings = [names[labels[index]] for index in shown]
each = "as they were, as the model redraws them, and where that is too bright or too dark"
for number, png in enumerate(pictures.blocks(rows, headings=headings, size=PER_BLOCK)):
    begin, end = number * PER_BLOCK, min(len(shown), (number + 1) * PER_BLOCK)
    sheet.image(
        pictures.address(png),
        width=pictures.width(png),
        alt=f"Pictures {begin + 1} to {end} of {source.title}: {each}"
        f"{'; then the same for PCA' if beside and pca else ''}",
    )
sheet.image(
    pictures.address(pictures.legend()),
    alt="Colours of the errors: blue is too dark, black is right, orange is too bright",
)
with numbers:
    quality.show(run, dataset, compared)

with st.container(horizontal=True, vertical_alignment="center"):
    st.caption(" ".join([gallery.about(show, draw), *gallery.asked(run.experiment)]), width="stretch")
    st.download_button(
        "Picture (PNG)",
        lambda: pictures.grid(rows, headings=headings, per_line=PER_LINE, legend=True),
        f"{run.id}-{dataset}-{show}.png",
        key="png",
        icon=":material/image:",
        on_click="ignore",
        help="What is shown above, as a PNG.",
    )
    st.download_button(
        "Errors (CSV)",
        lambda: gallery.table(compared, labels, names),
        f"{run.id}-{dataset}-{part}.csv",
        key="csv",
        icon=":material/table:",
        on_click="ignore",
        help="The error of every picture, one line each, as CSV.",
    )

st.subheader("Error by class")
look = "Look for classes where the two methods differ most." if pca else ""
st.caption(f"Bars are means; lines span 8 of 10 pictures. {look}")
st.plotly_chart(
    figures.error_by_class(gallery.by_class(compared, labels, names)),
    key="by-class",
    config=figures.PLAIN,
    alt=f"Mean error of the model and of PCA for each class of {source.title}",
)

st.subheader("On with this model")
with st.container(horizontal=True, gap="medium"):
    ways.show(run, but=ways.REDRAWS)
