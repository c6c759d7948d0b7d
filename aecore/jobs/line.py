"""Whose turn it is: round robin over people, oldest first within each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """One run in the queue."""

    run: str
    owner: str
    submitted: float
    """Seconds since 1970."""

    device: str = ""
    """Empty for the fastest that its worker has."""


def in_turn(waiting: Sequence[Waiting], served: Mapping[str, int]) -> list[Waiting]:
    """`waiting` in the order in which it will begin.

    `served` says when each owner's last run began, as a rising count; those who were never served, or
    longest ago, come first, and after each turn an owner goes to the end of the line.
    """
    left = sorted(waiting, key=lambda one: one.submitted)
    turns = dict(served)
    now = max(turns.values(), default=0)
    line = []
    while left:
        chosen = min(left, key=lambda one: turns.get(one.owner, 0))  # the oldest of those whose turn it is
        left.remove(chosen)
        line.append(chosen)
        now += 1
        turns[chosen.owner] = now
    return line
