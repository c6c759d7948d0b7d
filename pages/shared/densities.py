"""Where new codes are drawn from: the choice of a density, with what is kept in memory of it."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from aecore import runs
from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, analysis, state

if TYPE_CHECKING:
    from aecore.analysis.comparison import Split
    from aecore.analysis.density import Density
    from aecore.analysis.generation import Kind
    from aecore.analysis.learnt import Learnt
    from aecore.analysis.questions import Arrays

KINDS: "dict[Kind, str]" = {"normal": "N(0, 1)", "gaussian": "Gaussian", "mixture": "Mixture"}
TEMPERATURES = ("0", "0.25", "0.5", "0.7", "0.85", "1", "1.15", "1.3", "1.5", "2")
MOST_SEED = 9_999

LIKE_STANDARD = (0.6, 1.4)
"""Standard deviations of a code's numbers, the middle one of them, that N(0, 1) does well enough for."""


UNUSED = 0.1
"""A standard deviation of the mean under which a number of a variational code is as good as all noise."""

FARTHEST = 1.3
"""The greatest temperature at which codes still lie about where those of pictures do."""


class Wish(NamedTuple):
    """What the controls and the address say."""

    kind: "Kind"
    temperature: float
    seed: int


def choose(run: Run) -> Wish:
    """Density, temperature and seed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: Kind = address.choose(  # pyright: ignore[reportAssignmentType], one of KINDS
            "Codes from",
            KINDS,  # pyright: ignore[reportArgumentType], which are texts
            key="density",
            default=usual(run),
            refusal="The linked density is unknown: this is the usual one for this model.",
            widget=st.segmented_control,
            help="N(0, 1) for each number of the code, as a variational model is trained to have it; the "
            "Gaussian with the mean and covariance of training pictures' codes; or a mixture of Gaussians "
            "fitted to them.",
        )
        temperature = address.choose(
            "Temperature",
            {name: name for name in TEMPERATURES},
            key="temperature",
            default="1",
            refusal="The linked temperature is unknown: this is 1, as fitted.",
            widget=st.select_slider,
            width=220,
            help="How far from the mean, of a mixture from the mean of each cluster: 1 is as fitted, less is "
            "safer and more alike, 0 the means themselves.",
        )
        seed = address.number(
            "seed", most=MOST_SEED, refusal="The linked draw has no number from 0 to 9,999: this is 0."
        )
        st.button(
            "Another draw",
            key="another-draw",
            icon=":material/casino:",
            on_click=address.write,
            args=("seed", (seed + 1) % (MOST_SEED + 1)),
        )
    return Wish(kind, float(temperature), seed)


def usual(run: Run) -> "Kind":
    """N(0, 1) for a model that was trained to have such codes, a mixture for every other."""
    return "normal" if run.experiment.model.kind == "variational" else "mixture"


def density(run: Run, kind: "Kind", device: str) -> "Density | None":
    """The density; until it is fitted None, and a bar where this is called. Raises LabError."""
    from aecore.analysis.density import from_arrays, gaussian, standard
    from aecore.analysis.generation import axes_in

    if kind == "normal":
        return standard(run.experiment.model.code_size)
    if kind == "gaussian":
        told = statistics(run, device)
        return gaussian(axes_in(told)) if told else None
    answer = analysis.answered(
        "code-mixture", run.id, {}, device=device, title="A mixture for the codes of training pictures"
    )
    if answer is None:
        if not state.takes_long("analysis.generation", run.id, device=device):
            st.button(
                "The Gaussian needs no wait",
                key="no-wait",
                icon=":material/bolt:",
                on_click=address.write,
                args=("density", "gaussian"),
            )
        return None
    return from_arrays(answer)


def statistics(run: Run, device: str) -> "Arrays | None":
    """Where the codes of training pictures lie; None, with a bar, until it is known. Raises LabError."""
    if state.takes_long("analysis.generation", run.id, device=device):
        title = "Codes of training pictures"
        return analysis.answered("code-statistics", run.id, {}, device=device, title=title)
    with st.spinner("Codes of training pictures, some seconds the first time"):
        return _statistics(run.id, device)


@st.cache_resource(max_entries=6, show_spinner=False)
def _statistics(run_id: str, device: str) -> "Arrays":
    from aecore.analysis.generation import statistics_of
    from aecore.analysis.questions import Question, kept

    run = runs.get(run_id)
    if known := kept(Question("code-statistics", run_id)):
        return known
    return statistics_of(run, state.images(run.experiment.data.dataset), state.model(run_id, device))


@st.cache_resource(max_entries=4, show_spinner=False)
def learnt(run_id: str, part: "Split", device: str) -> "Learnt":
    """The pictures a run has learnt from, or test pictures like them."""
    from aecore.analysis.learnt import learnt

    run = runs.get(run_id)
    return learnt(run, state.images(run.experiment.data.dataset), device, part)


def told(run: Run, wish: Wish, found: "Density", known: "Arrays") -> tuple[str, str]:
    """In words: what these codes are and what to look for; and, for who wants to know more, the figures."""
    from aecore.analysis.density import DENSE, WIDE

    count = f"{int(known['count'][0]):,}"
    look = f"Look for {between(run)}: real codes gather in clusters, one or more per class, and"
    if wish.kind == "gaussian":
        return (
            f"**Gaussian**: codes are drawn around the mean of {count} training pictures' codes, as wide in "
            f"every direction as those are. {look} a single Gaussian does not know them.",
            "With the mean and the covariance of those codes along the directions in which they vary: the "
            f"{WIDE} widest ones where a code has over {DENSE:,} numbers.",
        )
    if wish.kind == "mixture":
        clusters = "one cluster" if found.components == 1 else f"{found.components} clusters"
        return (
            f"**Mixture**: codes are drawn from {clusters}, fitted to {count} training pictures' codes. Look "
            f"for {between(run)}, which fall between clusters all the same.",
            "A mixture of Gaussians. How many there are, the codes of pictures decide that it was not fitted "
            "to.",
        )
    spread, off = known["spread"], float(np.abs(known["mean"]).max())
    unused = int((spread < UNUSED).sum())
    figures = (
        f"N(0, 1) has a standard deviation of 1 and a mean of 0. The numbers of {count} training pictures' "
        f"codes have standard deviations of {spread.min():.2f} to {spread.max():.2f} and means up to "
        f"{off:.2f} from 0"
        f"{f'; {unused} of {len(spread)} say next to nothing' if unused else ''}."
    )
    bell = "**N(0, 1)**: every number of a code is drawn from a bell curve around 0"
    trained = run.experiment.model.kind == "variational"
    # what a variational model does not use is N(0, 1) by itself: only its mean has no spread
    used = spread[spread >= UNUSED] if trained and unused < len(spread) else spread
    if not LIKE_STANDARD[0] <= float(np.median(used)) <= LIKE_STANDARD[1] or off > 1:
        but = "which this model was trained to expect, but its" if trained else "but this model's"
        return (
            f"{bell}, {but} codes are not like that. **These look wrong, and should**: the decoder is asked "
            "for places where it has seen no code. The mixture is fitted to where codes are.",
            figures,
        )
    if trained:
        return (
            f"{bell}, which this model was trained to expect. {look} the bell curve does not know them.",
            figures,
        )
    return (
        f"{bell}. Nothing made this model's codes like that, even if they are about as wide. Look for "
        f"{made_of(run)} that are nothing: real codes gather in clusters; the mixture is fitted to them.",
        figures,
    )


def far(wish: Wish, found: "Density") -> str:
    """In words, what a temperature does, where that is not what was fitted."""
    if not wish.temperature and found.components > 1:
        return (
            f"No more than {found.components} different ones: the decoder's picture of each cluster's mean "
            "code. "
        )
    if not wish.temperature:
        return "All the same: the decoder's picture of the mean code. "
    return "Farther out than codes lie: expect broken ones. " if wish.temperature > FARTHEST else ""


def between(run: Run) -> str:
    """What a code between clusters gives, in the words of a data set."""
    data = run.experiment.data
    if len(data.classes) == 1:
        return "pictures that are like none it has learnt"
    one = "digit" if _digits(run) else "class"
    return f"pictures that are half one {one}, half another"


def made_of(run: Run) -> str:
    """What its pictures consist of: digits of strokes, photos and clothes of shapes."""
    return "strokes" if _digits(run) else "shapes"


def _digits(run: Run) -> bool:
    return all(name.isdigit() for name in SOURCES[run.experiment.data.dataset].class_names)
