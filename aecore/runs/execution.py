"""Training that leaves a run behind: started, interrupted at any moment, and taken up again."""

import math
import secrets
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import torch
from filelock import Timeout
from torch import Tensor

import aecore
from aecore.config import Experiment
from aecore.control import Control
from aecore.data import SOURCES, ImageSet
from aecore.data.batches import check_classes, check_count, hold_out
from aecore.data.transforms import TRANSFORMS
from aecore.files import TEMPORARY
from aecore.losses import evaluate, mean_image
from aecore.models import build, check_size
from aecore.models.base import Autoencoder
from aecore.models.pca import PCA
from aecore.models.weights import save_weights
from aecore.progress import Progress
from aecore.runs.history import History, read_history
from aecore.runs.record import FORMAT, Figures, Result, Run, RunError, read_run, run_lock, write_json
from aecore.runs.shelf import next_number, runs_folder
from aecore.settings import SettingsError
from aecore.state import TrainingState
from aecore.training import train

SECONDS_BETWEEN_SAVES = 10


def check(experiment: Experiment) -> None:
    """Raise SettingsError where model and data set do not fit, or training would take too much memory."""
    source = SOURCES[experiment.data.dataset]
    if experiment.model.image_shape != source.image_shape:
        shape, fits = (
            "×".join(map(str, each)) for each in (experiment.model.image_shape, source.image_shape)
        )
        raise SettingsError(f"image_shape is {shape}: choose {fits}, the shape of {source.name}")
    check_classes(experiment.data, source.class_names)
    check_count(experiment.data, source.train_count)
    check_size(experiment.model, experiment.train.batch_size)


def create(experiment: Experiment) -> Run:
    """A new run's folder, with nothing in it yet but what is to be done.

    Raises SettingsError, before anything is written, for what `check` refuses.
    """
    check(experiment)
    runs_folder().mkdir(parents=True, exist_ok=True)
    recipe, dataset = experiment.recipe, experiment.data.dataset
    number = next_number(recipe, dataset)
    while True:
        folder = runs_folder() / f"{recipe}-{dataset}-{secrets.token_hex(3)}"
        try:
            folder.mkdir()
            break
        except FileExistsError:
            continue
    python = ".".join(map(str, sys.version_info[:3]))
    try:
        write_json(
            folder / "config.json",
            {
                "format": FORMAT,
                "number": number,
                "created": datetime.now(UTC).isoformat(timespec="microseconds"),
                "versions": {"aecore": aecore.__version__, "torch": torch.__version__, "python": python},
                "experiment": experiment.model_dump(mode="json"),
            },
        )
    except OSError:
        folder.rmdir()
        raise
    return read_run(folder)


def execute(
    run: Run,
    images: ImageSet,
    device: str,
    control: Control | None = None,
    show_state: Callable[[TrainingState, History], None] | None = None,
) -> Iterator[Progress]:
    """Train a run, or go on where it was interrupted, yielding training's own records.

    All files are written before a record is yielded, so the caller may stop listening at any time: what is
    not over is *interrupted*, and goes on with the losses of an uncut training from its last saved epoch.
    `images` is the run's data set. `show_state` gets the state and the history so far before the first
    step; its models may be looked at whenever a record has been yielded. What it raises ends the training
    before that has left anything behind. Raises RunError where the run is over or being trained elsewhere.
    """
    if not run.folder.exists():
        raise RunError(f"there is no run {run.id!r} any more: start a new one")
    if run.result and not (run.folder / "resume.safetensors").exists():
        raise _over(run)  # before its lock is taken, which would leave a file in the zoo
    try:
        with run_lock(run.folder).acquire(timeout=1):
            yield from _execute(run, images, device, control, show_state)
    except Timeout:
        raise RunError(f"run {run.id} is being trained by another process: wait for it or stop it") from None


def _execute(
    run: Run,
    images: ImageSet,
    device: str,
    control: Control | None,
    show_state: Callable[[TrainingState, History], None] | None,
) -> Iterator[Progress]:
    resume = run.folder / "resume.safetensors"
    _sweep(run.folder)
    if (run.folder / "result.json").exists():
        resume.unlink(missing_ok=True)
        raise _over(run)
    experiment = run.experiment
    images = images.only(experiment.data.classes).to(device)
    train_images, validation_images = hold_out(images.train_images, experiment.data)
    model = build(experiment.model, experiment.train.seed).to(device)
    state = TrainingState(model, experiment.train, len(train_images))
    history = History()
    if begun := resume.exists():
        state.load(resume)
        history = read_history(run.folder).cut(state.epoch, state.step)
    if show_state:
        show_state(state, history)
    if not begun:
        _checkpoint(model, run.folder, 0)

    last_save = monotonic()
    for progress in train(
        model,
        train_images,
        validation_images,
        experiment.train,
        data=experiment.data,
        control=control,
        state=state,
    ):
        history.losses += progress.losses
        if progress.epoch:
            history.epochs.append(progress.epoch)
            # the state comes last: it must never be ahead of what belongs to its epoch
            if progress.epoch.epoch.bit_count() == 1:  # 1, 2, 4, 8, ...
                _checkpoint(model, run.folder, progress.epoch.epoch)
            if monotonic() - last_save >= SECONDS_BETWEEN_SAVES:
                history.write(run.folder)
                state.save(resume)
                last_save = monotonic()
        if progress.ended:
            history.write(run.folder)
            result = _result(run, state, progress, history, train_images, images.test_images)
            write_json(run.folder / "result.json", result.model_dump(mode="json"))
            resume.unlink(missing_ok=True)
        yield progress


def _result(
    run: Run,
    state: TrainingState,
    last: Progress,
    history: History,
    train_images: Tensor,
    test_images: Tensor,
) -> Result:
    """Store the weights the training ended with, unless they are no numbers, and measure them."""
    assert last.ended
    model = state.model.eval()
    restored = last.ended != "diverged" or state.best_weights
    usable = restored and all(weight.isfinite().all() for weight in model.parameters())
    if usable:
        save_weights(model, run.folder / "weights.safetensors")
    best_epoch = state.best_epoch if state.best_weights else 0
    epoch = history.epochs[-1] if history.epochs else None
    kept = history.epochs[best_epoch - 1] if epoch else None  # by default the last
    epochs, steps = divmod(state.step, state.steps_per_epoch)
    images_seen = epochs * len(train_images) + steps * state.config.batch_size
    figures = measure(model if usable else None, run.experiment, train_images, test_images)
    return Result(
        **figures.model_dump(),
        ended=last.ended,
        message=last.message,
        epochs=state.epoch,
        best_epoch=best_epoch,
        parameters=sum(weight.numel() for weight in model.parameters()),
        seconds=last.seconds,
        images_per_second=images_seen / last.seconds,
        rate_by_hand=state.rate_by_hand,
        train_loss=epoch.train_loss if epoch else None,
        validation_loss=epoch.validation_loss if epoch else None,
        dead_units=kept.dead_units if kept else None,
        active_units=kept.active_units if kept else None,
        device=str(train_images.device),
    )


def measure(
    model: Autoencoder | None, experiment: Experiment, train_images: Tensor, test_images: Tensor
) -> Figures:
    """Errors on uint8 test images, with those of PCA and of the mean image beside them.

    All three are shown what the experiment's data settings make of an image, its noise included, and are
    asked for the target; PCA and mean are those of the training images' targets. None in place of an error
    that is not a finite number, or of no model.
    """

    def error(reconstruct: Callable[[Tensor], Tensor] | None, loss: str = "mse") -> float | None:
        value = evaluate(reconstruct, test_images, loss, data) if reconstruct else math.nan
        return value if math.isfinite(value) else None

    data = experiment.data
    transform = TRANSFORMS[data.target_transform]
    mean = transform(mean_image(train_images)[None])
    size = experiment.model.pca_size
    test_mse = error(model)
    return Figures(
        test_loss=test_mse if experiment.train.loss == "mse" else error(model, experiment.train.loss),
        test_mse=test_mse,
        pca_mse=size and evaluate(PCA(train_images, size, transform), test_images, data=data),
        mean_image_mse=evaluate(lambda images: mean.expand_as(images), test_images, data=data),
    )


def _over(run: Run) -> RunError:
    return RunError(f"run {run.id} is over and its weights stay as they are: start a new run")


def _sweep(folder: Path) -> None:
    """Remove the temporary files of a process that was killed while it wrote them."""
    for leftover in folder.rglob(f"{TEMPORARY}*"):
        leftover.unlink()


def _checkpoint(model: Autoencoder, folder: Path, epoch: int) -> None:
    (folder / "checkpoints").mkdir(exist_ok=True)
    save_weights(model, folder / "checkpoints" / f"epoch-{epoch:05}.safetensors", torch.float16)
