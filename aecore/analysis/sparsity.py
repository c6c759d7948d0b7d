"""How sparse the codes of runs are, whatever made them so: L1, KL, top-k or winners that take all."""

import numpy as np

from aecore import data, runs
from aecore.analysis.activity import ACTIVE, active_at, sample
from aecore.analysis.codes import codes_of
from aecore.analysis.comparison import versions
from aecore.analysis.questions import Arrays, Say
from aecore.config import Experiment


def means(experiment: Experiment) -> list[str]:
    """What makes the codes of an experiment sparse, in the words of the papers; empty where nothing does."""
    model, train = experiment.model, experiment.train
    return [
        name
        for name, used in {
            "top-k": model.active is not None,
            "winner takes all": model.sparse and model.active is None or model.lifetime is not None,
            "L1": train.l1_weight > 0,
            "KL": train.kl_weight > 0,
        }.items()
        if used
    ]


def active_units(subject: str, device: str, say: Say) -> Arrays:
    """Mean number of active units of a run's codes on test images of its own data set.

    By each name in ACTIVE, an array of shape (1,). Raises LabError where model or data cannot be had.
    """
    run = runs.get(subject)
    model = runs.load(run, device)
    say(0.1, f"Counting the active units of {run.name}")
    experiment = run.experiment
    images = data.load(experiment.data.dataset).only(experiment.data.classes).test_images
    chosen = images[sample(len(images), experiment.model.code_size).tolist()]
    codes = codes_of(model, versions(chosen.to(device), experiment.data).inputs)
    return {name: np.array([active_at(codes, name).sum(1).mean()]) for name in ACTIVE}
