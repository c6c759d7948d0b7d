"""What a Dask worker does: train one run at a time, tell about it, and hear people's wishes.

Also a preload module for workers, which then import torch before the first run needs it.
"""

import logging
import threading
from collections import defaultdict, deque
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from aecore.control import Control
from aecore.device import choose, prepare_for_training
from aecore.errors import LabError
from aecore.files import whole
from aecore.jobs.book import STOPPED_EARLY
from aecore.jobs.reporter import SECONDS_BETWEEN_EVENTS, Reporter
from aecore.runs.record import RunError

TOPIC = "aecore"
"""Of every event: the scheduler never drops a topic, so all runs share one."""

DIED = "died"
"""What `train` returns for a run whose worker died before, where the scheduler tries again by itself."""

NO_MEMORY = ("out of memory", "can't allocate memory")
"""What PyTorch says when a GPU or the machine has no more."""


class StoppedEarly(Exception):
    """A training was stopped before its images were ready. No ValueError, which a download would outlive."""


_controls: dict[tuple[str, str], Control] = defaultdict(Control)
"""By run and attempt; a wish may come before its training."""

_ended: deque[tuple[str, str]] = deque(maxlen=1000)
"""The last trainings that are over; a wish may come after its training, too."""


def tell(run_id: str, attempt: str, wish: str, *values: Any) -> None:
    """Pass a wish (the name of a method of Control) on to a training that runs or will run here."""
    getattr(_controls[run_id, attempt], wish)(*values)
    if (run_id, attempt) in _ended:
        _controls.pop((run_id, attempt), None)


def train(run_id: str, attempt: str, device: str) -> str:
    """Train a run to its end, sending events. Returns why it failed, in a sentence for people, or nothing.

    An empty `device` means the fastest that this worker has.
    """
    try:
        device = choose(device)
        return _train(run_id, attempt, device)
    except StoppedEarly as stopped:
        return f"stopped {stopped} {STOPPED_EARLY}"
    except LabError as error:
        return str(error)
    except Exception as error:
        logging.getLogger(__name__).exception("run %s failed", run_id)
        reason = str(error).partition("\n")[0]
        if isinstance(error, MemoryError) or any(words in reason.lower() for words in NO_MEMORY):
            return f"device {device} has too little memory for this: choose a smaller batch_size or model"
        return f"the training failed ({type(error).__name__}: {reason}): the engine's log says more"
    finally:
        _ended.append((run_id, attempt))
        _controls.pop((run_id, attempt), None)


def threads() -> int:
    """How many threads a training here computes with."""
    import torch

    return torch.get_num_threads()


def _train(run_id: str, attempt: str, device: str) -> str:
    import torch
    from dask.system import CPU_COUNT
    from distributed import get_worker

    from aecore import runs
    from aecore.runs.execution import execute

    prepare_for_training()
    torch.set_num_threads(CPU_COUNT)
    worker = get_worker()

    def say(**event: Any) -> None:
        worker.log_event(TOPIC, {"run": run_id, "attempt": attempt, **event})

    folder = runs.runs_folder() / run_id  # not looked up: the database is the app's, and may be far from here
    if not _first_try(folder, attempt):
        return DIED
    run = runs.read_run(folder)
    say(stage="starting")
    control = _controls[run_id, attempt]
    images = _images(run.experiment.data.dataset, say, control)
    reporter = Reporter(say, run, images, device)

    def begin(state: Any, history: Any) -> None:
        _check_wanted(control)
        reporter.watch(state, history)

    for progress in execute(run, images, device, control, show_state=begin):
        if not _wanted(worker):
            return "the worker that trained this run was closed: resume it"
        reporter.hear(progress)
    return ""


def _wanted(worker: Any) -> bool:
    """Whether the app that asked for this task, and the scheduler that gave it, are still there."""
    task = worker.state.tasks.get(worker.get_current_task())
    leaving = worker.status.name in ("closing", "closed", "failed")
    return not leaving and task is not None and task.state != "cancelled"


def _first_try(folder: Path, attempt: str) -> bool:
    """Whether this attempt has not begun before: a scheduler may repeat a task whose worker died."""
    marker = folder / ".attempt"
    with suppress(OSError):
        if marker.read_text() == attempt:
            return False
    try:
        with whole(marker) as temporary:
            temporary.write_text(attempt)
    except FileNotFoundError:
        raise RunError(f"there is no run {folder.name!r} any more: start a new one") from None
    return True


def _images(dataset: str, say: Any, control: Control) -> Any:
    """The data set, downloaded first where it is missing. Raises StoppedEarly once that is not wanted."""
    from aecore import data

    last = 0.0

    def report(share: float, what: str) -> None:
        nonlocal last
        _check_wanted(control)
        if monotonic() - last >= SECONDS_BETWEEN_EVENTS:
            say(stage="starting", doing=f"{what}: {share:.0%}")
            last = monotonic()

    try:
        images = data.load(dataset, progress=report)
    finally:  # also where no mirror has answered, which takes a while
        _check_wanted(control)
    return images


def _check_wanted(control: Control) -> None:
    if control.stopped:
        raise StoppedEarly(control.reason)


def warm_up() -> None:
    """Import torch and take an optimiser step, which imports more: else the first run waits for it."""
    import torch

    from aecore.config import DenseConfig, TrainConfig
    from aecore.models import build
    from aecore.runs import execution  # noqa: F401
    from aecore.training import train as steps

    config = DenseConfig(image_shape=(1, 8, 8), hidden=(4,), code_size=2)
    images = torch.zeros(8, 1, 8, 8, dtype=torch.uint8)
    for _ in steps(build(config), images, images[:0], TrainConfig(epochs=1, schedule="one-cycle")):
        pass


def dask_setup(_worker: Any) -> None:
    """Called by Dask in a worker that preloads this module."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
