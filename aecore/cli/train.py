"""`python -m aecore train`: a recipe, or an experiment in a file, trained and kept as a run."""

import json
from pathlib import Path
from typing import Any

import click

from aecore.cli.shared import as_json, device_to_train_on, load_images, on_device, train_run
from aecore.config import Experiment
from aecore.data import SOURCES
from aecore.recipes import RECIPES
from aecore.settings import SettingsError, either, unknown

USUAL = "lab-32"


@click.command()
@click.argument("recipe", required=False)
@click.option(
    "--experiment",
    "file",
    type=click.Path(path_type=Path),
    help="Train what this JSON file describes instead of a recipe: a run's config.json, or such an object as "
    '`recipes --json` prints as "experiment".',
)
@click.option("--data", "dataset", help="Train on this data set instead of the recipe's own.")
@click.option("--epochs", help="How many times to show every image.")
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change any setting; may be repeated."
)
@on_device
@as_json
def train(
    recipe: str | None,
    file: Path | None,
    dataset: str | None,
    epochs: str | None,
    changes: tuple[str, ...],
    device: str | None,
    as_json: bool,
) -> None:
    """Train RECIPE (lab-32 unless named) and keep the run."""
    if recipe and file:
        raise SettingsError(f"both the recipe {recipe} and the file {file} are named: choose one")
    if recipe and recipe not in RECIPES:
        raise SettingsError(unknown("recipe", recipe, RECIPES))
    settings: dict[str, Any] = dict(_setting(change) for change in changes)
    if epochs is not None:
        settings["epochs"] = epochs
    also = settings.pop("dataset", None)
    if dataset and also and dataset != also:
        raise SettingsError(f"the data set is both {dataset} and {also}: choose one")
    dataset = dataset or also
    begin = _read(file, dataset) if file else _of_recipe(recipe or USUAL, dataset)
    experiment = begin.with_settings(settings)
    device = device_to_train_on(device)

    from aecore.data.batches import check_count
    from aecore.runs.execution import check, create

    check(experiment)  # before a download
    for warning in experiment.warnings:
        click.echo(warning, err=True)
    images = load_images(experiment.data.dataset)
    check_count(experiment.data, len(images.only(experiment.data.classes).train_images))
    train_run(create(experiment), images, device, as_json)


def _of_recipe(name: str, dataset: str | None) -> Experiment:
    recipe = RECIPES[name]
    return recipe.on(dataset or recipe.experiment.data.dataset)


def _read(file: Path, dataset: str | None) -> Experiment:
    """The experiment in a JSON file; on another data set where one is named, with the settings as they are.

    Raises SettingsError for a file that holds none.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} cannot be read ({error}): name a JSON file") from None
    found = document.get("experiment", document) if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise SettingsError(f"{file} holds no experiment: name a run's config.json, or write an object")
    experiment = Experiment(**found)
    if not dataset:
        return experiment
    if dataset not in SOURCES:
        raise SettingsError(f"dataset is {dataset}: choose {either(SOURCES)}")
    return experiment.with_settings({"dataset": dataset, "image_shape": SOURCES[dataset].image_shape})


def _setting(change: str) -> tuple[str, Any]:
    name, equals, value = change.partition("=")
    if not equals:
        raise SettingsError(f"--set {change} has no value: write it as key=value")
    return name.strip(), None if value.strip().lower() == "none" else value.strip()
