"""What pages share: the models to choose from, and what is kept in memory, once per server.

Caches are keyed by plain strings only: a device or a data set that is not in the key gives the wrong object.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import data, runs
from aecore.data import SOURCES, ImageSet
from aecore.errors import LabError
from aecore.runs import Run

MOST_LETTERS = 27
"""Of a model's label: so many are shown whole in a sidebar of Streamlit's own width."""

if TYPE_CHECKING:
    from aecore.analysis.activity import Activity
    from aecore.analysis.comparison import Baselines, Comparison, Split, Versions
    from aecore.analysis.dictionary import Dictionary
    from aecore.compression import Codec
    from aecore.compression.quality import Trial
    from aecore.models.base import Autoencoder


def usable(own: Sequence[Run]) -> dict[str, Run]:
    """The runs with a trained model, by id: the person's `own`, then those that come with the lab."""
    everything = [*own, *runs.zoo()]
    return {run.id: run for run in everything if run.result and run.result.test_mse is not None}


def usable_here() -> dict[str, Run]:
    """All of them; only the lab's own where the notebook is damaged, which choosing a model has said."""
    try:
        return usable(runs.list_runs())
    except LabError:
        return usable([])


def gone(run_id: str) -> bool:
    """Whether a run was deleted meanwhile: a fragment that is drawn anew asks first."""
    try:
        runs.get(run_id)
    except LabError:
        return True
    return False


def default_run(choice: dict[str, Run], kind: str = "32") -> Run:
    """The model to show first: the lab's own of a kind, such as `denoiser`, on MNIST, else on the digits or
    the photo patches that are always there."""
    of_kind = (f"zoo-{dataset}-{kind}" for dataset in ("mnist", "digits", "patches"))
    for run_id in (*of_kind, "zoo-mnist-32", "zoo-digits-32"):
        if run_id in choice and data.available(choice[run_id].experiment.data.dataset):
            return choice[run_id]
    return next(iter(choice.values()))


def labels(choice: dict[str, Run]) -> dict[str, str]:
    """The name of each run, as much of it as the sidebar shows; where two would read the same, with more."""
    short = {run.id: at_most(MOST_LETTERS, run.name) for run in choice.values()}
    several = {label for label, count in Counter(short.values()).items() if count > 1}
    for run_id, label in short.items():
        if label in several:
            short[run_id] = at_most(MOST_LETTERS, f"{choice[run_id].name} · {mark(run_id)}")
    return short


def mark(run_id: str) -> str:
    """What tells a run from others of its name."""
    return "lab's" if run_id.startswith("zoo-") else run_id[-6:]


def at_most(letters: int, text: str) -> str:
    """A text cut short where it is longer, but for the mark behind its last dot."""
    text, dot, mark = text.rpartition(" · ") if " · " in text else (text, "", "")
    letters -= len(dot + mark)
    return (text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…") + dot + mark


def drawn(labels: np.ndarray, label: int | None, seed: int = 0) -> np.ndarray:
    """Indices of the images with this label, of all where it is None, in an order that `seed` decides."""
    among = np.arange(len(labels)) if label is None else np.flatnonzero(labels == label)
    return np.random.default_rng(seed).permutation(among)


def fetch(dataset: str) -> None:
    """Download a data set under a progress bar. Raises LabError where that fails."""
    bar = st.progress(0.0, f"Looking for {SOURCES[dataset].title}")
    try:
        data.load(dataset, progress=bar.progress)
    finally:
        bar.empty()


@st.cache_resource(max_entries=4, show_spinner=False)
def images(dataset: str) -> ImageSet:
    """A data set, on the CPU. Raises LabError, and is not kept, where it cannot be had."""
    return data.load(dataset)


def parts(run_id: str, dataset: str) -> list["Split"]:
    """The parts of a data set that can be looked at with a run: test, training, and what it held out."""
    from aecore.analysis.comparison import splits

    return splits(images(dataset), runs.get(run_id).experiment.data)


def classes(run_id: str, dataset: str, part: "Split") -> np.ndarray:
    """The labels (N,) of the images in one of `parts`."""
    from aecore.analysis.comparison import split

    return split(images(dataset), part, runs.get(run_id).experiment.data)[1].numpy()


@st.cache_resource(max_entries=12, show_spinner=False)
def model(run_id: str, device: str) -> "Autoencoder":
    """A run's trained model, for every session to read. Raises LabError where its weights are no good."""
    return runs.load(runs.get(run_id), device)


@st.cache_resource(max_entries=4, show_spinner=False)
def baselines(run_id: str, device: str) -> "Baselines":
    """PCA and the mean image, fitted to the images the run was trained on. Raises LabError."""
    from aecore.analysis.comparison import fit_baselines

    experiment = runs.get(run_id).experiment
    return fit_baselines(experiment, images(experiment.data.dataset).to(device))


@st.cache_resource(max_entries=4, show_spinner=False)
def versions(run_id: str, dataset: str, part: "Split", device: str) -> "Versions":
    """What a run's model sees of one of `parts`, and what it is asked for, on the device."""
    from aecore.analysis.comparison import split, versions

    data = runs.get(run_id).experiment.data
    return versions(split(images(dataset), part, data)[0].to(device), data)


@st.cache_resource(max_entries=16, show_spinner=False)
def comparison(run_id: str, dataset: str, split: "Split", device: str) -> "Comparison":
    """A run's model beside PCA and the mean image, on one part of a data set. Raises LabError."""
    from aecore.analysis.comparison import compare

    return compare(
        model(run_id, device), baselines(run_id, device), *versions(run_id, dataset, split, device)
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def codes(run_id: str, dataset: str, part: "Split", device: str) -> np.ndarray:
    """The codes (N, code_size), float32, of what a run's model sees of one of `parts`. Raises LabError."""
    from aecore.analysis.codes import codes_of

    return codes_of(model(run_id, device), versions(run_id, dataset, part, device).inputs)


@st.cache_resource(max_entries=500, show_spinner=False)
def strength(name: str, dataset: str, noise: str, level: float) -> float:
    """The strength of a filter that is best against this noise on training images. Raises LabError."""
    from aecore.analysis.filters import tuned

    return tuned(name, dataset, noise, level)


@st.cache_resource(max_entries=4, show_spinner=False)
def codec(run_id: str, device: str) -> "Codec":
    """What writes and reads a run's compressed files; learnt once. Raises LabError."""
    from aecore.compression import codec_of

    run = runs.get(run_id)
    return codec_of(run, device, model=model(run_id, device))


@st.cache_resource(max_entries=1_000, show_spinner=False)
def takes_long(module: str, run_id: str, *what: str, device: str) -> bool:
    """Whether what a module of aecore computes of a run has to be asked for as a question first.

    `what` is what else its own `takes_long` wants to know, between experiment and device.
    """
    return import_module(f"aecore.{module}").takes_long(runs.get(run_id).experiment, *what, device)


def knows_its_codes(run: Run) -> bool:
    """Whether a run's codes were learnt before, so that its data set is not needed for it."""
    from aecore.compression.codec import find

    return find(run) is not None


def compressed(run_id: str, device: str, bits: str, coder: str, dataset: str) -> "Trial":
    """1,000 test images of a data set, in the form of a run's own, in a file and back. Raises LabError."""
    from aecore.compression.samples import COUNT

    return _compressed(run_id, device, bits, coder, dataset, COUNT)


def compressed_beside(run_id: str, device: str, bits: str, coder: str, dataset: str) -> "Trial":
    """As `compressed`, of fewer images where codes are wide: more than one data set is waited for."""
    from aecore.compression.samples import for_each

    count = for_each(runs.get(run_id).experiment.model.code_size)
    return _compressed(run_id, device, bits, coder, dataset, count)


@st.cache_resource(max_entries=8, show_spinner=False)
def _compressed(run_id: str, device: str, bits: str, coder: str, dataset: str, count: int) -> "Trial":
    from aecore.compression.quality import trial
    from aecore.compression.samples import brought

    own = runs.get(run_id).experiment.model.image_shape
    return trial(codec(run_id, device), brought(images(dataset), own, count), int(bits), coder)


@st.cache_resource(max_entries=24, show_spinner=False)
def decoder_bytes(run_id: str, device: str) -> int:
    """How large what a run's files cannot be read without is. Raises LabError."""
    from aecore.compression.decoder import decoder_bytes

    return decoder_bytes(runs.get(run_id), model(run_id, device))


@st.cache_resource(max_entries=4, show_spinner=False)
def lossless(dataset: str, transform: str) -> dict[str, float]:
    """Bytes of each of 1,000 test images in formats that lose nothing, by the format's name.

    The images are what a model with that `target_transform` is asked for.
    """
    from aecore.compression.formats import lossless
    from aecore.compression.samples import asked_for

    return lossless(asked_for(images(dataset), transform))


@st.cache_resource(max_entries=4, show_spinner=False)
def dictionary(run_id: str, device: str) -> "Dictionary":
    """What the units of a run's model stand for and do, on a sample of its test images. Raises LabError."""
    from aecore.analysis.dictionary import look_into, restored
    from aecore.analysis.questions import Question, kept

    if answer := kept(Question("dictionary", run_id)):
        return restored(answer)
    dataset = runs.get(run_id).experiment.data.dataset
    return look_into(model(run_id, device), versions(run_id, dataset, "test", device))


@st.cache_resource(max_entries=8, show_spinner=False)
def activity(run_id: str, device: str, active: str) -> "Activity":
    """When those units are active, by what counts as that. Raises LabError."""
    from aecore.analysis.activity import activity

    found = dictionary(run_id, device)
    source = SOURCES[runs.get(run_id).experiment.data.dataset]
    labels = classes(run_id, source.name, "test")[found.indices]
    return activity(found.codes, labels, len(source.class_names), active)


@st.cache_resource(max_entries=8, show_spinner=False)
def units_in_order(run_id: str, device: str, order: str, active: str) -> np.ndarray:
    """The units of a run's model, as an order of aecore.analysis.dictionary has them. Raises LabError."""
    from aecore.analysis.dictionary import ordered
    from aecore.analysis.similarity import by_similarity

    found = dictionary(run_id, device)
    if order == "similarity":
        return by_similarity(found.atoms)
    return ordered(found, activity(run_id, device, active), order)
