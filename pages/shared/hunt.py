"""What is normal, what is strange, and what every method made of the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from aecore import data
from aecore.analysis.methods import METHODS
from aecore.data import SOURCES, Source
from aecore.recipes import RECIPES
from aecore.runs import Run
from pages.shared import address, form, state
from pages.shared.wording import plain

if TYPE_CHECKING:
    from aecore.analysis.questions import Arrays, Setting


@dataclass(frozen=True)
class Hunt:
    """What is asked for."""

    source: Source
    """Where the normal pictures are from."""

    normal: tuple[int, ...]
    """Their classes."""

    others: Source | None
    """Where the strange ones are from; None for the other classes."""

    single: bool
    """Whether there is only one strange picture."""

    method: str

    @property
    def settings(self) -> "Mapping[str, Setting]":
        """Of the analysis `anomaly`."""
        every = len(self.normal) == len(self.source.class_names)
        return {
            "normal": "" if every else ",".join(map(str, self.normal)),
            "others": self.others.name if self.others else "",
            "most": int(self.single),
        }

    @property
    def from_where(self) -> Source:
        """The data set of the strange pictures."""
        return self.others or self.source


@dataclass(frozen=True)
class Found:
    """How strange each picture is to each method: float32 (7, N) in the order of METHODS, NaN where one does
    not apply."""

    hunt: Hunt
    held_out: np.ndarray
    normal: np.ndarray
    strange: np.ndarray
    normal_numbers: np.ndarray
    """Places among the test pictures, int64."""

    strange_numbers: np.ndarray

    def by(self, method: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The scores of the held-out, normal and strange pictures by one method."""
        row = list(METHODS).index(method)
        return self.held_out[row], self.normal[row], self.strange[row]

    @property
    def methods(self) -> list[str]:
        """Those that apply."""
        return [name for name, row in zip(METHODS, self.normal, strict=True) if np.isfinite(row).all()]


def choose(run: Run, source: Source) -> Hunt:
    """What the controls and the address say."""
    names = {str(number): name for number, name in enumerate(source.class_names)}
    learnt = run.experiment.data.classes
    rivals = {
        other.name: other
        for other in SOURCES.values()
        if other.name != source.name
        and other.image_shape == source.image_shape
        and data.available(other.name)
    }
    first = st.container(horizontal=True, vertical_alignment="bottom")
    with first.container(width=370):
        usual = [str(number) for number in learnt] if learnt else _usual(names, bool(rivals))
        normal = address.several(
            "Normal",
            names,
            key="normal",
            default=usual,
            known=names,
            most=len(names),
            refusal="The linked classes are unknown: these are the usual ones.",
            help="Every baseline is fitted to training pictures of these classes only, and to none that the "
            "model has not learnt from.",
        )
    if not normal:
        st.info("Nothing is normal yet: choose at least one class.", icon=":material/rule:")
        st.stop()
    kinds = {"classes": "Other classes"} if len(normal) < len(names) else {}
    kinds |= {name: other.title for name, other in rivals.items()}
    kinds |= {f"one-{name}": f"One picture of {other.title}" for name, other in rivals.items()}
    if not kinds:
        st.info(
            "Every class is normal, and no other pictures of this size are on this machine: "
            "leave a class out, and it is strange.",
            icon=":material/rule:",
        )
        st.stop()
    strange = address.choose(
        "Strange",
        kinds,
        key="strange",
        default=next(iter(kinds)),
        refusal="The linked pictures are not on this machine, or are normal here: these are strange instead.",
        widget=first.selectbox,
        width=222,
    )
    method = address.choose(
        "Told by",
        METHODS,
        key="by",
        default="error",
        refusal="The linked method is unknown: this is the reconstruction error.",
        widget=first.selectbox,
        width=190,
    )
    return Hunt(
        source=source,
        normal=tuple(sorted(map(int, normal))),
        others=rivals.get(strange.removeprefix("one-")),
        single=strange.startswith("one-"),
        method=method,
    )


def _usual(names: Mapping[str, str], rivals: bool) -> list[str]:
    """For a model of every class: all, where other pictures can be strange, else all but the last."""
    return list(names) if rivals else list(names)[:-1]


def advise(run: Run, hunt: Hunt) -> None:
    """Say so where the model has learnt from other pictures than the normal ones, and offer one that has not.

    Also where it has learnt from all of them, so that none is left to find a threshold by.
    """
    from aecore.analysis.anomaly import holds_out

    config = run.experiment.data
    learnt = set(config.classes or range(len(hunt.source.class_names)))
    known = [number for number in hunt.normal if number in learnt]
    if known and not holds_out(state.images(hunt.source.name).train_labels, config, known):
        st.caption(
            f":material/info: **{plain(run.name)}** held no such pictures out of its training: those called "
            "held out below are pictures it has learnt from, so more normal ones are called strange than the "
            "threshold promises."
        )
    unknown = [hunt.source.class_names[number] for number in hunt.normal if number not in learnt]
    if unknown:
        why = (
            f"has never learnt {plain(', '.join(unknown))}: no method here is fitted to that, and no picture "
            "called held out is of it"
        )
    elif not hunt.others and not learnt <= set(hunt.normal):
        why = "has learnt from what is strange here, too, and redraws that as well"
    else:
        return
    experiment = RECIPES["lab-normal"].on(hunt.source.name).with_settings({"classes": hunt.normal})
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/info: **{plain(run.name)}** {why}.",
            width="content",
        )
        st.page_link(
            "pages/train.py",
            label="Train on the normal ones only",
            icon=":material/play_arrow:",
            query_params=form.link(experiment),
            help="Opens the form with lab-normal and these classes: half a minute for each class of MNIST.",
        )


def read(hunt: Hunt, answer: "Arrays") -> Found:
    return Found(
        hunt=hunt,
        held_out=answer["held_out"],
        normal=answer["normal"],
        strange=answer["strange"],
        normal_numbers=answer["normal_numbers"],
        strange_numbers=answer["strange_numbers"],
    )
