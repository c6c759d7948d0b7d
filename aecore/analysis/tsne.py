"""t-SNE of a run's codes: a plane on which neighbours in code space are neighbours."""

import numpy as np
from sklearn.decomposition import PCA

from aecore.analysis import space
from aecore.analysis.questions import Arrays, Say, to_nobody
from aecore.errors import LabError

PERPLEXITY = 30
EXAGGERATED, PLAIN = 250, 500
"""Iterations with the attraction 12 times as strong, and then without."""

EVERY = 10
"""Iterations between two words on how far it is."""

MOST_DIMENSIONS = 50
"""Larger codes are cut to so many principal components first, as van der Maaten and Hinton do (2008)."""


def embedding(codes: np.ndarray, say: Say = to_nobody) -> np.ndarray:
    """Points, float32 (N, 2), for codes (N, K): equal ones each time, of openTSNE (Poličar et al., 2024).

    Perplexity 30, or less for fewer than 91 codes; it begins with the principal components and learns with
    the rate N / 12 (Kobak and Berens, 2019). Raises LabError for fewer than 4 codes, and for equal ones.
    """
    from openTSNE import TSNE

    if len(codes) < 4 or not np.ptp(codes, axis=0).any():
        raise LabError("t-SNE needs at least 4 codes that are not all equal: this model tells none apart")
    if codes.shape[1] > MOST_DIMENSIONS:
        say(0.0, "Principal components of large codes")
        codes = PCA(min(MOST_DIMENSIONS, len(codes)), random_state=0).fit_transform(codes)
    say(0.01, f"Nearest neighbours of {len(codes):,} codes")
    done = 0

    def tell(_iteration: int, _error: float, _points: np.ndarray) -> None:
        nonlocal done
        done += EVERY
        share = done / (EXAGGERATED + PLAIN)
        say(0.05 + 0.95 * min(1.0, share), f"t-SNE of {len(codes):,} codes, {min(1.0, share):.0%} done")

    method = TSNE(
        perplexity=min(PERPLEXITY, (len(codes) - 1) // 3),
        early_exaggeration_iter=EXAGGERATED,
        n_iter=PLAIN,
        callbacks=tell,
        callbacks_every_iters=EVERY,
        n_jobs=-1,
        random_state=0,
    )
    return np.asarray(method.fit(codes), np.float32)


def of_run(subject: str, device: str, say: Say, *, pictures: space.Which) -> Arrays:
    """`points` (N, 2) for the codes of a run, in the order of its `space`. Raises LabError."""
    say(0.0, "Codes of the pictures")
    found = space.of_run(subject, pictures, device, lambda share, doing: say(0.05 * share, doing))
    return {"points": embedding(found.codes, lambda share, doing: say(0.05 + 0.95 * share, doing))}
