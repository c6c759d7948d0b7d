"""How a run ended: what happened, its figures, and the ways on."""

import streamlit as st

from aecore.config import Experiment
from aecore.runs import Result, Run
from pages.shared import form, ways
from pages.shared.engine import jobs, may_change, refusals, training_device, visitor
from pages.shared.wording import duration, error, learning_rate, sentence


def show(run: Run, status: str) -> None:
    """All there is to say about a run that is not in training."""
    _say(run, status)
    if run.result:
        _figures(run.result, run.experiment)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _ways_on(run, status)


def _say(run: Run, status: str) -> None:
    message = run.result.message if run.result else jobs().message(run.id)
    said = sentence(form.in_labels(message))
    if status == "failed":
        st.error(said, title="This training did not come to its end", icon=":material/error:")
    elif status == "withdrawn":
        st.info(said, icon=":material/hourglass_disabled:")
    elif status == "interrupted":
        st.warning(
            f"{said or 'It was cut off, most likely because the lab was ended.'} Resumed, it goes on from "
            "its last saved epoch, with the losses that an uncut training has.",
            icon=":material/power_off:",
        )
    elif status == "diverged":
        st.error(said, title="The training came apart", icon=":material/trending_up:")
    elif status == "stopped":
        st.info(
            f"{said} What it had learnt by then is kept. A stopped training does not go on; it can be "
            "trained again from the start, below.",
            icon=":material/stop:",
        )
    elif said:
        st.warning(said, icon=":material/warning:")


def _figures(result: Result, experiment: Experiment) -> None:
    with st.grid(min_column_width=120, gap="small"):
        st.metric(
            "Test error",
            error(result.test_mse),
            help="Mean squared error per pixel on images it never saw; black is 0 and white is 1.",
        )
        if result.pca_mse is not None:
            st.metric(
                f"PCA, code of {experiment.model.pca_size}",
                error(result.pca_mse),
                help="Principal component analysis, which only scales and adds pixels, with as many numbers "
                "as a code has other than zero.",
            )
        st.metric(
            "Mean image",
            error(result.mean_image_mse),
            help="The error of answering every image with the average one: the worst to expect.",
        )
        st.metric("Trained in", duration(result.seconds), help=f"{result.epochs} epochs on {result.device}.")
        st.metric("Images per second", f"{result.images_per_second:,.0f}")
        if result.dead_units is not None:
            size = experiment.model.code_size
            st.metric(
                "Dead units",
                f"{result.dead_units:,}",
                help=f"Of {size:,} units of the code: they answer every image alike, and carry nothing.",
            )
    if gain := result.gain_over_pca:
        told = f"{gain:.1f} times smaller" if gain >= 1 else f"{1 / gain:.1f} times larger"
        size = experiment.model.pca_size
        many = (
            "as many numbers"
            if size == experiment.model.code_size
            else f"{size} numbers, as many as are active"
        )
        st.markdown(f"Its error on images it never saw is **{told} than PCA's** with {many}.")
    if experiment.model.pca_size is None:
        st.markdown(
            f"PCA with {experiment.model.code_size:,} numbers copies a picture of "
            f"{experiment.model.pixel_count:,}: it is no yardstick here."
        )
    if result.rate_by_hand:
        rate = learning_rate(experiment.train, result.rate_by_hand)
        st.caption(f"Set by hand while it trained: {rate}.")
    if not experiment.data.plain:
        st.caption("Measured as it was trained: on what it was shown, against what it was asked for.")


def _ways_on(run: Run, status: str) -> None:
    if status in ("interrupted", "failed", "withdrawn"):
        st.button(
            "Resume",
            key="resume",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_resume,
            args=(run.id,),
            disabled=not may_change(run.id),
        )
    ways.show(run)
    if status == "diverged":
        calmer = run.experiment.with_settings({"learning_rate": run.experiment.train.learning_rate / 10})
        _train_again("Train with a tenth of the learning rate", calmer, "calmer")
    _train_again("Change the settings and train again", run.experiment, "again")
    st.page_link(
        "pages/runs.py",
        label="Compare with other runs",
        icon=":material/list:",
        query_params={"runs": run.id},
    )


def _train_again(label: str, experiment: Experiment, key: str) -> None:
    """A button, for a link to the page one is on leaves the browser's address as it was."""
    st.button(
        label,
        key=key,
        icon=":material/tune:",
        type="tertiary",
        on_click=form.show,
        args=(experiment,),
    )


def _resume(run_id: str) -> None:
    try:
        jobs().resume(run_id, owner=visitor(), device=training_device())
    except refusals() as problem:
        st.session_state["refused"] = str(problem)
