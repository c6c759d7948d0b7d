"""What a visitor of a public host may ask for: checked here, for a widget's limits hold only in a browser."""

import os
from collections.abc import Sequence

from aecore.config import Experiment
from aecore.errors import LabError

MOST_WAITING_EACH = 2
MOST_WAITING = 20
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
        raise JobError(f"epochs is {experiment.epochs:,}: choose 1 to {MOST_EPOCHS} on this public lab")
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
