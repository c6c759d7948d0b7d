"""The losses of a run: one row per epoch, and the loss of every step."""

import csv
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from aecore.files import whole
from aecore.progress import Epoch
from aecore.runs.record import RunError

COLUMNS = [column.name for column in fields(Epoch)]


@dataclass
class History:
    """What a training has reported so far."""

    epochs: list[Epoch] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """The loss of every step."""

    def write(self, folder: Path) -> None:
        """To history.csv and losses.npy, each in one piece."""
        with whole(folder / "losses.npy") as temporary, temporary.open("wb") as file:
            np.save(file, np.asarray(self.losses, dtype=np.float32))
        with whole(folder / "history.csv") as temporary, temporary.open("w", newline="") as file:
            rows = csv.DictWriter(file, COLUMNS)
            rows.writeheader()
            rows.writerows(asdict(epoch) for epoch in self.epochs)

    def cut(self, epochs: int, steps: int) -> "History":
        """Only the first so many. Raises RunError where there are fewer."""
        if len(self.epochs) < epochs or len(self.losses) < steps:
            raise RunError(f"the history lacks some of {epochs} epochs: restore it or start a new run")
        return History(self.epochs[:epochs], self.losses[:steps])


def read_history(folder: Path) -> History:
    """What the run in `folder` has reported; empty where it has not come that far.

    Raises RunError, naming the file, where one is damaged.
    """
    table, losses = folder / "history.csv", folder / "losses.npy"
    if not table.exists():
        return History()
    try:
        with table.open(newline="") as file:
            rows = csv.DictReader(file)
            epochs = [_epoch(row) for row in rows]
        if list(rows.fieldnames or ()) not in (COLUMNS, COLUMNS[:-3]):  # an earlier lab wrote fewer
            raise ValueError("it has other columns")
    except (OSError, csv.Error, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{table} is damaged ({error}): restore it or delete the run") from None
    try:
        with losses.open("rb") as file:
            return History(epochs, np.lib.format.read_array(file, allow_pickle=False).tolist())
    except (OSError, ValueError) as error:
        raise RunError(f"{losses} is damaged ({error}): restore it or delete the run") from None


def _epoch(row: dict[str, Any]) -> Epoch:
    return Epoch(
        epoch=int(row["epoch"]),
        step=int(row["step"]),
        seconds=float(row["seconds"]),
        train_loss=float(row["train_loss"]),
        validation_loss=float(row["validation_loss"]) if row["validation_loss"] else None,
        learning_rate=float(row["learning_rate"]),
        phase=row.get("phase") or "",
        dead_units=int(row["dead_units"]) if row.get("dead_units") else None,
        active_units=float(row["active_units"]) if row.get("active_units") else None,
    )
