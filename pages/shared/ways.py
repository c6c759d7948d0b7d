"""Where to look on at a model: the pages that have something to say about it."""

from typing import NamedTuple

import streamlit as st

from aecore.runs import Run
from pages.shared import denoisers


class Way(NamedTuple):
    """A link to a page that looks into a model."""

    page: str
    label: str
    icon: str


REDRAWS = Way("pages/reconstruct.py", "See what it redraws", ":material/compare:")
DENOISES = Way("pages/denoise.py", "Draw and denoise", ":material/draw:")
MAP = Way("pages/latent.py", "Map of its codes", ":material/scatter_plot:")
UNITS = Way("pages/features.py", "What its units stand for", ":material/grid_view:")
FILE = Way("pages/compress.py", "Compress by it", ":material/compress:")
CLASSES = Way("pages/classify.py", "What its codes tell of classes", ":material/category:")
TRANSFORMS = Way("pages/transform.py", "See what it makes of pictures", ":material/auto_fix_high:")
NEW = Way("pages/generate.py", "Draw new pictures by it", ":material/auto_awesome:")
STRANGE = Way("pages/anomaly.py", "Find what is strange to it", ":material/search_insights:")


def of(run: Run) -> list[Way]:
    """The pages for a run with a trained model, what it was trained for first."""
    model, train = run.experiment.model, run.experiment.train
    if run.experiment.data.classes:
        return [STRANGE, REDRAWS, MAP, UNITS]
    if run.experiment.task:
        return [TRANSFORMS, REDRAWS, MAP, UNITS]
    if denoisers.is_denoiser(run):
        return [DENOISES, REDRAWS, MAP, UNITS]
    if model.kind == "variational":
        return [NEW, REDRAWS, MAP, UNITS]
    if model.sparse or train.l1_weight or train.kl_weight:
        return [UNITS, REDRAWS, MAP, CLASSES]
    return [REDRAWS, MAP, UNITS, FILE, CLASSES]


def show(run: Run, but: Way | None = None) -> None:
    """Links to them in a row that others begin or go on with, but for the page one is on."""
    if run.result is None or run.result.test_mse is None:
        return
    for way in of(run):
        if way != but:
            st.page_link(way.page, label=way.label, icon=way.icon, query_params={"model": run.id})
