"""`python -m aecore reproduce`: what the recipes' sources report, beside what comes of them here."""

from typing import Any

import click

from aecore.cli.shared import TrainingBar, as_json, device_named, on_device, print_json
from aecore.recipes import RECIPES
from aecore.reproduction.document import number, spread
from aecore.settings import SettingsError, unknown

GOALS = ("compression",)
"""Those of aecore.reproduction.goals, which imports torch."""


@click.command()
@click.argument("names", nargs=-1, metavar="[RECIPE]...")
@click.option("--seeds", default=3, type=click.IntRange(1, 100), help="How many seeds: 0, 1, 2, ...")
@click.option("--stored", is_flag=True, help="Print the results that come with the lab; train nothing.")
@click.option("--publish", is_flag=True, help="Put the results in place of those that come with the lab.")
@on_device
@as_json
def reproduce(
    names: tuple[str, ...], seeds: int, stored: bool, publish: bool, device: str | None, as_json: bool
) -> None:
    """Train every RECIPE, or those named, with several seeds, and compare with what was published.

    What is finished is kept: the same command goes on where it was cut off. In place of a recipe, a goal of
    the lab's own is measured: compression.
    """
    from aecore import reproduction

    for name in names:
        if name not in RECIPES and name not in GOALS:
            raise SettingsError(unknown("recipe", name, [*RECIPES, *GOALS]))
    goals = [name for name in names if name in GOALS]
    if goals and len(goals) < len(names):
        raise SettingsError(f"{goals[0]} is a goal and others are recipes: name them in two commands")
    if goals:
        _measure(goals, stored, publish, device, as_json)
        return
    if stored:
        results = [one for one in reproduction.stored() if not names or one["recipe"] in names]
    else:
        device = device_named(device)
        results = []
        for name in names or RECIPES:
            trials = [
                reproduction.trial(RECIPES[name], seed, device, TrainingBar(f"{name}, seed {seed}").show)
                for seed in range(seeds)
            ]
            results.append(reproduction.Row(recipe=RECIPES[name], trials=trials).as_json())
            if publish:
                reproduction.publish(results[-1:])
            if not as_json:
                _print(results[-1])
    if as_json:
        print_json(results)
    elif stored:
        for result in results:
            _print(result)


def _measure(names: list[str], stored: bool, publish: bool, device: str | None, as_json: bool) -> None:
    """Goals of the lab's own, as they are stored or measured now."""
    from aecore.reproduction import document, goals

    if stored:
        found = [one for one in document.stored_goals() if one["goal"] in names]
    else:
        found = [goals.GOALS[name](device_named(device)) for name in names]
    if publish and not stored:
        document.publish([], found)
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"{one['goal']}: {one['verdict']}")
        for key in ("wanted", "ours", "beside"):
            click.echo(f"    {key:9}  {one[key]}")


def _print(result: dict[str, Any]) -> None:
    """One recipe in a few lines."""
    click.echo(f"{result['recipe']}: {result['verdict']}")
    for published, ours in zip(result["published"], result["ours"], strict=True):
        click.echo(f"    published  {published}")
        click.echo(f"    ours       {spread(ours)}")
    click.echo(f"    test MSE   {spread(result['test_mse'])}, PCA {number(result['pca_mse'])}")
    click.echo(f"    code       {code(result)}")
    share = result["processor_share"]
    got = "" if share is None else f" with {share:.0%} of the processor"
    click.echo(
        f"    training   {result['seconds']:.0f} s{got}, {result['images_per_second']:,.0f} images/s, "
        f"seeds {', '.join(map(str, result['seeds']))}"
    )


def code(result: dict[str, Any]) -> str:
    """Such as "64 units, 16.0 active, 3 dead"."""
    words = [f"{result['code_size']:,} units"]
    for name in ("active", "dead"):
        if (count := result[f"{name}_units"]) is not None:
            words.append(f"{count:,.1f} {name}")
    return ", ".join(words)
