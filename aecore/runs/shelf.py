"""Where runs stand: the person's own, and the zoo that comes with the lab."""

import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from filelock import Timeout

from aecore.home import home
from aecore.runs.notebook import Notes, forget_notes, read_notes, write_name, write_note
from aecore.runs.record import Run, RunError, read_run, run_lock

ZOO = Path(__file__).parents[1] / "zoo"
ASIDE = ".aside"
"""Folder on a shelf for runs that are being replaced; each counts until the new one is in its place."""

DELETED = ".deleted-"
"""What the names of runs on their way out begin with."""


class MissingRunError(RunError):
    """There is no run of this id, or no longer."""


def runs_folder() -> Path:
    """Where new runs go."""
    return home() / "runs"


def list_runs() -> list[Run]:
    """The person's own runs, newest first. Damaged ones are left out; `damaged_runs` names them."""
    notes = read_notes()
    found = [_with_notes(run, notes) for run in _readable(runs_folder())]
    return sorted(found, key=lambda run: (run.created, run.id), reverse=True)


def next_number(recipe: str, dataset: str) -> int:
    """For a new run of this recipe on this data set: one more than the highest that such a run has."""
    begun = _readable(runs_folder(), f"{recipe}-{dataset}-")
    return 1 + max((run.number for run in begun), default=0)


def zoo() -> list[Run]:
    """The trained runs that come with the lab, by name."""
    return _readable(ZOO)


def damaged_runs() -> list[str]:
    """One sentence for each folder of the person's own that should be a run and cannot be read."""
    sentences = []
    for folder in _folders(runs_folder()):
        try:
            read_run(folder)
        except RunError as error:
            sentences.append(str(error))
    return sentences


def get(run_id: str) -> Run:
    """The run of this id, the person's own or the zoo's. Raises MissingRunError where there is none.

    RunError where it cannot be read; the zoo's need no database.
    """
    if folder := _find(runs_folder(), run_id):
        return _with_notes(read_run(folder), read_notes())
    if folder := _find(ZOO, run_id):
        return read_run(folder)
    raise _missing(run_id)


def rename(run_id: str, name: str) -> None:
    """Give one of the person's own runs another name: one line of 1 to 100 characters."""
    name = name.strip()
    if not 1 <= len(name) <= 100:
        raise RunError(f"the name has {len(name)} characters: choose 1 to 100")
    if not name.isprintable():
        raise RunError(f"the name is {name!r}: choose one line without control characters")
    write_name(_own(run_id).name, name)


def annotate(run_id: str, note: str) -> None:
    """Write a note of at most 10,000 characters on one of the person's own runs; an empty one erases it."""
    if len(note) > 10_000:
        raise RunError(f"the note has {len(note):,} characters: choose at most 10,000")
    write_note(_own(run_id).name, note, get(run_id).name)


def delete(run_id: str) -> None:
    """Remove one of the person's own runs for good, a damaged one too, but not one being trained."""
    folder = _own(run_id)
    doomed = folder.with_name(
        f"{DELETED}{folder.name}"
    )  # gone from every list at once, however long removing takes
    try:
        with run_lock(folder).acquire(timeout=1):  # someone may just be looking
            folder.rename(doomed)
    except Timeout:
        raise RunError(f"run {run_id} is being trained: stop it first") from None
    forget_notes(run_id)
    for gone in runs_folder().glob(f"{DELETED}*"):  # this one, and those of a removal that was cut off
        shutil.rmtree(gone, ignore_errors=True)  # someone else may be removing it, too


def _own(run_id: str) -> Path:
    if folder := _find(runs_folder(), run_id):
        return folder
    if _find(ZOO, run_id):
        raise RunError(f"run {run_id} comes with the lab and stays as it is: train one of your own to change")
    raise _missing(run_id)


def _missing(run_id: str) -> MissingRunError:
    return MissingRunError(f"there is no run {run_id!r}: `python -m aecore runs` lists them")


def _find(shelf: Path, run_id: str) -> Path | None:
    """Ids come from links and command lines, so they are looked up in the list, never made into a path."""
    return next((folder for folder in _folders(shelf) if folder.name == run_id), None)


def _folders(shelf: Path) -> list[Path]:
    """Folders that hold a run; one without a config was cut off before it began."""
    if not shelf.is_dir():
        return []
    found = {
        folder.name: folder
        for folder in (*(shelf / ASIDE).glob("*"), *shelf.iterdir())
        if not folder.name.startswith(".") and (folder / "config.json").exists()
    }
    return [found[name] for name in sorted(found)]


def _readable(shelf: Path, prefix: str = "") -> list[Run]:
    found = []
    for folder in _folders(shelf):
        if folder.name.startswith(prefix):
            with suppress(RunError):
                found.append(read_run(folder))
    return found


def _with_notes(run: Run, notes: dict[str, Notes]) -> Run:
    written = notes.get(run.id)
    return replace(run, name=written.name, note=written.note) if written else run
