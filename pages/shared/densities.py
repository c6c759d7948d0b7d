"""Where new codes are drawn from: the choice of a density, with what is kept in memory of it."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from aecore import runs
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


class Wish(NamedTuple):
    """What the controls and the address say."""

    kind: "Kind"
    temperature: float
    seed: int


def choose(run: Run) -> Wish:
    """Density, temperature and seed."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: Kind = address.choose(
            "Codes from",
            KINDS,
            key="density",
            default=usual(run),
            refusal="The linked density is unknown: this is the usual one for this model.",
            widget=st.segmented_control,
            help="N(0, 1) for each number of the code, as a variational model is trained to have it; the "
            "Gaussian with the mean and covariance of training pictures' codes; or a mixture of Gaussians "
            "fitted to them.",
        )  # pyright: ignore[reportAssignmentType], one of KINDS
        temperature = address.choose(
            "Temperature",
            {name: name for name in TEMPERATURES},
            key="temperature",
            default="1",
            refusal="The linked temperature is unknown: this is 1, as fitted.",
            widget=st.select_slider,
            width=220,
            help="How far from the mean, of a mixture from the mean of each heap: 1 is as fitted, less is "
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
    return from_arrays(answer) if answer else None


def statistics(run: Run, device: str) -> "Arrays | None":
    """Where the codes of training pictures lie; None, with a bar, until it is known. Raises LabError."""
    if _takes_long(run.id, device):
        title = "Codes of training pictures"
        return analysis.answered("code-statistics", run.id, {}, device=device, title=title)
    with st.spinner("Codes of training pictures, some seconds the first time"):
        return _statistics(run.id, device)


@st.cache_resource(max_entries=100, show_spinner=False)
def _takes_long(run_id: str, device: str) -> bool:
    from aecore.analysis.generation import takes_long

    return takes_long(runs.get(run_id), device)


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


def told(run: Run, wish: Wish, found: "Density", known: "Arrays") -> str:
    """In words: what these codes are, and what to look for."""
    count = f"{int(known['count'][0]):,}"
    if wish.kind == "gaussian":
        return (
            f"One Gaussian with the mean and covariance of {count} training pictures' codes. Classes lie in "
            "several heaps: look for pictures between two of them."
        )
    if wish.kind == "mixture":
        heaps = "one heap" if found.components == 1 else f"{found.components} heaps"
        return (
            f"A Gaussian mixture: {heaps}, fitted to {count} training pictures' codes. How many, held-out "
            "codes decide. Look for pictures that fall between heaps all the same."
        )
    spread = known["spread"]
    typical, low, high = (float(value) for value in (np.median(spread), spread.min(), spread.max()))
    off = float(np.abs(known["mean"]).max())
    measured = f"standard deviations of {low:.2f} to {high:.2f} and means up to {off:.2f} from 0"
    if not LIKE_STANDARD[0] <= typical <= LIKE_STANDARD[1] or off > 1:
        return (
            "**These look wrong, and should**: this model's codes are not N(0, 1), their numbers have "
            f"{measured}. So the decoder is asked for places where it has seen no code; the mixture is "
            "fitted to where they are."
        )
    if run.experiment.model.kind == "variational":
        unused = int((spread < UNUSED).sum())
        idle = f" ({unused} of {len(spread)} say next to nothing)" if unused else ""
        return (
            f"This model was trained to have codes like N(0, 1); their numbers have {measured}{idle}. Look "
            "for pictures between two classes: codes lie in heaps all the same, and N(0, 1) knows of none."
        )
    return (
        f"Nothing made this model's codes N(0, 1), even if their numbers have {measured}. Look for strokes "
        "that are nothing: heaps of codes lie elsewhere, and the mixture is fitted to them."
    )
