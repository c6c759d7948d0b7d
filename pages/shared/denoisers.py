"""What can take noise out of a picture: models, those trained for it first, and filters."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from aecore.config import Experiment
from aecore.data import SOURCES
from aecore.recipes import RECIPES
from aecore.runs import Run
from pages.shared import address, form, state
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.reconstruction import Reconstruct

MOST_BESIDE = 5
"""Models beside the one in question."""

NOISES = {"gaussian": "Gaussian", "masking": "Masking", "salt-and-pepper": "Salt and pepper"}


def is_denoiser(run: Run) -> bool:
    """Whether it was trained to give pictures back without noise, and nothing else."""
    data = run.experiment.data
    return data.noise != "none" and data.input_transform == data.target_transform == "none"


def usual_noise(run: Run) -> str:
    """The noise to begin with: what the model knows, if it knows any."""
    return run.experiment.data.noise if is_denoiser(run) else "gaussian"


def choose(run: Run, usable: Mapping[str, Run]) -> dict[str, Run]:
    """The models to compare, by the names they are shown with, the one in question first.

    Beside it at first all other denoisers of its data set, at most five.
    """
    shape, own = run.experiment.model.image_shape, run.experiment.data.dataset
    others = {
        other.id: other
        for other in usable.values()
        if other.experiment.model.image_shape == shape and other.id != run.id
    }
    usual = [
        other.id for other in others.values() if is_denoiser(other) and other.experiment.data.dataset == own
    ][:MOST_BESIDE]
    ordered = dict(sorted(others.items(), key=lambda each: not is_denoiser(each[1])))
    chosen = address.several(
        "Models beside it",
        state.labels(ordered),
        widget=st.sidebar.multiselect,
        key="beside",
        default=usual,
        known=usable,
        most=MOST_BESIDE,
        refusal="One of the linked models is no longer on this server: these are the usual ones.",
        placeholder="None" if others else "There is no other model for pictures of this shape",
        help="Denoisers first; any model of pictures of the same shape can be compared.",
    )
    return names([run, *(others[name] for name in chosen)])


def names(runs: Sequence[Run]) -> dict[str, Run]:
    """Runs by name, without the data set where all have one; what would read the same is told apart."""
    one = len({run.experiment.data.dataset for run in runs}) == 1
    short = [
        run.name.replace(f" on {run.experiment.data.dataset}", "", 1) if one else run.name for run in runs
    ]
    return {
        name if short.count(name) == 1 else f"{name} · {state.mark(run.id)}": run
        for name, run in zip(short, runs, strict=True)
    }


def offer(run: Run, noise: str) -> None:
    """Say that a model is no denoiser, and how to get one."""
    experiment = recipe(run.experiment.data.dataset, noise)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        what = "for something else than denoising" if run.experiment.data.noise != "none" else "without noise"
        st.markdown(
            f":material/info: **{plain(run.name)}** was trained {what}: noise goes through its code, or "
            "becomes something else.",
            width="content",
        )
        st.page_link(
            "pages/train.py",
            label="Train a denoiser",
            icon=":material/play_arrow:",
            query_params=form.link(experiment),
            help=f"Opens the form with {experiment.recipe} on "
            f"{SOURCES[experiment.data.dataset].title}, and {NOISES[noise].lower()} noise.",
        )


def recipe(dataset: str, noise: str) -> Experiment:
    """An experiment that trains a denoiser: the first recipe with this noise, else the lab's own with it."""
    for each in RECIPES.values():
        if dataset in each.datasets and each.experiment.data.noise == noise:
            return each.on(dataset)
    noisy = {"noise": noise, "noise_level": 0.5, "least_noise": 0.0}
    return RECIPES["lab-64"].on(dataset).with_settings(noisy)


def methods(
    runs: Mapping[str, Run], dataset: str, noise: str, level: float, device: str
) -> dict[str, "Reconstruct"]:
    """Every model and filter by name, ready for pictures. Raises LabError where one cannot be had."""
    from aecore.analysis.filters import FILTERS, restore

    found: dict[str, Reconstruct] = {name: state.model(run.id, device) for name, run in runs.items()}
    for name in FILTERS:
        strength = state.strength(name, dataset, noise, level)
        found[name.capitalize()] = partial(restore, name, strength=strength)
    return found
