"""What a visitor of a public host may ask for: checked here, for a widget's limits hold only in a browser."""

import os
from collections.abc import Mapping, Sequence

from aecore.config import Experiment
from aecore.errors import LabError

MOST_WAITING_EACH = 2
MOST_WAITING = 20
MOST_KEPT_EACH = 20
MOST_KEPT = 200
"""Runs with a folder, whether they wait, are trained or are over."""

MOST_EPOCHS = 500
MOST_PARAMETERS = 5_000_000
MOST_MEMORY = 1e9
"""Bytes."""

MOST_SECONDS = 600
"""From the start of a training to its end, pauses counted."""


class JobError(LabError):
    """A wish about a training that cannot be granted: one sentence with the reason and the way out."""


def public() -> bool:
    """Whether this is a public host (AECORE_PUBLIC=1): visitors change only what is theirs."""
    return os.environ.get("AECORE_PUBLIC", "") not in ("", "0")


def check_experiment(experiment: Experiment) -> None:
    """Raise JobError for a training too large for a public host."""
    from aecore.models import count_parameters, training_memory

    if experiment.epochs > MOST_EPOCHS:
        only_phase = experiment.epochs == experiment.train.epochs
        what = "epochs is" if only_phase else "the sum of all phases' epochs is"
        raise JobError(f"{what} {experiment.epochs:,}: choose 1 to {MOST_EPOCHS} on this public lab")
    parameters = count_parameters(experiment.model)
    if parameters > MOST_PARAMETERS:
        raise JobError(
            f"the model has {parameters:,} parameters: choose smaller layers, "
            f"at most {MOST_PARAMETERS:,} on this public lab"
        )
    memory = training_memory(experiment.model, experiment.train.batch_size)
    if memory > MOST_MEMORY:
        raise JobError(
            f"training would take {memory / 1e9:.1f} GB of memory: choose smaller layers or a smaller "
            f"batch_size, at most {MOST_MEMORY / 1e9:.0f} GB on this public lab"
        )


def check_queue(owners: Sequence[str], owner: str) -> None:
    """Raise JobError where `owner` may not queue one more; `owners` has one entry for each waiting run."""
    own = sum(each == owner for each in owners)
    if own >= MOST_WAITING_EACH:
        raise JobError(
            f"{own} runs of yours are waiting: let one begin, or take it out, before adding another"
        )
    if len(owners) >= MOST_WAITING:
        raise JobError(f"{len(owners)} runs are waiting, more than this public lab takes: try again later")


def check_kept(owners: Mapping[str, str | None], owner: str) -> None:
    """Raise JobError where `owner` may not keep one more run; `owners` says whose each kept one is."""
    own = sum(each == owner for each in owners.values())
    if own >= MOST_KEPT_EACH:
        raise JobError(f"{own} runs of yours are kept: delete one before adding another")
    if len(owners) >= MOST_KEPT:
        raise JobError(
            f"{len(owners)} runs are kept, as many as this public lab takes: delete one of yours, or "
            "train on a machine of your own"
        )


def time_warning(seconds: float) -> str:
    """What to say before the start of a training that is estimated to take so long; empty where it may.

    It may take any time on a machine of one's own.
    """
    if not public() or seconds <= MOST_SECONDS:
        return ""
    return (
        f"training would take about {_in_words(seconds)}: choose fewer epochs or a smaller model, for this "
        f"public lab stops it after {_in_words(MOST_SECONDS)} and keeps what it has learnt by then"
    )


def out_of_time() -> str:
    """Why a training was stopped that took longer; see Control.stop."""
    return f"after {_in_words(MOST_SECONDS)} (pauses counted), the most on this public lab,"


def _in_words(seconds: float) -> str:
    return f"{round(seconds / 60, 1):,g} minutes" if seconds >= 120 else f"{seconds:.3g} seconds"
