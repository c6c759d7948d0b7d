"""`python -m aecore reproduce`: what the recipes' sources report, beside what comes of them here."""

from collections.abc import Sequence
from typing import Any

import click

from aecore.cli.shared import TrainingBar, as_json, device_to_train_on, on_device, print_json
from aecore.recipes import RECIPES
from aecore.reproduction.document import cell, number, older, outnumbered, spread
from aecore.settings import SettingsError, unknown


@click.command()
@click.argument("names", nargs=-1, metavar="[RECIPE | GOAL]...")
@click.option("--seeds", default=3, type=click.IntRange(1, 100), help="How many seeds: 0, 1, 2, ...")
@click.option("--stored", is_flag=True, help="Print the results that come with the lab; train nothing.")
@click.option("--publish", is_flag=True, help="Put the results in place of those that come with the lab.")
@on_device
@as_json
def reproduce(
    names: tuple[str, ...], seeds: int, stored: bool, publish: bool, device: str | None, as_json: bool
) -> None:
    """Train every RECIPE, or those named, with several seeds, and compare with what was published.

    A GOAL, such as one-class, is a figure that the lab itself sets out to reach. What is finished is kept:
    the same command goes on where it was cut off.
    """
    from aecore import reproduction

    known = [*RECIPES, *reproduction.GOALS]
    for name in names:
        if name not in known:
            raise SettingsError(unknown("recipe or goal", name, known))
    if stored:
        results = [one for one in reproduction.stored() if not names or one["recipe"] in names]
    else:
        device = device_to_train_on(device)
        results = []
        for name in names or known:
            results.append(_measured(name, range(seeds), device))
            if publish and (more := outnumbered(results[-1])):
                click.echo(
                    f"{name} stays as published, with {more} seeds: renew it by --seeds {more}", err=True
                )
            elif publish:
                reproduction.publish(results[-1:])
            if not as_json:
                _print(results[-1])
    if as_json:
        print_json(results)
    elif stored:
        for result in results:
            _print(result)


def _measured(name: str, seeds: Sequence[int], device: str) -> dict[str, Any]:
    from aecore import reproduction

    if goal := reproduction.GOALS.get(name):
        return reproduction.pursue(goal, seeds, device, lambda training: TrainingBar(training).show)
    trials = [
        reproduction.trial(RECIPES[name], seed, device, TrainingBar(f"{name}, seed {seed}").show)
        for seed in seeds
    ]
    return reproduction.Row(recipe=RECIPES[name], trials=trials).as_json()


def _print(result: dict[str, Any]) -> None:
    """One recipe or goal in a few lines."""
    click.echo(f"{result['recipe']}{older(result)}: {result['verdict']}")
    for published, ours in zip(result["published"], result["ours"], strict=True):
        click.echo(f"    published  {published}")
        click.echo(f"    ours       {spread(ours)}")
    if "rows" in result:
        for row in (result["columns"], *result["rows"]):
            click.echo("    " + " | ".join(map(cell, row)))
        return
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
