"""Five views that tell, in this order, what an autoencoder is good for and what not."""

from dataclasses import dataclass, field

from aecore import data
from aecore.data import SOURCES
from aecore.runs import Run


@dataclass(frozen=True)
class Step:
    """A link to one view, with what to say about it."""

    title: str
    text: str
    page: str
    address: dict[str, str] = field(default_factory=dict)


def steps(run: Run) -> list[Step]:
    """The demo with `run`, a model of the zoo; its links name every choice that matters."""
    reconstruct, own = "pages/reconstruct.py", run.experiment.data.dataset
    shown = {"model": run.id, "data": own, "part": "test"}
    foreign = strangers(run)
    other = next((name for name in foreign if data.available(name)), foreign[0])
    numbers = run.experiment.model.code_size
    return [
        Step(
            "What it is",
            f"Pictures above, and below what is left of them after going through {numbers} numbers.",
            reconstruct,
            shown | {"show": "random", "pca": "no"},
        ),
        Step(
            "Better than PCA",
            "The classical method with as many numbers, beside it: compare the two rows of errors.",
            reconstruct,
            shown | {"show": "random", "pca": "yes"},
        ),
        Step(
            "Where it fails",
            "The worst of all test pictures. Look for strokes that are rare in the data.",
            reconstruct,
            shown | {"show": "worst", "pca": "yes"},
        ),
        Step(
            "It only knows its own data",
            f"The same model on {SOURCES[other].title}, which it never saw. Look how much larger its error "
            "is than on its own pictures, and whether PCA wins.",
            reconstruct,
            shown | {"data": other, "show": "random", "pca": "yes"},
        ),
        Step("Watch one learn", "Press Train: the error falls while pictures sharpen.", "pages/train.py"),
    ]


def strangers(run: Run) -> list[str]:
    """Data sets the model was not trained on whose images fit it."""
    own = run.experiment.data.dataset
    shape = run.experiment.model.image_shape
    fitting = [name for name, source in SOURCES.items() if source.image_shape == shape and name != own]
    return sorted(fitting, key=lambda name: name != "fashion-mnist")  # clothes first: the plainest difference
