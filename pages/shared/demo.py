"""Five views that tell, in this order, what an autoencoder is good for and what not."""

from collections.abc import Container
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


MORPH = {"a": "p3", "b": "p40"}
"""Two test pictures, of different classes in every data set of the zoo."""

NOISY = {"noise": "gaussian", "level": "0.5", "seed": "0", "image": "0"}


def steps(run: Run, zoo: Container[str]) -> list[Step]:
    """The demo with `run`, of the zoo, and others on its images; links name every choice that matters.

    Five, or fewer where the zoo lacks a model that one is about.
    """
    own, foreign = run.experiment.data.dataset, strangers(run)
    other = next((name for name in foreign if data.available(name)), foreign[0])
    shown = {"model": run.id, "data": own, "part": "test", "show": "random", "pca": "yes"}
    numbers = run.experiment.model.code_size
    map_of, denoiser, dictionary = (f"zoo-{own}-{kind}" for kind in ("2", "denoiser", "dictionary"))
    every = [
        Step(
            "What it keeps",
            f"Test pictures, and what is left of them after going through {numbers} numbers; below, what "
            "PCA, the classical method, keeps in as many. Compare the two rows of errors.",
            "pages/reconstruct.py",
            shown,
        ),
        Step(
            "A map that draws back",
            "Another model has only 2 numbers for a picture, so its codes are a map. Below it is the way "
            "between two chosen pictures, drawn from codes that no picture has. Then click an empty place.",
            "pages/latent.py",
            {"model": map_of, "by": "code", "pictures": "test", "colour": "class"} | MORPH,
        ),
        Step(
            "It takes noise out",
            "A test picture in heavy noise, and what is made of it: by a model that learnt to, and by four "
            "filters that learnt nothing. Then clear it and draw your own.",
            "pages/denoise.py",
            {"model": denoiser} | NOISY,
        ),
        Step(
            "What its units stand for",
            "A code of which only a few numbers are active at once: each stands for a stroke or a shape. "
            "Click one to see when it is active, and what a picture is without it.",
            "pages/features.py",
            {"model": dictionary, "sort": "selectivity", "scale": "common", "active": "any"},
        ),
        Step(
            "It only knows its own data",
            f"The first model on {SOURCES[other].title}, which it never saw. Look how much larger its error "
            "is than on its own pictures, and whether PCA wins.",
            "pages/reconstruct.py",
            shown | {"data": other},
        ),
    ]
    return [step for step in every if step.address["model"] in zoo]


def strangers(run: Run) -> list[str]:
    """Data sets the model was not trained on whose images fit it."""
    own = run.experiment.data.dataset
    shape = run.experiment.model.image_shape
    fitting = [name for name, source in SOURCES.items() if source.image_shape == shape and name != own]
    return sorted(fitting, key=lambda name: name != "fashion-mnist")  # clothes first: the plainest difference
