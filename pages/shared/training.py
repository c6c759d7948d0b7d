"""One run, from the queue to its result, for everybody who has the link."""

import streamlit as st

from aecore import runs
from aecore.jobs import Live
from aecore.runs import MissingRunError, Run
from pages.shared import address, controls, curves, form, launch, outcome, pictures
from pages.shared.engine import jobs, refusals
from pages.shared.wording import about, error, plain, sentence

PER_BLOCK = 5
"""Of the ten pictures, so many beside each other on a phone."""

SECONDS_TO_HEAR = 0.4
SECONDS_BETWEEN_LOOKS = {"queued": 1.0} | dict.fromkeys(controls.AT_WORK, 0.4)
SECONDS_BETWEEN_LOOKS_ELSEWHERE = dict.fromkeys(("running", "interrupted", "failed", "withdrawn"), 3.0)
"""For a run that another process trains, which says something every ten seconds or so, and for one that
somebody may resume elsewhere."""


def show(run_id: str) -> None:
    """The page of the run with this id, which may come from anywhere."""
    try:
        run = runs.get(run_id)
        launch.await_first_step(run_id)
        status = jobs().status(run)
    except MissingRunError:
        st.warning(
            "That run is no longer on this server. It was deleted, or the server has been set up anew.",
            icon=":material/link_off:",
        )
        _ways_on()
        return
    except refusals() as problem:
        st.error(sentence(str(problem)), icon=":material/broken_image:")
        _ways_on()
        return
    st.caption(
        "Find out here how this training goes, or went. Whoever has this page's address sees the same."
    )
    controls.head(run, status)
    if status not in SECONDS_BETWEEN_LOOKS:
        outcome.show(run, status)
    stage = st.container()
    view = _view() if _has_losses(run, status) else curves.View()
    if first := launch.comes_before(run_id):
        launch.offer_to_watch_first(first)
    wait = (SECONDS_BETWEEN_LOOKS | SECONDS_BETWEEN_LOOKS_ELSEWHERE).get(status)
    # over before anybody heard of it: there is nothing else to look for
    only_to_hear = status not in SECONDS_BETWEEN_LOOKS and launch.is_unheard(run.id)
    drawing = True

    @st.fragment(run_every=SECONDS_TO_HEAR if only_to_hear else wait)
    def watch() -> None:
        if not drawing:
            launch.heard(run.id)
            if only_to_hear and not launch.is_unheard(run.id) or launch.comes_before(run.id) != first:
                st.rerun()
        _watch(run, status, view)

    with stage:
        watch()
    drawing = False


def _has_losses(run: Run, status: str) -> bool:
    """Whether there are any, or soon will be."""
    return status in ("training", "paused", "measuring", "running") or (run.folder / "history.csv").exists()


def _ways_on() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        controls.another()
        st.page_link("pages/runs.py", label="All runs", icon=":material/list:")


def _view() -> curves.View:
    """How to draw the losses, in the address."""
    refusal = "The address asks for a view of the losses that there is not: this is the usual one."
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = address.choose(
            "Across",
            curves.UNITS,
            key="across",
            default="step",
            refusal=refusal,
            widget=st.segmented_control,
        )
        scale = address.choose(
            "Scale",
            curves.SCALES,
            key="scale",
            default="log",
            refusal=refusal,
            widget=st.segmented_control,
        )
        smoothing = address.choose(
            "Smoothing",
            curves.SMOOTHING,
            key="smoothing",
            default="exponential",
            refusal=refusal,
            widget=st.selectbox,
            width=160,
        )
        over = st.slider(
            "Over steps",
            2,
            500,
            20,
            key="over",
            bind="query-params",
            disabled=smoothing == "none",
            width=160,
            help="About how many steps are averaged.",
        )
        last_steps = address.switch("Last 100 steps", key="last", default=False)
    return curves.View(unit=unit, scale=scale, smoothing=smoothing, over=over, last_steps=last_steps)


def _watch(run: Run, status: str, view: curves.View) -> None:
    """What changes while it runs. Draws the page anew, once, when the run has come to another status."""
    live = jobs().live(run.id)
    try:
        status_now = jobs().status(run)
        track = curves.track(run, live)
    except refusals() as problem:
        st.error(sentence(str(problem)), icon=":material/broken_image:")
        return
    if status_now != status:
        st.rerun()
    if status in SECONDS_BETWEEN_LOOKS:
        _progress(run, status, live, track)
    elif status == "running":
        st.info("Another process on this machine trains this run, and writes down its losses now and then.")
    if len(track.losses):
        st.echarts_chart(
            curves.live(track, view, run.experiment.train.loss),
            height=260,
            key="losses",
            alt=f"Losses of {len(track.losses):,} steps and {len(track.epochs)} epochs",
        )
    if live and live.originals is not None and live.reconstructions is not None:
        _pictures(live)


def _progress(run: Run, status: str, live: Live | None, track: curves.Track) -> None:
    if status == "queued" or live is None:
        if place := jobs().position(run.id):
            st.progress(0.0, f"Number {place} in the queue: it begins by itself.")
        elif status == "queued":
            st.progress(0.0, "In the queue of another server: it begins by itself.")
        else:
            st.progress(0.0, "About to begin")
        if trouble := jobs().trouble:
            st.warning(sentence(trouble), icon=":material/warning:")
        return
    share = min(1.0, live.step / live.steps) if live.steps else 0.0
    st.progress(share, _doing(status, live))
    if not live.step:
        return
    last = live.epochs[-1] if live.epochs else None
    epochs = run.experiment.epochs
    current = min(last.epoch + 1 if last else 1, epochs)
    with st.grid(min_column_width=110, gap="small"):
        st.metric("Epoch", f"{current} of {epochs}")
        st.metric("Training loss", error(track.recent_loss), help="Mean over the last 50 steps.")
        if run.experiment.data.validation_share:
            st.metric(
                "Validation loss",
                error(last.validation_loss if last else None),
                help="Of images held out of training, after the last full epoch.",
            )
        if last and last.dead_units is not None and last.active_units is not None:
            size = run.experiment.model.code_size
            if last.active_units < size:
                st.metric(
                    "Active units",
                    f"{last.active_units:,.1f}",
                    help=f"How many of the code's {size:,} numbers are not zero, on average.",
                )
            st.metric(
                "Dead units",
                f"{last.dead_units:,}",
                help=f"Those of the code's {size:,} units that answer every image alike.",
            )
        st.metric("Images per second", f"{live.images_per_second:,.0f}" if live.images_per_second else "–")
        st.metric("Learning rate", f"{live.learning_rate:.3g}" if live.learning_rate else "–")
    if live.message:
        st.warning(sentence(form.in_labels(live.message)), icon=":material/warning:")


def _doing(status: str, live: Live) -> str:
    if status == "starting":
        return plain(live.doing) or "Getting the images ready"
    if status == "measuring":
        return "Measuring the error on images it never saw"
    left = "" if live.seconds_left is None else f" · about {about(live.seconds_left)} left"
    return f"Step {live.step:,} of {live.steps:,}{left}"


def _pictures(live: Live) -> None:
    rows = [
        pictures.Row("Original", pictures.rgb(live.originals)),
        pictures.Row("Redrawn", pictures.rgb(live.reconstructions)),
    ]
    if live.inputs is not None:
        rows.insert(1, pictures.Row("Shown", pictures.rgb(live.inputs)))
    with st.container(horizontal=True, key="redrawn"):
        for png in pictures.blocks(rows, size=PER_BLOCK):
            st.image(
                pictures.address(png),
                width=pictures.width(png),
                alt=f"Test pictures, and below each what the model makes of it after step {live.step:,}",
            )
