"""What the worker of an analysis does: answer one question at a time, and tell how far it is."""

import logging
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from aecore.errors import LabError
from aecore.jobs.reporter import SECONDS_BETWEEN_EVENTS
from aecore.jobs.worker import TOPIC

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays


def answer(
    analysis: str, subject: str, settings: Mapping[str, Any], device: str
) -> tuple[str, "Arrays | None"]:
    """Compute an answer. Returns why there is none, in a sentence for people, or nothing; and the answer
    itself where it is not kept in a file.
    """
    import torch
    from dask.system import CPU_COUNT
    from distributed import get_worker

    from aecore.analysis import questions

    torch.set_num_threads(CPU_COUNT)
    worker, last = get_worker(), 0.0

    def say(share: float, doing: str) -> None:
        nonlocal last
        if monotonic() - last >= SECONDS_BETWEEN_EVENTS:
            worker.log_event(TOPIC, {"key": question.key, "share": share, "doing": doing})
            last = monotonic()

    try:
        question = questions.Question(analysis, subject, settings)
        found = questions.answer(question, device, say)
    except LabError as error:
        return str(error), None
    except Exception as error:
        logging.getLogger(__name__).exception("%s of %s failed", analysis, subject)
        reason = str(error).partition("\n")[0]
        return f"the analysis failed ({type(error).__name__}: {reason}): the engine's log says more", None
    return "", found if question.passing else None
