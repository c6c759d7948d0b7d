"""What a hundred labels are worth to an encoder that has learnt without any, beside one that has not."""

from collections.abc import Callable, Sequence

import numpy as np

from aecore import runs
from aecore.analysis import few_labels, fine_tuning
from aecore.analysis.draws import balanced
from aecore.analysis.feature_sets import FEATURES, opened
from aecore.reproduction.goals import Table

LABELS = 100
TUNED, SCRATCH, ELSEWHERE = "fine-tuned", "from scratch", "fine-tuned, trained on clothes"
PROBES = {"code": "linear probe on codes", "pca": "linear probe on PCA", "pixels": "linear probe on pixels"}
TO_BEAT = (SCRATCH, PROBES["pixels"])


def measure(
    seeds: Sequence[int],
    device: str,
    listener: Callable[[str], Callable[..., None]],  # noqa: ARG001, nothing is trained that it could hear
    dataset: str = "mnist",
) -> Table:
    """A row for each way to learn from the labels, best first; a seed decides which images have one.

    Raises LabError where the data set is not to be had.
    """
    subject = f"zoo-{dataset}-32"
    model, images = opened(subject, device, dataset)
    clothed, _ = opened("zoo-fashion-mnist-32", device, dataset)
    judges = {
        TUNED: fine_tuning.judge_of(model, images),
        SCRATCH: fine_tuning.judge_of(fine_tuning.fresh(runs.get(subject), device), images),
        ELSEWHERE: fine_tuning.judge_of(clothed, images),
    }
    judges |= {PROBES[name]: few_labels.judge_of(model, images, name, "probe") for name in FEATURES}
    draws = [(balanced(images.train_labels, LABELS, seed), seed) for seed in seeds]
    found = {name: [judge(*draw) for draw in draws] for name, judge in judges.items()}
    means = {name: float(np.mean(values)) for name, values in found.items()}
    best = max((name for name in means if name != TUNED), key=lambda name: means[name])
    return Table(
        columns=[f"With {LABELS} labels", "Accuracy, mean", "worst draw", "best draw"],
        rows=[
            (name, means[name], min(found[name]), max(found[name]))
            for name in sorted(means, key=lambda name: -means[name])
        ],
        values=found[TUNED],
        reached=reached(found),
        remark=f"The best other way is {best}: {means[best]:.4f} on average, {max(found[best]):.4f} at best.",
    )


def reached(found: dict[str, list[float]]) -> bool:
    """Whether the worst of several draws is better than the best of each of TO_BEAT; one shows nothing."""
    worst = min(found[TUNED])
    return len(found[TUNED]) > 1 and all(worst > max(found[name]) for name in TO_BEAT)
