"""What a model makes of pictures, in words, where it is asked for others than it sees; and who does what."""

from collections.abc import Mapping

import streamlit as st

from aecore.data import SOURCES, available
from aecore.recipes import RECIPES
from aecore.runs import Run
from pages.shared import address, form
from pages.shared.wording import plain

Task = tuple[str, str]
"""The transforms of what a model sees, and of what it is asked for."""

TASKS: dict[Task, str] = {
    ("grey", "none"): "Colour from grey",
    ("none", "grey"): "Grey from colour",
    ("half", "none"): "Twice as sharp",
    ("quarter", "none"): "Four times as sharp",
    ("none", "half"): "Half the resolution",
    ("hole", "none"): "Fill a hole",
}

WORDS = {
    "none": "the picture",
    "grey": "grey",
    "half": "half the resolution",
    "quarter": "a quarter of the resolution",
    "hole": "a picture with a hole",
}


LEFT = {"grey": "left grey", "half": "left coarse", "quarter": "left coarse", "hole": "left with the hole"}
"""What pictures are that nothing is done to, by what a model sees."""


def left(run: Run) -> str:
    """Such as left grey: what a picture is that nothing is done to."""
    return LEFT.get(run.experiment.data.input_transform, "left alone")


def label(task: Task) -> str:
    """Such as Colour from grey."""
    seen, asked = task
    return TASKS.get(task, f"{WORDS[asked]} from {WORDS[seen]}".capitalize())


def by_task(run: Run, usable: Mapping[str, Run]) -> dict[Task, Run]:
    """A model for each task that any of `usable` can do: of the run's data first, then the lab's own."""
    own = run.experiment.data.dataset

    def order(other: Run) -> tuple[bool, bool, bool, bool]:
        dataset = other.experiment.data.dataset
        lab = other.id.startswith("zoo-")
        return (dataset != own, not available(dataset), not lab, SOURCES[dataset].white_on_black)

    found: dict[Task, Run] = {}
    for other in sorted(usable.values(), key=order):
        if task := other.experiment.task:
            found.setdefault(task, other)
    known = {task: found[task] for task in TASKS if task in found}
    return known | {task: found[task] for task in sorted(found) if task not in known}


def choose(run: Run, usable: Mapping[str, Run]) -> Task | None:
    """The task of the model in question; choosing another chooses a model for it. None: it does none."""
    own, models = run.experiment.task, by_task(run, usable)
    names = {"-".join(task): task for task in models}
    st.session_state["task"] = "-".join(own) if own else None

    def take() -> None:
        if (task := names.get(st.session_state["task"] or "")) and task != own:
            address.write("model", models[task].id)

    if names:
        st.pills(
            "Task",
            list(names),
            key="task",
            format_func=lambda name: label(names[name]) if name in names else name,
            on_change=take,
            required=own is not None,
            help="What the model sees, and what it is to make of that. Each task has a model of its own; "
            "others that do the same are in the list of models.",
        )
    return own


def offer(run: Run, usable: Mapping[str, Run]) -> None:
    """Say that a model transforms nothing, and how to come to one that does."""
    on = "choose a task above, or train" if by_task(run, usable) else "train"
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/info: **{plain(run.name)}** was trained to give back the picture itself: {on} a "
            "model that is asked for something else.",
            width="content",
        )
        st.page_link(
            "pages/train.py",
            label="Train one that colours",
            icon=":material/play_arrow:",
            query_params=form.link(RECIPES["colourise"].on("patches")),
            help="Opens the form with recipe colourise; any other input and target can be chosen there.",
        )
