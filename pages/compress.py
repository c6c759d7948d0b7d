"""Compress: pictures as a real file of codes, what it costs and leaves, and what other formats do."""

import streamlit as st

from aecore.data import available
from aecore.errors import LabError
from pages.shared import compressed, frame, missing, rate, reopened, state, strangers, warm
from pages.shared.analysis import answered
from pages.shared.wording import sentence

frame.ensure_frame()

KEY = "compress"

st.title("Compress")
st.markdown(
    "Find out here how few bytes a picture can be, what is left of it then, and whether PNG, JPEG, WebP or "
    "PCA do better."
)
warm.wait()
run, device = frame.choose_model(), st.session_state.device
dataset = run.experiment.data.dataset
given, bits, coder = compressed.choose(run)
known = state.knows_its_codes(run)
if not known:
    missing.need(dataset)
LEARNING = "Learning what this model's codes are like"
if (
    not known
    and state.takes_long("compression.codec", run.id, device=device)
    and answered("codec", run.id, {}, device=device, title=LEARNING) is None
):
    st.stop()

try:
    with st.spinner(f"{LEARNING}, a moment the first time", show_time=True):
        codec = state.codec(run.id, device)
except LabError as error:
    st.error(sentence(str(error)))
    st.stop()
frame.say_where(codec.model)


@st.fragment
def at_work() -> None:
    """The pictures, and what becomes of them: a stroke draws nothing else anew."""
    if given == "test" and not available(dataset):
        missing.offer(dataset)
        return
    with st.container(horizontal=True, gap="small"):
        if given != "test":
            with st.container(width=compressed.SOURCE_WIDTH):
                images = compressed.images(KEY, given, run)
            if images is None:
                return
        try:
            if given == "test":
                found = state.compressed(run.id, device, bits, coder, dataset)
            else:
                found = compressed.once(run.id, device, bits, coder, images.tobytes())
            others = compressed.common(given, found, run)
        except LabError as error:
            st.error(sentence(str(error)))
            return
        with st.container(width="stretch" if given == "test" else compressed.ANSWER_WIDTH):
            compressed.show(run, found, others, bits, device)


at_work()

st.subheader("Open a file")
reopened.show(run, device)

if available(dataset):
    st.subheader("Quality against bytes")
    try:
        tests = state.compressed(run.id, device, bits, coder, dataset)
        if run.experiment.data.target_transform == "none":
            st.caption(
                f"{len(tests.asked):,} test pictures of {compressed.title(dataset)}; a point for each number "
                "of bits. Look for who is higher at equal bytes, and where more bits bring nothing: there "
                "the code itself is too small. The decoder is not counted."
            )
            rate.show(run, tests, device)
        else:
            st.caption(
                "No curves here: PCA and other formats keep a picture as it is, and this model is asked for "
                "another one made of it."
            )
        st.subheader("Made for its own data")
        with st.spinner("Compressing other data by it, a moment the first time"):
            strangers.show(run, bits, coder, device)
    except LabError as error:
        st.error(sentence(str(error)))
