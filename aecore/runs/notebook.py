"""What people write on runs: a name and a note, in the database."""

from dataclasses import dataclass

from aecore.runs.database import reading, writing


@dataclass(frozen=True)
class Notes:
    """What is written on one run."""

    name: str
    note: str


def read_notes() -> dict[str, Notes]:
    """The notes on every run that has any, by run id."""
    with reading("notes") as database:
        rows = database.execute("SELECT run, name, note FROM notes").fetchall() if database else []
    return {run: Notes(name, note) for run, name, note in rows}


def write_name(run: str, name: str) -> None:
    """Give a run another name; its note stays as it is at that moment."""
    with writing() as database:
        database.execute(
            "INSERT INTO notes (run, name, note) VALUES (?, ?, '') "
            "ON CONFLICT (run) DO UPDATE SET name = excluded.name",
            (run, name),
        )


def write_note(run: str, note: str, name: str) -> None:
    """Write another note on a run; its name stays as it is at that moment, `name` if it has none yet."""
    with writing() as database:
        database.execute(
            "INSERT INTO notes (run, name, note) VALUES (?, ?, ?) "
            "ON CONFLICT (run) DO UPDATE SET note = excluded.note",
            (run, name, note),
        )


def forget_notes(run: str) -> None:
    """Drop what is written on a run that is gone."""
    with reading("notes") as database:
        if database is None:
            return
    with writing() as database:
        database.execute("DELETE FROM notes WHERE run = ?", (run,))
