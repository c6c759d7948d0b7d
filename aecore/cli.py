"""The command line: everything the pages do with a model, without a browser."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from tqdm import tqdm

from aecore import __version__, data, runs
from aecore.errors import LabError
from aecore.progress import Progress
from aecore.recipes import RECIPES
from aecore.settings import SettingsError, unknown


class OneSentence(click.Group):
    """Bad input is one sentence on stderr and exit code 2: no traceback, no usage text."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            _fail(error.format_message())
        except (LabError, OSError) as error:
            _fail(str(error))
        except click.Abort:
            sys.exit(130)


def _fail(sentence: str) -> None:
    click.echo(sentence, err=True)
    sys.exit(2)


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
on_device = click.option(
    "--device", help="cpu, mps, cuda:0, ...; the fastest present unless AECORE_DEVICE is set."
)


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Autoencoder Lab: train, open and question autoencoders."""


@main.command()
@as_json
def recipes(as_json: bool) -> None:
    """List every experiment known by name."""
    if as_json:
        _print_json(
            [
                {
                    "name": recipe.name,
                    "title": recipe.title,
                    "source": recipe.source,
                    "published": recipe.published,
                    "note": recipe.note,
                    "datasets": recipe.datasets,
                    "experiment": recipe.experiment.model_dump(mode="json"),
                }
                for recipe in RECIPES.values()
            ]
        )
        return
    for recipe in RECIPES.values():
        click.echo(f"{recipe.name}\n    {recipe.title} ({', '.join(recipe.datasets)})")
        click.echo(f"    Source: {recipe.source}")
        for figure in recipe.published:
            click.echo(f"    Published: {figure}")
        click.echo(f"    {recipe.note}\n")


@main.command()
@click.argument("recipe", default="lab-32")
@click.option("--data", "dataset", help="Train on this data set instead of the recipe's own.")
@click.option("--epochs", help="How many times to show every image.")
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change any setting; may be repeated."
)
@on_device
@as_json
def train(
    recipe: str,
    dataset: str | None,
    epochs: str | None,
    changes: tuple[str, ...],
    device: str | None,
    as_json: bool,
) -> None:
    """Train RECIPE (lab-32 unless named) and keep the run."""
    if recipe not in RECIPES:
        raise SettingsError(unknown("recipe", recipe, RECIPES))
    settings: dict[str, Any] = dict(_setting(change) for change in changes)
    if epochs is not None:
        settings["epochs"] = epochs
    own = RECIPES[recipe].experiment.data.dataset
    experiment = RECIPES[recipe].on(dataset or settings.pop("dataset", None) or own).with_settings(settings)
    device = _device(device)
    images = _load(experiment.data.dataset)

    from aecore.runs.execution import create

    _train(create(experiment), images, device, as_json)


@main.group("runs", invoke_without_command=True)
@as_json
@click.pass_context
def runs_(context: click.Context, as_json: bool) -> None:
    """List the runs kept here, newest first; with a command, work on one."""
    if context.invoked_subcommand:
        return
    for sentence in runs.damaged_runs():
        click.echo(sentence, err=True)
    found = [*runs.list_runs(), *runs.zoo()]
    if as_json:
        _print_json([_summary(run) for run in found])
        return
    width = max((len(run.id) for run in found), default=2)
    click.echo(f"{'run':{width}}  {'status':11}  {'code':>5}  {'test MSE':>9}  {'PCA':>9}  name")
    for run in found:
        test, pca = (_figure(run.result and getattr(run.result, key)) for key in ("test_mse", "pca_mse"))
        code = run.experiment.model.code_size
        click.echo(f"{run.id:{width}}  {run.status:11}  {code:5}  {test:>9}  {pca:>9}  {run.name}")


@runs_.command()
@click.argument("run_id", metavar="RUN")
@as_json
def show(run_id: str, as_json: bool) -> None:
    """All that is known about RUN."""
    run = runs.get(run_id)
    if as_json:
        _print_json(_summary(run))
        return
    click.echo(f"{run.name} ({run.id}), {run.status}, begun {run.created}")
    if run.note:
        click.echo(run.note)
    for part in ("data", "model", "train"):
        settings = getattr(run.experiment, part).model_dump()
        click.echo(f"{part}: " + ", ".join(f"{name} {value}" for name, value in settings.items()))
    _print_result(run)


@runs_.command()
@click.argument("run_id", metavar="RUN")
@on_device
@as_json
def evaluate(run_id: str, device: str | None, as_json: bool) -> None:
    """Open RUN's model and measure its test error again."""
    run = runs.get(run_id)
    device = _device(device)
    model = runs.load(run, device)
    images = _load(run.experiment.data.dataset)

    from aecore.losses import evaluate

    test_mse = evaluate(model, images.test_images.to(device))
    stored = run.result.test_mse if run.result else None
    if as_json:
        _print_json({"run": run.id, "test_mse": test_mse, "stored_test_mse": stored})
    else:
        click.echo(f"test error (MSE) {test_mse:.6f} now, {_figure(stored)} when it was trained")


@runs_.command()
@click.argument("run_id", metavar="RUN")
@click.argument("name")
def rename(run_id: str, name: str) -> None:
    """Give RUN another NAME."""
    runs.rename(run_id, name)


@runs_.command()
@click.argument("run_id", metavar="RUN")
@click.argument("text")
def note(run_id: str, text: str) -> None:
    """Write a note on RUN; an empty TEXT erases it."""
    runs.annotate(run_id, text)


@runs_.command()
@click.argument("run_id", metavar="RUN")
@click.confirmation_option(prompt="Delete this run for good?")
def delete(run_id: str) -> None:
    """Remove RUN for good."""
    runs.delete(run_id)


@runs_.command()
@click.argument("run_id", metavar="RUN")
@on_device
@as_json
def resume(run_id: str, device: str | None, as_json: bool) -> None:
    """Go on with an interrupted RUN from its last saved epoch."""
    run = runs.get(run_id)
    _train(run, _load(run.experiment.data.dataset), _device(device), as_json)


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@on_device
@as_json
def zoo(names: tuple[str, ...], device: str | None, as_json: bool) -> None:
    """Train the runs that come with the lab afresh: all, or those named."""
    from aecore.zoo import ENTRIES, make

    for name in names:
        if name not in ENTRIES:
            raise SettingsError(unknown("run of the zoo", name, ENTRIES))
    made = []
    for name in names or ENTRIES:
        bar = TrainingBar(name)
        made.append(make(name, _device(device), bar.show))
        if not as_json:
            _print_result(made[-1])
    if as_json:
        _print_json([_summary(run) for run in made])


@main.command()
@as_json
def bench(as_json: bool) -> None:
    """Time training side by side with the tutorials' loop, and against the speed of bare matrix products."""
    from aecore.bench import measure, table

    with tqdm(total=1.0, bar_format="{desc} {percentage:3.0f}%|{bar}|", leave=False) as bar:
        figures = measure(_load("mnist"), lambda share, what: _advance(bar, share, what))
    if as_json:
        _print_json(figures)
    else:
        click.echo(table(figures))


class TrainingBar:
    """A progress bar on stderr, and a line for each epoch above it."""

    def __init__(self, name: str) -> None:
        self._bar = tqdm(desc=name, unit="step", dynamic_ncols=True, smoothing=0.05)

    def show(self, progress: Progress) -> None:
        self._bar.total = progress.steps
        self._bar.update(progress.step - self._bar.n)
        if progress.losses:
            self._bar.set_postfix_str(f"loss {progress.losses[-1]:.5f}", refresh=False)
        if epoch := progress.epoch:
            validation = "" if epoch.validation_loss is None else f"  validation {epoch.validation_loss:.5f}"
            self._bar.write(
                f"epoch {epoch.epoch:3}  train {epoch.train_loss:.5f}{validation}", file=sys.stderr
            )
        if progress.message:
            self._bar.write(progress.message, file=sys.stderr)
        if progress.ended:
            self._bar.close()


def _train(run: runs.Run, images: data.ImageSet, device: str, as_json: bool) -> None:
    from aecore.runs.execution import execute

    bar = TrainingBar(run.id)
    try:
        for progress in execute(run, images, device):
            bar.show(progress)
    except KeyboardInterrupt:
        click.echo(f"\ninterrupted; go on with: python -m aecore runs resume {run.id}", err=True)
        sys.exit(130)
    run = runs.get(run.id)
    if as_json:
        _print_json(_summary(run))
    else:
        _print_result(run)
    if run.status == "diverged":
        sys.exit(1)


def _setting(change: str) -> tuple[str, Any]:
    name, equals, value = change.partition("=")
    if not equals:
        raise SettingsError(f"--set {change} has no value: write it as key=value")
    return name.strip(), None if value.strip().lower() == "none" else value.strip()


def _device(name: str | None) -> str:
    from aecore.device import choose

    return choose(name)


def _load(dataset: str) -> data.ImageSet:
    with tqdm(total=1.0, bar_format="{desc} {percentage:3.0f}%|{bar}|", leave=False, delay=0.5) as bar:
        return data.load(dataset, progress=lambda share, what: _advance(bar, share, what))


def _advance(bar: tqdm, share: float, what: str) -> None:
    bar.set_description(what, refresh=False)
    bar.update(share - bar.n)


def _summary(run: runs.Run) -> dict[str, Any]:
    """A run as one JSON object; figures are null until the run is over."""
    result = run.result.model_dump(mode="json") if run.result else dict.fromkeys(runs.Result.model_fields)
    return {
        "run": run.id,
        "recipe": run.experiment.recipe,
        "name": run.name,
        "note": run.note,
        "status": run.status,
        "created": run.created,
        **result,
        "experiment": run.experiment.model_dump(mode="json"),
    }


def _print_result(run: runs.Run) -> None:
    result = run.result
    if not result:
        click.echo(f"run {run.id} is {run.status}")
        return
    gain = result.gain_over_pca
    times = "" if not gain else f"  ({gain:.1f} times ours)" if gain > 1 else "  (better than ours)"
    click.echo(f"run {run.id}: {result.ended} after {result.epochs} epochs, {result.seconds:.0f} s")
    click.echo(f"  test error (MSE)      {_figure(result.test_mse)}")
    click.echo(f"  PCA of the same size  {_figure(result.pca_mse)}{times}")
    click.echo(f"  mean image            {_figure(result.mean_image_mse)}")
    click.echo(f"  speed                 {result.images_per_second:,.0f} images/s on {result.device}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def _print_json(document: Iterable[Any]) -> None:
    click.echo(json.dumps(document, indent=2))
