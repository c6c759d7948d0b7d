"""What the commands share: options, the progress bar, and how a run is printed."""

import json
import sys
from collections.abc import Iterable
from typing import Any

import click
from tqdm import tqdm

from aecore import data, runs
from aecore.progress import Progress

PERCENT = "{desc} {percentage:3.0f}%|{bar}|"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
on_device = click.option("--device", help="cpu, mps, cuda:0, ...; else AECORE_DEVICE, else the fastest.")


class TrainingBar:
    """A progress bar on stderr, and a line for each epoch above it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._bar: tqdm | None = None

    def show(self, progress: Progress) -> None:
        if self._bar is None:  # not before: until the first record, the training can still be refused
            self._bar = tqdm(desc=self._name, total=progress.steps, unit="step", dynamic_ncols=True)
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


def train_run(run: runs.Run, images: data.ImageSet, device: str, as_json: bool) -> None:
    from aecore.runs.execution import execute

    bar = TrainingBar(run.id)
    try:
        for progress in execute(run, images, device):
            bar.show(progress)
    except KeyboardInterrupt:
        click.echo(
            "\ninterrupted; go on from the last saved epoch (one every ten seconds or so) with: "
            f"python -m aecore runs resume {run.id}",
            err=True,
        )
        sys.exit(130)
    run = runs.get(run.id)
    if as_json:
        print_json(summary(run))
    else:
        print_result(run)
    if run.status == "diverged":
        sys.exit(1)


def device_named(name: str | None) -> str:
    from aecore.device import choose

    return choose(name)


def device_to_train_on(name: str | None) -> str:
    from aecore.device import prepare_for_training

    prepare_for_training()
    return device_named(name)


def load_images(dataset: str) -> data.ImageSet:
    with tqdm(total=1.0, bar_format=PERCENT, leave=False, delay=0.5) as bar:
        return data.load(dataset, progress=lambda share, what: advance(bar, share, what))


def advance(bar: tqdm, share: float, what: str) -> None:
    bar.set_description(what, refresh=False)
    bar.update(share - bar.n)


def summary(run: runs.Run) -> dict[str, Any]:
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


def print_result(run: runs.Run) -> None:
    result = run.result
    if not result:
        click.echo(f"run {run.id} is {run.status}")
        return
    gain = result.gain_over_pca
    times = "" if not gain else f"  ({gain:.1f} times ours)" if gain > 1 else "  (better than ours)"
    click.echo(f"run {run.id}: {result.ended} after {result.epochs} epochs, {result.seconds:.0f} s")
    click.echo(f"  test error (MSE)      {figure(result.test_mse)}")
    click.echo(f"  PCA of the same size  {figure(result.pca_mse)}{times}")
    click.echo(f"  mean image            {figure(result.mean_image_mse)}")
    click.echo(f"  speed                 {result.images_per_second:,.0f} images/s on {result.device}")


def figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def print_json(document: Iterable[Any]) -> None:
    click.echo(json.dumps(document, indent=2))
