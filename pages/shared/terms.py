"""What codes are taken of: the mean of a class, a test picture, or a drawing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aecore.data import SOURCES
from aecore.runs import Run
from pages.shared import address, canvas, densities, pictures, restoring, state

DRAWINGS = 2
GAP = 8
"""Pixels between two canvases."""

MOST = 9_999
"""The pictures of a class are counted round and round."""


class Term(NamedTuple):
    """A picture and its code."""

    name: str
    picture: np.ndarray
    """What it looks like before the model: uint8 (C, H, W)."""

    code: np.ndarray
    """float32 (K,)."""


class Wish(NamedTuple):
    """What was chosen: a word as the address has it, and which test picture of its class."""

    word: str
    number: int

    @property
    def kind(self) -> str:
        return self.word.partition("-")[0]

    @property
    def index(self) -> int:
        return int(self.word.partition("-")[2])


def options(run: Run) -> dict[str, str]:
    """By the names in the address; of the classes the run has learnt."""
    source, learnt = SOURCES[run.experiment.data.dataset], run.experiment.data.classes
    classes = [(each, name) for each, name in enumerate(source.class_names) if not learnt or each in learnt]
    return (
        {f"test-{label}": f"Test picture of {name}" for label, name in classes}
        | {f"mean-{label}": f"Mean of {name}" for label, name in classes}
        | {f"draw-{number}": f"Drawing {number}" for number in range(1, DRAWINGS + 1)}
    )


def choose(
    label: str, run: Run, *, key: str, default: str, number: int = 0, after: Wish | None = None
) -> Wish:
    """One of `options`, with a button for another test picture; `number` is the one at first.

    Where it is of the same class as `after`, it begins with the next picture of that.
    """
    possible = options(run)
    if default not in possible:
        default = next(iter(possible))
    with st.container(width=restoring.CONTROL + 20, gap="xsmall"):
        word = address.choose(
            label,
            possible,
            key=key,
            default=default,
            refusal="There is no such picture for this model: this is another one.",
        )
        if after and word == after.word:
            number = (after.number + 1) % (MOST + 1)
        place = f"{key}-nth"
        asked = address.asked(
            place,
            str(number),
            lambda text: text.isascii() and text.isdigit() and len(text) < 5,
            f"There is no such test picture: choose 0 to {MOST:,}.",
        )
        wish = Wish(word, int(asked))
        if wish.kind == "test":
            st.button(
                "Another one",
                key=f"{key}-another",
                icon=":material/casino:",
                on_click=address.write,
                args=(place, (wish.number + 1) % (MOST + 1)),
            )
    return wish


def drawn(wishes: Sequence[Wish]) -> list[int]:
    """The numbers of the drawings among them."""
    return sorted({wish.index for wish in wishes if wish.kind == "draw"})


def places(wishes: Sequence[Wish]) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Where the canvases go, and what becomes of them: side by side where there is room."""
    count = len(drawn(wishes))
    if not count:
        whole = st.container()
        return whole, whole
    row = st.container(horizontal=True)
    return row.container(width=count * (canvas.SIDE + GAP) - GAP), row.container(width=restoring.WIDTH)


def read(run: Run, wishes: Sequence[Wish], device: str) -> list[Term] | None:
    """The terms, with the canvases of those that are drawn; None where one is not there yet, which is said.

    Raises LabError.
    """
    found: list[Term | None] = []
    known = densities.statistics(run, device) if any(each.kind == "mean" for each in wishes) else {}
    if known is None:
        return None
    missing = _missing(run, wishes, known, device)
    if missing:
        st.info(f"{missing}: choose another.", icon=":material/search_off:")
        return None
    drawings = _canvases(run, wishes, device)
    for wish in wishes:
        if wish.kind == "test":
            found.append(_tested(run, wish, device))
        elif wish.kind == "mean":
            picture = (known["class_pictures"][wish.index] * 255).round().astype(np.uint8)
            name = f"mean of {SOURCES[run.experiment.data.dataset].class_names[wish.index]}"
            found.append(Term(name, picture, known["class_codes"][wish.index]))
        else:
            found.append(drawings.get(wish.index))
    if any(term is None for term in found):
        st.info(
            "A drawing is still empty: draw something, or put a picture on its canvas and change it there.",
            icon=":material/draw:",
        )
        return None
    return [term for term in found if term]


def _missing(run: Run, wishes: Sequence[Wish], known: Mapping[str, np.ndarray], device: str) -> str:
    """Which class there is no picture of among those the run has learnt from, or its test pictures; or
    nothing."""
    names = SOURCES[run.experiment.data.dataset].class_names
    for wish in wishes:
        if wish.kind == "mean" and not np.isfinite(known["class_codes"][wish.index]).all():
            return f"No picture of {names[wish.index]} was among those that this model learnt from"
        if wish.kind == "test" and not (densities.learnt(run.id, "test", device).labels == wish.index).any():
            return f"No picture of {names[wish.index]} is among this model's test pictures"
    return ""


def note(run: Run) -> None:
    """Of what the codes are, where a model is asked for other pictures than it is shown."""
    data = run.experiment.data
    if data.input_transform != "none" or data.target_transform != "none":
        st.caption(
            "This model is asked for other pictures than it is shown: codes are those of what it sees, "
            "pictures are those it is asked for."
        )


def begin(run: Run, number: int, wish: Wish, device: str) -> None:
    """Put a test picture on the canvas of a drawing, in place of what is there."""
    from aecore.analysis.strokes import as_drawing

    canvas.begin(f"generate-{number}", as_drawing(_tested(run, wish, device).picture))


def _tested(run: Run, wish: Wish, device: str) -> Term:
    from aecore.analysis.codes import codes_of

    test = densities.learnt(run.id, "test", device)
    among = state.drawn(test.labels, wish.index)
    at = int(among[wish.number % len(among)])
    code = codes_of(state.model(run.id, device), test.inputs[at : at + 1])[0]
    name = SOURCES[run.experiment.data.dataset].class_names[wish.index]
    return Term(name, test.targets[at].cpu().numpy(), code)


def _canvases(run: Run, wishes: Sequence[Wish], device: str) -> dict[int, Term]:
    """Those that are asked for, side by side; what is drawn on them, but for empty ones.

    A new one begins with the first of the test pictures.
    """
    from aecore.analysis.strokes import as_drawing

    numbers = drawn(wishes)
    if not numbers:
        return {}
    begin = [_tested(run, wish, device) for wish in dict.fromkeys(wishes) if wish.kind == "test"]
    found = {}
    places, below = st.container(horizontal=True, gap="xsmall"), st.container()
    with below:
        width = canvas.choose_width("generate", restoring.CONTROL)
    for number in numbers:
        key = f"generate-{number}"
        if canvas.is_new(key) and begin:
            canvas.begin(key, as_drawing(begin[0].picture))
        with places.container(width=canvas.SIDE, gap="xsmall"):
            st.markdown(f"**Drawing {number}**")
            drawing = canvas.drawing(key, width)
            for place, term in enumerate(begin):
                _offer(term, key, place)
        if drawing is not None:
            found[number] = _drawn(run, key, number, drawing, device)
    return found


def _offer(term: Term, key: str, place: int) -> None:
    from aecore.analysis.strokes import as_drawing

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        png = pictures.picture(term.picture, 28)
        st.image(
            pictures.address(png),
            width=pictures.width(png),
            alt=f"The test picture of {term.name} that was chosen",
        )
        st.button(
            "Begin with this",
            key=f"{key}-begin-{place}",
            icon=":material/add_photo_alternate:",
            on_click=canvas.begin,
            args=(key, as_drawing(term.picture)),
            help="It goes on the canvas, where it stays as large as it is: draw on it, or take from it.",
        )


def _drawn(run: Run, key: str, number: int, drawing: np.ndarray, device: str) -> Term:
    """A drawing in the form of the data set's pictures; where it was begun with one, nothing is moved."""
    from aecore.analysis.anomaly import as_asked
    from aecore.analysis.codes import codes_of
    from aecore.analysis.strokes import as_image

    data = run.experiment.data
    image = as_image(drawing, data.dataset, moved=not canvas.begun_with_a_picture(key))
    seen = as_asked(image[None], data, device)
    code = codes_of(state.model(run.id, device), seen.inputs)[0]
    return Term(f"drawing {number}", seen.targets[0].cpu().numpy(), code)
