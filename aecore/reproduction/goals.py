"""What the lab sets out to reach beside the recipes' own figures, each measured with its baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from aecore import runs
from aecore.config import Experiment
from aecore.recipes import RECIPES
from aecore.reproduction.trials import digest_of, where_and_when

Cell = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """What was measured for a goal."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    values: Sequence[float]
    """The figure that the goal is about, one for each seed."""

    reached: bool
    remark: str
    """A sentence that names the best baseline and its figure."""


Measure = Callable[[Sequence[int], str, Callable[[str], Callable[..., None]]], Table]
"""Takes seeds, a device, and what makes a listener for a training of some name."""


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A figure to reach."""

    name: str
    title: str
    aim: str
    about: str
    """How it is measured, and what stands beside it."""

    subjects: Sequence[str]
    """The recipes that are trained for it, or the runs of the zoo that it is measured on."""

    measure: str
    """The Measure, as "module:function"."""

    @property
    def settings(self) -> str:
        """Digests of its subjects' settings, others where one of them changes."""
        return " ".join(digest_of(_experiment(name)) for name in self.subjects)


GOALS = {
    goal.name: goal
    for goal in (
        Goal(
            name="compression",
            title="A digit in 32 bytes",
            aim="PSNR at least 22.5 dB with at most 32 bytes a digit",
            about="All 10,000 test digits are written into one .aez file with zoo-mnist-32 and read back; "
            "its bytes are counted with all heads, and the figure is the best PSNR of the mean error within "
            "32 bytes.",
            subjects=("zoo-mnist-32",),
            measure="aecore.reproduction.compression:measure",
        ),
        Goal(
            name="fashion",
            title="The lab's own recipes on Fashion-MNIST",
            aim="at every code size and with every seed a lower test error than PCA of that size",
            about="The settings were chosen on held-out images of MNIST; with nothing changed they learn "
            "clothes here. Mean squared error of the 10,000 test images, pixels 0 to 1. The figure is the "
            "largest share of PCA's error that one of them leaves.",
            subjects=("lab-2", "lab-9", "lab-16", "lab-32", "lab-64"),
            measure="aecore.reproduction.fashion:measure",
        ),
        Goal(
            name="few-labels",
            title="A hundred labels of MNIST",
            aim="with every draw of 100 labels, fine-tuned, better than with any from scratch or on pixels",
            about="The encoder of zoo-mnist-32, which has seen all training images and no label, and a layer "
            "upon its code go on learning from 100 labelled training images, ten of each class; which, "
            "a seed decides. From scratch: the same network from the weights its training began with. Rate "
            "and steps were chosen on training images that were held out; accuracy is that on the 10,000 "
            "test images. The goal is about the worst draw beside the best draws of others, the figure is "
            "the mean.",
            subjects=("zoo-mnist-32", "zoo-fashion-mnist-32"),
            measure="aecore.reproduction.few_labels:measure",
        ),
        Goal(
            name="generate",
            title="New digits from a plain autoencoder",
            aim="with every seed a mixture on its codes is nearer to the test pictures than N(0, 1)",
            about="lab-32 and lab-variational are trained on MNIST; from the codes of each, new pictures are "
            "drawn, 10,000 at a time, three times. The figure is the Fréchet distance (Heusel et al., 2017) "
            "from the 10,000 test images in 64 features of a small classifier trained here; training "
            "pictures as they are show how near one can come, and a mixture on as many principal components "
            "what no network takes.",
            subjects=("lab-32", "lab-variational"),
            measure="aecore.reproduction.generate:measure",
        ),
        Goal(
            name="neighbours",
            title="Nearest neighbours on 32 numbers",
            aim="5 nearest neighbours on the code name at least 96.5 % of MNIST's test digits",
            about="The codes of zoo-mnist-32 beside PCA of the same size and the pixels themselves: each of "
            "the 10,000 test images is named by the 5 nearest of the 60,000 training images.",
            subjects=("zoo-mnist-32",),
            measure="aecore.reproduction.neighbours:measure",
        ),
        Goal(
            name="one-class",
            title="One class of MNIST against the other nine",
            aim="mean AUROC over the ten digits at least 0.95",
            about="Recipe lab-normal is trained on one digit at a time; all 10,000 test images are then "
            "ranked by how strange they are. AUROC is the chance that a digit of another class ranks higher "
            "than one of its own. The recipe was chosen without anything strange, as the next table shows. "
            "The first three columns are its own, the goal being about the first; the others need no "
            "network, and see the same training images.",
            subjects=("lab-normal",),
            measure="aecore.reproduction.one_class:measure",
        ),
        Goal(
            name="one-class-recipe",
            title="How the recipe for one class was chosen",
            aim="no candidate ahead of the recipe by more than twice the standard error of the difference",
            about="Recipe lab-normal beside others that differ from it in one setting or in their noise, "
            "each trained on one digit of MNIST at a time; for 70 epochs in batches of 256, for more would "
            "bring more, and half a minute a digit is what it may take. Training pictures of that digit that "
            "were held out are disturbed by noise of three levels, whatever a candidate was trained with, "
            "and the figure is the PSNR in dB of what it makes of them: the mean over levels and digits. No "
            "picture of another digit is looked at, and none of the test images.",
            subjects=("lab-normal",),
            measure="aecore.reproduction.one_class_recipe:measure",
        ),
        Goal(
            name="transform",
            title="Photo patches in colour, sharper, without a hole",
            aim="in colourise, sharpen, sharpen-4 and inpaint a higher PSNR than the baseline, by every seed",
            about="Each recipe is trained on photo patches and judged on all 4,000 test patches, which share "
            "no pixel with them. PSNR is that of the mean error of 8-bit pictures. The baselines learnt "
            "nothing but a mean colour: bicubic interpolation, biharmonic inpainting, and for the last two "
            "rows the formula that the model has to find, which is exact. Of a picture with a hole only the "
            "hole is taken from anybody. The figure is how many decibels a seed is ahead where it is least.",
            subjects=("colourise", "decolour", "inpaint", "sharpen", "sharpen-4", "shrink"),
            measure="aecore.reproduction.transform:measure",
        ),
    )
}


def _experiment(subject: str) -> Experiment:
    return RECIPES[subject].experiment if subject in RECIPES else runs.get(subject).experiment


def pursue(
    goal: Goal, seeds: Sequence[int], device: str, listener: Callable[[str], Callable[..., None]]
) -> dict[str, Any]:
    """Measure what the goal is about: an object like those of `Row.as_json`, with the whole table in it."""
    import numpy as np

    module, _, function = goal.measure.partition(":")
    table: Table = getattr(import_module(module), function)(seeds, device, listener)
    spread = float(np.std(table.values, ddof=1)) if len(table.values) > 1 else None
    return {
        "recipe": goal.name,
        "settings": goal.settings,
        "published": [goal.aim],
        "ours": [{"mean": float(np.mean(table.values)), "spread": spread}],
        "verdict": "reproduced" if table.reached else "short",
        "remark": table.remark,
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "seeds": list(seeds),
        **where_and_when(),
    }
