"""Runs: everything that was trained here and what comes with the lab, to compare and to keep in order."""

import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from pages.shared import address, comparison, curves, keeping, listing
from pages.shared.engine import jobs
from pages.shared.frame import ensure_frame
from pages.shared.training import SECONDS_BETWEEN_LOOKS
from pages.shared.wording import plain, sentence

ensure_frame()

MOST_COMPARED = 10  # as many colours as can be told apart
ROW = 35
"""Height in pixels."""

MOST_ROWS = 7.6
"""Before the table scrolls; that the last one is cut tells that there are more."""

UNDER_WAY = (*SECONDS_BETWEEN_LOOKS, "running")


def notice(statuses: dict[str, str]) -> None:
    """Draws the page anew when a run that is on its way has come further."""
    under_way = {run_id: status for run_id, status in statuses.items() if status in UNDER_WAY}

    @st.fragment(run_every=2 if under_way else None)
    def look() -> None:
        if any(jobs().status(by_id[run_id]) != status for run_id, status in under_way.items()):
            st.rerun()

    look()


st.title("Runs")
st.markdown(
    "Find out here which training came out best, yours or one that comes with the lab, and lay their losses "
    "side by side."
)
try:
    own = runs.list_runs()
except LabError as error:
    st.error(sentence(str(error)), icon=":material/broken_image:")
    own = []
for damage in runs.damaged_runs():
    st.warning(sentence(damage), icon=":material/broken_image:")
shelf = [*own, *runs.zoo()]
if not own:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info("You have trained nothing here yet.", icon=":material/model_training:")
        if st.button("Train a model", type="primary", icon=":material/play_arrow:"):
            st.switch_page("pages/train.py")
if not shelf:
    st.stop()

by_id = {run.id: run for run in shelf}
statuses = {run.id: jobs().status(run) for run in shelf}
asked = st.query_params.get("runs", st.query_params.get("run", ""))
linked = [run_id for run_id in asked.split(",") if run_id]
notice(statuses)
known = [run_id for run_id in by_id if run_id in linked]
if len(known) < len(linked):
    st.caption("Some of the linked runs are no longer on this server.")
rows = [listing.row(run, statuses[run.id], "here" if run in own else "the lab") for run in shelf]
picked = st.dataframe(
    rows,
    column_config=listing.columns(),
    hide_index=True,
    height=round(ROW * (min(len(shelf), MOST_ROWS) + 1)) + 3,
    placeholder="–",
    key=f"table-{hash(tuple(by_id))}",  # a row means another run once the list is another one
    on_select="rerun",
    selection_mode="multi-row",
    selection_default={"selection": {"rows": [list(by_id).index(run_id) for run_id in known]}},
    alt="Every run with its code size, its test error beside PCA's, and how it stands",
)
chosen = [shelf[place] for place in picked.selection.rows if place in range(len(shelf))]
if (in_address := ",".join(run.id for run in chosen)) != asked:
    if chosen:
        st.query_params["runs"] = in_address
    else:
        st.query_params.pop("runs", None)
    st.query_params.pop("run", None)

with st.container(horizontal=True):
    with st.container(width="stretch"):
        if chosen:
            keeping.actions(chosen, statuses)
        else:
            st.info(
                "Choose runs in the table, by the boxes on the left, to compare them.",
                icon=":material/check_box:",
            )
    listing.offer(rows, list(by_id))
if not chosen:
    st.stop()

datasets = {SOURCES[run.experiment.data.dataset].title for run in chosen}
if len(datasets) > 1:
    st.info(
        f"These runs saw different images ({', '.join(sorted(datasets))}): their errors and losses do not "
        "say which is better. Compare their gains over PCA instead.",
        icon=":material/info:",
    )
kinds = {run.experiment.train.loss for run in chosen}
if len(kinds) > 1:
    st.info(
        f"These runs made different losses small ({', '.join(sorted(kinds))}): compare the shape of their "
        "curves, not the height. The test error is the same for all.",
        icon=":material/info:",
    )

tracks = {}
for run in chosen[:MOST_COMPARED]:
    try:
        track = curves.track(run, jobs().live(run.id))
    except LabError as error:
        st.warning(sentence(str(error)), icon=":material/broken_image:")
        continue
    alone = [other.name for other in chosen].count(run.name) == 1
    tracks[run.name if alone else f"{run.name} · {run.id.removeprefix(run.experiment.recipe + '-')}"] = track
if len(chosen) > MOST_COMPARED:
    st.caption(f"The figure shows the first {MOST_COMPARED}.")
refusal = "The address asks for a view of the losses that there is not: this is the usual one."
with st.container(horizontal=True, vertical_alignment="bottom"):
    which = address.choose(
        "Loss",
        comparison.LOSSES,
        key="loss-of",
        default="train_loss",
        refusal=refusal,
        widget=st.segmented_control,
    )
    unit = address.choose(
        "Across", curves.UNITS, key="across", default="epoch", refusal=refusal, widget=st.segmented_control
    )
    scale = address.choose(
        "Scale", curves.SCALES, key="scale", default="log", refusal=refusal, widget=st.segmented_control
    )
silent = [
    name for name, track in tracks.items() if not any(getattr(e, which) is not None for e in track.epochs)
]
if silent:
    st.caption(plain(f"Nothing to draw for {', '.join(silent)}: no finished epoch, or no images held out."))
if len(silent) < len(tracks):
    st.plotly_chart(
        comparison.losses(tracks, which, unit, log=scale == "log"),
        key="comparison",
        config={"displaylogo": False},
        alt=f"{comparison.LOSSES[which]} losses of {len(tracks)} runs by {curves.UNITS[unit].lower()}",
    )
    st.caption(
        "Look at where a line ends, and how soon it gets there. Switch between training and validation: "
        "where the validation loss stays far above, images are learnt by heart."
    )
