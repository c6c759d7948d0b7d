"""The trained runs that come with the lab, one folder each beside this file, and how they are made."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from aecore import data, runs
from aecore.analysis.classifiers import CLASSIFIERS
from aecore.analysis.questions import Question
from aecore.compression.codec import NAME as CODEC
from aecore.compression.codec import keep, learn_codec
from aecore.config import Experiment
from aecore.data.batches import hold_out, pixels
from aecore.models.base import Autoencoder
from aecore.models.weights import save_weights
from aecore.progress import Progress
from aecore.recipes import RECIPES
from aecore.runs.example import Example, look, write_example
from aecore.runs.execution import create, execute, measure
from aecore.runs.record import Run, RunError, read_run, write_json
from aecore.runs.shelf import ASIDE, ZOO


class Entry(NamedTuple):
    """How a run of the zoo is made."""

    recipe: str
    dataset: str
    settings: Mapping[str, Any] = {}
    """What differs from the recipe, to keep the weights below 2 MB."""

    @property
    def experiment(self) -> Experiment:
        return RECIPES[self.recipe].on(self.dataset).with_settings(dict(self.settings))


SMALL_MAP = {"hidden": (384, 192, 96)}
NARROW = {"hidden": (256,)}
"""The coarse digits, 64 numbers each before they are enlarged, need no wider one."""

ENTRIES = {
    "zoo-mnist-32": Entry("lab-32", "mnist"),
    "zoo-mnist-2": Entry("lab-2", "mnist", SMALL_MAP),
    "zoo-mnist-denoiser": Entry("lab-denoiser", "mnist"),
    "zoo-mnist-dictionary": Entry("lab-dictionary", "mnist"),
    "zoo-mnist-winners": Entry("lab-winners", "mnist"),
    "zoo-mnist-variational": Entry("lab-variational", "mnist", {"hidden": (384,)}),
    "zoo-mnist-inpaint": Entry("inpaint", "mnist"),
    "zoo-fashion-mnist-32": Entry("lab-32", "fashion-mnist"),
    "zoo-fashion-mnist-2": Entry("lab-2", "fashion-mnist", SMALL_MAP),
    "zoo-fashion-mnist-dictionary": Entry("lab-dictionary", "fashion-mnist"),
    "zoo-digits-32": Entry("lab-32", "digits", NARROW),
    "zoo-digits-2": Entry("lab-2", "digits", {"hidden": (192, 96, 48)}),
    "zoo-digits-denoiser": Entry("lab-denoiser", "digits", NARROW),
    "zoo-digits-dictionary": Entry("lab-dictionary", "digits"),
    "zoo-digits-threes": Entry("lab-normal", "digits", {"hidden": (128,), "classes": (3,)}),
    "zoo-digits-variational": Entry("lab-variational", "digits", NARROW),
    "zoo-digits-inpaint": Entry("inpaint", "digits"),
    "zoo-patches-colourise": Entry("colourise", "patches"),
    "zoo-patches-decolour": Entry("decolour", "patches"),
    "zoo-patches-sharpen": Entry("sharpen", "patches"),
    "zoo-patches-sharpen-4": Entry("sharpen-4", "patches"),
    "zoo-patches-shrink": Entry("shrink", "patches"),
    "zoo-patches-inpaint": Entry("inpaint", "patches"),
}
"""The name of each run, and how it is made."""

FREE = {"digits", "patches"}
"""Data sets that come with scikit-learn, so an image of theirs may be kept with a run; MNIST's may not."""


FIRST_QUESTIONS = (
    *(
        Question("classifying", f"zoo-{dataset}-32", {"classifier": classifier, "dataset": dataset})
        for dataset in ("mnist", "digits")
        for classifier in CLASSIFIERS
    ),
    Question("anomaly", "zoo-digits-threes", {"normal": "3", "others": "", "most": 0}),
    Question("sparsity", "zoo-mnist-32"),
    *(Question("transforming", name) for name, entry in ENTRIES.items() if entry.experiment.task),
)
"""What the pages ask before anybody has chosen anything, so that nobody need wait for the answers."""


def make(name: str, device: str, listen: Callable[[Progress], None]) -> Run:
    """Train the zoo's run `name` afresh and put it in place of the old one; the old one stays until then.

    Weights are stored as float16, and its test figures are measured from the stored file.
    Raises RunError where the training did not end well.
    """
    entry = ENTRIES[name]
    images = data.load(entry.dataset)
    run = create(entry.experiment)
    for progress in execute(run, images, device):
        listen(progress)
    run = runs.get(run.id)
    if run.status != "finished":
        raise RunError(f"{name} was not made: its training is {run.status}, see run {run.id}")
    with tempfile.TemporaryDirectory(dir=ZOO, prefix=".") as folder:
        fresh = Path(folder) / name
        _publish(run, fresh, images.to(device))
        _replace(ZOO / name, fresh)
    runs.delete(run.id)
    return read_run(ZOO / name)


def _replace(folder: Path, fresh: Path) -> None:
    """Put `fresh` in the place of `folder`: whoever looks meanwhile, or after a crash, finds one of them."""
    aside = ZOO / ASIDE / folder.name
    if folder.exists():
        shutil.rmtree(aside, ignore_errors=True)  # of a replacement that was cut off once it had succeeded
        aside.parent.mkdir(exist_ok=True)
        folder.rename(aside)
    fresh.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)
    with suppress(OSError):  # not there, or not empty: another run was left in it
        aside.parent.rmdir()


def _publish(run: Run, folder: Path, images: data.ImageSet) -> None:
    assert run.result  # a finished run has one
    images = images.only(run.experiment.data.classes)
    device = str(images.train_images.device)
    folder.mkdir()
    config = json.loads((run.folder / "config.json").read_text())
    write_json(folder / "config.json", config | {"number": 1})  # however many the person has of their own
    for file in ("history.csv", "losses.npy"):
        shutil.copy(run.folder / file, folder / file)
    save_weights(runs.load(run, device), folder / "weights.safetensors", torch.float16)
    stored = runs.load(replace(run, folder=folder), device)
    keep(learn_codec(run, stored, images), folder / CODEC)
    train_images, _ = hold_out(images.train_images, run.experiment.data)
    figures = measure(stored, run.experiment, train_images, images.test_images)
    write_json(folder / "result.json", run.result.replace(**figures.model_dump()).model_dump(mode="json"))
    if images.name in FREE:
        write_example(typical(stored, images), folder)


@torch.inference_mode()
def typical(model: Autoencoder, images: data.ImageSet) -> Example:
    """The test image whose error is the median one: half of the others are redrawn better, half worse."""
    originals = pixels(images.test_images)
    errors = (model(originals) - originals).square().flatten(1).mean(1)
    index = int(errors.argsort(stable=True)[len(errors) // 2])
    name = images.class_names[int(images.test_labels[index])]
    return look(model, images.test_images[index], name)
