"""The trained runs that come with the lab, one folder each beside this file, and how they are made."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from aecore import data, runs
from aecore.data.batches import hold_out
from aecore.models.weights import save_weights
from aecore.progress import Progress
from aecore.recipes import RECIPES
from aecore.runs.execution import create, execute, measure
from aecore.runs.record import Run, RunError, read_run, write_json
from aecore.runs.shelf import ZOO

ENTRIES = {
    "zoo-mnist-32": ("lab-32", "mnist"),
    "zoo-fashion-mnist-32": ("lab-32", "fashion-mnist"),
    "zoo-digits-32": ("lab-32", "digits"),
}
"""Name of each run: its recipe and its data set."""


def make(name: str, device: str, listen: Callable[[Progress], None]) -> Run:
    """Train the zoo's run `name` afresh and put it in place of the old one; the old one stays until then.

    Weights are stored as float16, and its test figures are measured from the stored file.
    Raises RunError where the training did not end well.
    """
    recipe, dataset = ENTRIES[name]
    images = data.load(dataset)
    run = create(RECIPES[recipe].on(dataset))
    for progress in execute(run, images, device):
        listen(progress)
    run = runs.get(run.id)
    if run.status != "finished":
        raise RunError(f"{name} was not made: its training is {run.status}, see run {run.id}")
    with tempfile.TemporaryDirectory(dir=ZOO, prefix=".") as folder:
        fresh = Path(folder) / name
        _publish(run, fresh, images.to(device))
        if (ZOO / name).exists():
            (ZOO / name).rename(Path(folder) / "old")
        fresh.rename(ZOO / name)
    runs.delete(run.id)
    return read_run(ZOO / name)


def _publish(run: Run, folder: Path, images: data.ImageSet) -> None:
    assert run.result  # a finished run has one
    device = str(images.train_images.device)
    folder.mkdir()
    for file in ("config.json", "history.csv", "losses.npy"):
        shutil.copy(run.folder / file, folder / file)
    save_weights(runs.load(run, device), folder / "weights.safetensors", torch.float16)
    stored = runs.load(replace(run, folder=folder), device)
    train_images, _ = hold_out(images.train_images, run.experiment.data)
    figures = measure(stored, run.experiment, train_images, images.test_images)
    write_json(folder / "result.json", run.result.replace(**figures.model_dump()).model_dump(mode="json"))
