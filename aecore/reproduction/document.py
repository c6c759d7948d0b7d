"""The results that come with the lab: docs/reproduction.json, and for people docs/reproduction.md."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aecore.files import whole
from aecore.recipes import RECIPES
from aecore.reproduction.figure import Point, curve
from aecore.reproduction.goals import GOALS, Cell, Goal
from aecore.reproduction.trials import read, settings_of, write

STORED = Path(__file__).resolve().parents[2] / "docs" / "reproduction.json"

COLUMNS = (
    *("Recipe", "Code", "Test error", "PCA", "Active units", "Dead units"),
    *("Seconds", "Images/s", "Seeds", "Day, machine"),
)
QUIET = 0.8
"""Processor share from which on a training counts as undisturbed."""

COMMAND = "python -m aecore reproduce --publish"


def stored() -> list[dict[str, Any]]:
    """The results that come with the lab, as `Row.as_json` gives them."""
    return read(STORED)["results"] if STORED.exists() else []


def publish(results: Sequence[dict[str, Any]]) -> None:
    """Put results in place of those of the same recipes that come with the lab."""
    merged = {one["recipe"]: one for one in stored()}
    merged |= {one["recipe"]: one for one in results}
    in_order = [merged[name] for name in (*RECIPES, *GOALS) if name in merged]
    STORED.parent.mkdir(exist_ok=True)
    write(STORED, {"command": COMMAND, "results": in_order})
    for suffix, text in ((".md", in_words(in_order)), (".svg", curve(by_code_size(in_order)))):
        with whole(STORED.with_suffix(suffix)) as temporary:
            temporary.write_text(text, encoding="utf-8")


def outnumbered(result: dict[str, Any]) -> int:
    """With how many seeds the same was published, where that is more than `result` has; else 0."""
    for one in stored():
        if all(one[name] == result[name] for name in ("recipe", "settings")):
            return len(one["seeds"]) if len(one["seeds"]) > len(result["seeds"]) else 0
    return 0


def in_words(all_results: Sequence[dict[str, Any]]) -> str:
    """The results as a page of Markdown."""
    results = of_recipes(all_results)
    lines = [
        "# Reproduction",
        "",
        "What the sources of the recipes report, and what comes of the same settings here. Made by",
        f"`{COMMAND}`, which trains every recipe with several seeds; the same table without training:",
        "`python -m aecore reproduce --stored`. Ours are means over the seeds, ± the standard deviation.",
        "*reproduced*: within a tenth of the published figure, or better. *differs*: the recipe says why it",
        "cannot be reached. *measured*: the recipe knows no figure of its source. *short*: not reached.",
        "†: before the recipe's settings were changed to those of today.",
        "",
        "| Recipe | Published | Ours | Verdict |",
        "|---|---|---|---|",
    ]
    for one in results:
        published = "<br>".join(one["published"]) or "–"
        ours = "<br>".join(map(spread, one["ours"])) or "–"
        lines.append(f"| {one['recipe']}{older(one)} | {published} | {ours} | {one['verdict']} |")
    lines += [
        "",
        "Every recipe on test images of its own data set, MNIST for most: mean squared error, pixels 0 to 1,",
        "shown and asked for what the recipe says, noise included; PCA beside it keeps as many numbers as",
        "may be active in a code.",
        "Seconds and images/s are of the fastest seed, and left out where it had less than 80 % of a",
        "processor; that another training ran on the second one is not seen.",
        "Networks with lifetime sparsity learn with the winners of a batch and are used with all units.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        f"|{'---|' * len(COLUMNS)}",
    ]
    for one in results:
        cells = [
            one["recipe"] + older(one),
            f"{one['code_size']:,}",
            spread(one["test_mse"]),
            number(one["pca_mse"]),
            count(one["active_units"]),
            count(one["dead_units"]),
            f"{one['seconds']:.0f}" if undisturbed(one) else "–",
            f"{one['images_per_second']:,.0f}" if undisturbed(one) else "–",
            f"{len(one['seeds'])}",
            f"{one['day']}, {one['machine']}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    series = by_code_size(results)
    lines += [
        "",
        "## Test error against code size",
        "",
        "Of networks that redraw MNIST as it is and silence no unit. The lines join the best of each size.",
        "",
        "![Test error against code size, for PCA, the tutorials and the lab](reproduction.svg)",
        "",
        f"| Code size | {' | '.join(series)} |",
        f"|{'---|' * (1 + len(series))}",
    ]
    for size in sorted({point.size for points in series.values() for point in points}):
        same = [[point for point in points if point.size == size] for points in series.values()]
        cells = [_best(points) for points in same]
        lines.append(f"| {size:,} | {' | '.join(cells)} |")
    for one in all_results:
        if one["recipe"] in GOALS:
            lines += _of_goal(GOALS[one["recipe"]], one)
    return "\n".join([*lines, ""])


def of_recipes(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are of recipes, not of goals."""
    return [one for one in results if one["recipe"] in RECIPES]


def _of_goal(goal: Goal, result: dict[str, Any]) -> list[str]:
    """What was measured for a goal, as Markdown."""
    return [
        "",
        f"## {goal.title}{older(result)}",
        "",
        f"{goal.about} Aim: {goal.aim}; here {spread(result['ours'][0])}, so *{result['verdict']}*. Seeds "
        f"{', '.join(map(str, result['seeds']))}; {result['day']}, {result['machine']}. Made by "
        f"`python -m aecore reproduce {goal.name} --seeds {len(result['seeds'])}`. {result['remark']}",
        "",
        f"| {' | '.join(result['columns'])} |",
        f"|{'---|' * len(result['columns'])}",
        *(f"| {' | '.join(map(cell, row))} |" for row in result["rows"]),
    ]


def cell(value: Cell) -> str:
    """What stands in a goal's table."""
    return f"{value:.4f}" if isinstance(value, float) else "–" if value is None else str(value)


def older(result: dict[str, Any]) -> str:
    """A mark where the recipe, or a subject of the goal, has other settings now, or is no more."""
    name, today = result["recipe"], None
    if name in GOALS:
        today = GOALS[name].settings
    elif name in RECIPES:
        today = settings_of(RECIPES[name], result["seeds"][0])
    return "" if result["settings"] == today else " †"


def undisturbed(result: dict[str, Any]) -> bool:
    """Whether its seconds say something about speed: as far as is known, it had the processor to itself."""
    share = result["processor_share"]
    return share is None or share >= QUIET


def by_code_size(results: Sequence[dict[str, Any]]) -> dict[str, list[Point]]:
    """Test errors of the networks that can be compared, and of PCA beside them: a series for each origin."""
    series: dict[str, list[Point]] = {"PCA": [], "Tutorials": [], "The lab's own": []}
    for one in of_recipes(results):
        error, size = one["test_mse"]["mean"], one["code_size"]
        if error is None or not _comparable(one["recipe"]):
            continue
        if all(point.size != size for point in series["PCA"]):
            series["PCA"].append(Point("PCA", size, one["pca_mse"]))
        origin = "The lab's own" if one["recipe"].startswith("lab-") else "Tutorials"
        series[origin].append(Point(one["recipe"], size, error))
    return series


def _comparable(name: str) -> bool:
    """Whether the recipe redraws MNIST as it is, with all of its code; PCA by descent only says PCA again."""
    if name not in RECIPES or name == "linear-32":
        return False
    experiment = RECIPES[name].experiment
    return experiment.data.dataset == "mnist" and experiment.data.plain and not experiment.model.sparse


def _best(points: Sequence[Point]) -> str:
    if not points:
        return "–"
    best = min(points, key=lambda point: point.error)
    return f"{number(best.error)}" if best.name == "PCA" else f"{number(best.error)} ({best.name})"


def spread(values: dict[str, float | None]) -> str:
    """Such as 0.00450 ± 0.00012."""
    around = "" if values["spread"] is None else f" ± {values['spread']:.5f}"
    return number(values["mean"]) + around


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:.5f}"


def count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"
