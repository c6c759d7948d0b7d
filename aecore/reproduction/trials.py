"""One recipe trained with one seed, measured as its source measured, and kept."""

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import numpy as np

from aecore import data, runs
from aecore.config import Experiment
from aecore.files import whole
from aecore.home import home
from aecore.progress import Progress
from aecore.recipes import Published, Recipe
from aecore.settings import Record, SettingsError

AROUND = 100
"""Steps over which a training loss is averaged."""


class Trial(Record):
    """One recipe trained with one seed, measured."""

    recipe: str
    seed: int
    settings: str
    """Digest of the experiment: another one is trained anew."""

    edition: str = ""
    """The published figures it was measured beside: others are measured anew, of the same training."""

    ours: list[float | None]
    """A figure for each of the published ones, in the recipe's order; None where the training broke off."""

    test_mse: float | None
    pca_mse: float | None
    seconds: float
    images_per_second: float
    dead_units: int | None
    active_units: float | None
    ended: str

    day: str
    machine: str
    """Its processor, how many threads of PyTorch, and whose version."""

    processor_share: float | None = None
    """How much of the time the thread that trains was at work on a CPU. Well below 1, other work ran beside
    it, and its seconds say nothing about speed. None where that was not noticed."""


def trial(recipe: Recipe, seed: int, device: str, listen: Callable[[Progress], None]) -> Trial:
    """The recipe with this seed: as it was measured before, else trained to its end, or on from where it was.

    Raises what a training raises.
    """
    found = measured_once(
        f"{recipe.name}-{seed}",
        recipe.experiment.with_settings({"seed": seed}),
        device,
        listen,
        lambda run, images, share: _measure(recipe, seed, run, images, device, share),
        edition=", ".join(map(str, recipe.published)),
    )
    return Trial(**found)


def measured_once(
    name: str,
    experiment: Experiment,
    device: str,
    listen: Callable[[Progress], None],
    measure: Callable[[runs.Run, data.ImageSet, float | None], dict[str, Any]],
    edition: str = "",
) -> dict[str, Any]:
    """What `measure` says of the experiment's run: as it said before, else once that is trained to its end.

    It hears the run, its data set, and which share of a processor the training had, None where that is not
    known. Another `edition` of the measurement is made anew, of the same training. A training that was cut
    off goes on. Raises what a training raises.
    """
    settings = {"settings": digest_of(experiment)} | ({"edition": edition} if edition else {})
    kept = home() / "reproduction" / f"{name}.json"
    known = read(kept) if kept.exists() else {}
    if settings.items() <= known.items():
        return known
    images = data.load(experiment.data.dataset)
    run, share = _trained(experiment, images, device, listen)
    found = settings | measure(run, images, share)
    write(kept, found)
    return found


def _trained(
    experiment: Experiment, images: data.ImageSet, device: str, listen: Callable[[Progress], None]
) -> tuple[runs.Run, float | None]:
    """The experiment's run, trained to its end for whichever measurement came first, and its share of a
    processor."""
    file = home() / "reproduction" / "runs" / f"{digest_of(experiment)}.json"
    begun = read(file) if file.exists() else {}
    run = _run(experiment, begun.get("run"))
    if run.result:
        return run, begun.get("processor_share")
    write(file, {"run": run.id})
    from aecore.runs.execution import execute

    seconds, at_work, share = perf_counter(), thread_time(), None
    for progress in execute(run, images, device):
        listen(progress)
    if device == "cpu":  # on another device this thread waits, however fast that is
        share = (thread_time() - at_work) / (perf_counter() - seconds)
    write(file, {"run": run.id, "processor_share": share})
    return runs.get(run.id), share


def settings_of(recipe: Recipe, seed: int) -> str:
    """The digest of the recipe's experiment with this seed."""
    return digest_of(recipe.experiment.with_settings({"seed": seed}))


def digest_of(experiment: Experiment) -> str:
    """A digest that is another for other settings, and the same where the lab has learned new ones since that
    the experiment leaves alone."""
    words = f"{experiment.model.kind} {experiment.model_dump_json(exclude_defaults=True)}"
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def _run(experiment: Experiment, run_id: str | None) -> runs.Run:
    """The run that was begun for this experiment, or a new one."""
    from aecore.runs.execution import create

    if run_id:
        with suppress(runs.RunError):  # deleted since
            return runs.get(run_id)
    return create(experiment)


def _measure(
    recipe: Recipe, seed: int, run: runs.Run, images: data.ImageSet, device: str, share: float | None
) -> dict[str, Any]:
    """A Trial's fields, but for its settings."""
    result = run.result
    assert result
    return dict(
        recipe=recipe.name,
        seed=seed,
        ours=[_figure(figure, run, images, device) for figure in recipe.published],
        test_mse=result.test_mse,
        pca_mse=result.pca_mse,
        seconds=result.seconds,
        images_per_second=result.images_per_second,
        dead_units=result.dead_units,
        active_units=result.active_units,
        ended=result.ended,
        processor_share=share,
        **where_and_when(),
    )


def where_and_when() -> dict[str, str]:
    """The day, and the machine: its processor, how many threads of PyTorch, and whose version."""
    import torch

    return {
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{_processor()}, {torch.get_num_threads()} threads, PyTorch {torch.__version__}",
    }


def _processor() -> str:
    """Its maker's name for it where the system tells, else its kind."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _figure(published: Published, run: runs.Run, images: data.ImageSet, device: str) -> float | None:
    """What the run gives for a published figure; None where it has not come that far."""
    result = run.result
    assert result
    if published.quantity == "test error":
        return result.test_mse
    if published.quantity == "validation loss":
        return result.test_loss
    if published.quantity == "training loss":
        return loss_around(runs.read_history(run.folder).losses, published.step)
    if result.test_mse is None:
        return None
    from aecore.analysis.probe import probe_accuracy

    return 100 * probe_accuracy(runs.load(run, device), images.to(device))


def loss_around(losses: Sequence[float], step: int | None) -> float | None:
    """Mean of the 100 losses around a step, of the last 100 for None or near the end; None if not reached."""
    count = len(losses)
    if not count or step is not None and step > count:
        return None
    end = count if step is None else min(count, step + AROUND // 2)
    return float(np.mean(losses[max(0, end - AROUND) : end]))


def read(path: Path) -> dict[str, Any]:
    """A JSON object. Raises SettingsError where the file is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({error}): restore it or delete it") from None


def write(path: Path, document: Any) -> None:
    """Any JSON document, in one piece."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
