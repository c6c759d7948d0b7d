"""Whose turn it is: round robin over people, oldest first within each."""

import random

import pytest

from aecore.jobs.line import Waiting, in_turn


def test_who_asks_for_one_comes_before_the_second_of_who_asked_for_three():
    queue = [Waiting("a1", "A", 1), Waiting("a2", "A", 2), Waiting("a3", "A", 3), Waiting("b1", "B", 4)]
    assert [one.run for one in in_turn(queue, {})] == ["a1", "b1", "a2", "a3"]


def test_who_was_served_last_waits_for_everybody_else():
    queue = [Waiting("a2", "A", 1), Waiting("b1", "B", 2), Waiting("c1", "C", 3)]
    assert [one.run for one in in_turn(queue, {"A": 7, "C": 6})] == ["b1", "c1", "a2"]


def simulated(queue, history):
    """The same from the rule alone, one turn at a time: `history` lists the owners served, oldest first."""
    history, queue, line = list(history), list(queue), []
    while queue:
        owners = {one.owner for one in queue}
        # strangers before everybody; among the others, who was served longest ago
        strangers = owners - set(history)
        if strangers:
            turn = strangers
        else:
            ages = {owner: history[::-1].index(owner) for owner in owners}
            turn = {owner for owner in owners if ages[owner] == max(ages.values())}
        one = min((one for one in queue if one.owner in turn), key=lambda one: one.submitted)
        queue.remove(one)
        history.append(one.owner)
        line.append(one.run)
    return line


@pytest.mark.parametrize("seed", range(200))
def test_the_line_is_what_a_simulation_of_the_rule_serves(seed):
    chance = random.Random(seed)
    people = "ABCDE"[: chance.randint(1, 5)]
    queue = [
        Waiting(f"run-{number}", chance.choice(people), submitted)
        for number, submitted in enumerate(chance.sample(range(100), chance.randint(0, 12)))
    ]
    history = chance.choices(people, k=chance.randint(0, 8))
    served = {owner: turn for turn, owner in enumerate(history, 1)}
    before = dict(served)

    line = in_turn(queue, served)

    assert [one.run for one in line] == simulated(queue, history)
    assert served == before  # looking ahead serves nobody
    # taking one at a time, as the engine does, gives the same order as looking ahead
    left, taken = list(queue), []
    while left:
        first = in_turn(left, served)[0]
        left.remove(first)
        taken.append(first)
        served[first.owner] = max(served.values(), default=0) + 1
    assert taken == line
