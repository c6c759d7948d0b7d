"""Levels of noise: one of them chosen, and how much of each is taken out by every method, as curves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from aecore.data import SOURCES, Source
from aecore.runs import Run
from pages.shared import address, analysis, figures
from pages.shared.analysis import Ask

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays

CURVES_HEIGHT = 500

UNITS = {
    "gaussian": "Standard deviation (black is 0, white 1)",
    "masking": "Share of pixels made black",
    "salt-and-pepper": "Share of pixels made black or white",
}


def choose(run: Run, noise: str, width: int) -> float:
    """A level of this noise; at first one in the middle of those the model knows, or of all."""
    from aecore.analysis.denoising import LEVELS

    levels = LEVELS[noise]
    wanted = sum(learnt({"": run}, noise).get("", (0, levels[-1]))) / 2
    names = {f"{level:g}": f"{level:g}" for level in levels}
    asked = st.query_params.get("level")
    if asked not in names and any(asked == f"{level:g}" for other in LEVELS.values() for level in other):
        del st.query_params["level"]  # it was chosen for another noise
    return float(
        address.choose(
            "Level",
            names,
            key="level",
            default=f"{min(levels, key=lambda level: abs(level - wanted)):g}",
            refusal="The linked level of noise is unknown: this is the usual one.",
            widget=st.select_slider,
            width=width,
            help=f"{UNITS[noise]}.",
        )
    )


def curves(run: Run, chosen: Mapping[str, Run], noise: str, device: str) -> None:
    """How the chosen models and all filters fare at every level, where that is known or was asked for."""
    dataset = run.experiment.data.dataset
    asked = asks(chosen, dataset, noise)
    st.caption(about_curves(SOURCES[dataset]))
    if all(map(analysis.known, asked.values())) or st.query_params.get("curve") == "yes":
        show_curves(asked, learnt(chosen, noise), noise, dataset, device)
    else:
        st.button(
            f"Compute {len(asked)} curves",
            key="compute",
            icon=":material/show_chart:",
            on_click=address.write,
            args=("curve", "yes"),
            help="About a minute the first time, while you go on drawing; then they are kept.",
        )


def about_curves(source: Source) -> str:
    """What they are of, and what to look for, in words."""
    from aecore.analysis.denoising import COUNT

    count = min(COUNT, source.test_count)
    return (
        f"Mean PSNR of {count:,} test pictures of {source.title}. Thick: what a model was trained on. Look "
        "for where a filter overtakes it, and for what becomes of levels it never saw."
    )


def asks(runs: Mapping[str, Run], dataset: str, noise: str) -> dict[str, Ask]:
    """For each method the question how good it is at every level of noise."""
    from aecore.analysis.filters import FILTERS

    models = {
        name: Ask("denoising", run.id, {"noise": noise, "dataset": dataset}) for name, run in runs.items()
    }
    filters = {
        name.capitalize(): Ask("filtering", dataset, {"name": name, "noise": noise}) for name in FILTERS
    }
    return models | filters


def learnt(runs: Mapping[str, Run], noise: str) -> dict[str, tuple[float, float]]:
    """Between which levels of this noise each model was trained; those that were not are left out."""
    found = {}
    for name, run in runs.items():
        data = run.experiment.data
        if data.noise == noise:
            least = data.noise_level if data.least_noise is None else data.least_noise
            found[name] = (least, data.noise_level)
    return found


def show_curves(
    asked: Mapping[str, Ask], learnt: Mapping[str, tuple[float, float]], noise: str, dataset: str, device: str
) -> None:
    """The mean PSNR of every method at every level of noise, computed where it is not known."""

    def show(curves: "dict[str, Arrays]") -> None:
        place = st.container(height=CURVES_HEIGHT, border=False)  # so that nothing moves when it comes
        if not curves:
            place.skeleton(height=CURVES_HEIGHT - 20)
            return
        filters = [name for name, ask in asked.items() if ask.analysis == "filtering"]
        place.plotly_chart(
            figures.psnr_by_level(curves, learnt, filters, UNITS[noise]),
            key="curves",
            config=figures.PLAIN,
            alt=f"Mean PSNR of {', '.join(curves)} against the level of noise",
        )
        st.download_button(
            "Curves (CSV)",
            lambda: table(curves, noise),
            f"denoising-{dataset}-{noise}.csv",
            key="csv",
            icon=":material/table:",
            on_click="ignore",
            help="Every point of the curves, with the spread over pictures, and the filters' strengths.",
        )

    analysis.answers(asked, show, device=device, title="Curves")


def table(curves: "Mapping[str, Arrays]", noise: str) -> bytes:
    """Every point of the curves as CSV, a line for each method and level."""
    frames = [
        pd.DataFrame({"method": name, "noise": noise, **{key: curve[key] for key in sorted(curve)}})
        for name, curve in curves.items()
    ]
    return pd.concat(frames).to_csv(index=False).encode()
