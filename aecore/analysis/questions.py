"""Questions to a model that take longer to answer than a page may take: each is answered once, and kept,
but for those about what a person has brought along.

`answer(Question("denoising", run.id, {"noise": "masking"}), "cpu")` computes here and now; `aecore.jobs`
has it computed in a process of its own. The answers are dictionaries of arrays, in safetensors files.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from aecore import runs
from aecore.data import SOURCES
from aecore.errors import LabError
from aecore.files import whole
from aecore.home import home

Setting = str | int | float | bool
Arrays = dict[str, np.ndarray]
Say = Callable[[float, str], None]
"""Hears which share of the work is done, 0 to 1, and what is being done, in a few words."""

ANALYSES = {
    "anomaly": "aecore.analysis.anomaly:of_run",
    "classifying": "aecore.analysis.classifiers:of_run",
    "clustering": "aecore.analysis.clustering:of_run",
    "codebook": "aecore.analysis.feature_sets:codes_of_run",
    "codec": "aecore.compression.codec:of_run",
    "code-mixture": "aecore.analysis.generation:mixture_of_run",
    "code-statistics": "aecore.analysis.generation:statistics_of_run",
    "codes": "aecore.analysis.space:codes_of_run",
    "denoising": "aecore.analysis.denoising:by_level",
    "dictionary": "aecore.analysis.dictionary:of_run",
    "few-labels": "aecore.analysis.few_labels:of_run",
    "filtering": "aecore.analysis.filters:by_level",
    "fine-tuning": "aecore.analysis.fine_tuning:of_run",
    "generation": "aecore.analysis.fidelity:of_run",
    "judge": "aecore.analysis.judge:of_dataset",
    "map-quality": "aecore.analysis.neighbourhoods:of_run",
    "rate-distortion": "aecore.compression.curve:of_run",
    "rate-distortion-formats": "aecore.compression.curve:of_formats",
    "rate-distortion-pca": "aecore.compression.curve:of_pca",
    "retrieval": "aecore.analysis.retrieval:of_run",
    "sparsity": "aecore.analysis.sparsity:active_units",
    "transformed": "aecore.analysis.transformation:of_picture",
    "transforming": "aecore.analysis.transform_quality:of_run",
    "tsne": "aecore.analysis.tsne:of_run",
}
"""By name, the function that answers: it takes the subject, a device, a Say, and the question's settings."""

PASSING = {"transformed"}
"""Analyses of what a person has brought along: their answers are never on disk."""

SHIPPED = Path(__file__).parents[1] / "answers"
"""Answers that come with the lab, a folder for each of its runs."""

EDITION = 2
"""Part of every answer's name: raise it when an analysis comes to answer otherwise."""


class AnswerError(LabError):
    """A question that cannot be answered, or an answer that cannot be kept: one sentence why."""


@dataclass(frozen=True)
class Question:
    """What to find out about a subject, and with which settings; equal questions have equal answers."""

    analysis: str
    """A name in ANALYSES."""

    subject: str
    """A run's id, or a data set's name."""

    settings: Mapping[str, Setting] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.analysis not in ANALYSES:
            raise AnswerError(f"there is no analysis {self.analysis!r}: choose from {', '.join(ANALYSES)}")

    @property
    def passing(self) -> bool:
        """Whether the answer is handed over and not kept."""
        return self.analysis in PASSING

    @cached_property  # a picture among the settings takes some milliseconds
    def key(self) -> str:
        """The analysis, and a digest of everything that decides the answer, a run's weights as well.

        Raises RunError where there is no such run.
        """
        settings = dict(sorted(self.settings.items()))
        told = json.dumps([EDITION, self.subject, _weights(self.subject), settings])
        return f"{self.analysis}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def kept(question: Question) -> Arrays | None:
    """The answer from when it was computed before; None where it was not, or the file is damaged.

    Raises RunError where there is no such run.
    """
    own = _read(_file(question))  # which also makes sure that there is such a subject
    return own if own is not None else _read(_shipped(question))


def is_kept(question: Question) -> bool:
    """Whether there is an answer from before, known without reading it. Raises RunError as `kept` does."""
    return _file(question).is_file() or _shipped(question).is_file()


def to_nobody(_share: float, _doing: str) -> None:
    """For those who need not hear how far it is."""


def answer(question: Question, device: str, say: Say = to_nobody) -> Arrays:
    """The answer: the kept one, or else computed on `device`, and kept unless it is a passing one.

    Raises LabError where the run, its data set or the settings do not allow it.
    """
    if (known := kept(question)) is not None:
        return known
    arrays = _computed(question, device, say)
    if not question.passing:
        _keep(arrays, _file(question))
    return arrays


def ship(question: Question, device: str, say: Say = to_nobody) -> None:
    """Have an answer come with the lab, computed anew where none does, whatever is known here.

    Raises LabError as `answer` does.
    """
    if _read(_shipped(question)) is None:
        _keep(_computed(question, device, say), _shipped(question))


def ship_no_others(questions: Iterable[Question]) -> None:
    """Remove the answers to all other questions from what comes with the lab."""
    for file in set(SHIPPED.rglob("*.safetensors")) - {_shipped(question) for question in questions}:
        file.unlink()


def _computed(question: Question, device: str, say: Say) -> Arrays:
    module, _, function = ANALYSES[question.analysis].partition(":")
    arrays: Arrays = getattr(import_module(module), function)(
        question.subject, device, say, **question.settings
    )
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _read(file: Path) -> Arrays | None:
    with suppress(SafetensorError, OSError):
        return load_file(file)
    return None


def _keep(arrays: Arrays, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as temporary:
            save_file(arrays, temporary)
    except OSError as error:
        raise AnswerError(f"the answer cannot be kept ({error}): make room for it") from None


def _weights(subject: str) -> str:
    """What tells a run's weights from others: the lab's own runs are made anew now and then."""
    if subject in SOURCES:
        return ""
    file = runs.get(subject).folder / "weights.safetensors"
    try:
        told = file.stat()
        return _digest(file, told.st_mtime_ns, told.st_size)
    except OSError:  # whoever loads them says what is wrong
        return ""


@lru_cache(maxsize=1_000)
def _digest(file: Path, _changed: int, _size: int) -> str:
    with file.open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()


def _shipped(question: Question) -> Path:
    return SHIPPED / question.subject / f"{question.key}.safetensors"


def _file(question: Question) -> Path:
    """In the run's folder; what is found out about the lab's own runs, and about data sets, is apart."""
    subject = question.subject
    folder = home() / "analyses" / subject
    if subject not in SOURCES and (own := runs.get(subject).folder).parent == runs.runs_folder():
        folder = own / "analyses"
    return folder / f"{question.key}.safetensors"
