"""How far two heaps of features are from each other, by their means and covariances."""

import numpy as np


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Fréchet distance of the Gaussians with the means and covariances of features (N, D) and (M, D).

    |m₁ - m₂|² + tr(C₁ + C₂ - 2 (C₁ C₂)^½), as Heusel et al. (2017) score generated images: 0 for equal means
    and covariances. It is larger for fewer images, so compare only figures of equally many.
    """
    return of_gaussians(
        one.mean(0, dtype=np.float64), _covariance(one), other.mean(0, dtype=np.float64), _covariance(other)
    )


def of_gaussians(
    mean: np.ndarray, covariance: np.ndarray, other_mean: np.ndarray, other_covariance: np.ndarray
) -> float:
    """The same of means (D,) and covariances (D, D), which may be singular.

    (C₁ C₂)^½ has the trace of (C₁^½ C₂ C₁^½)^½, which is symmetric: real eigenvalues, none below 0 but by
    rounding.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    shared = np.linalg.eigvalsh(root @ other_covariance @ root)
    apart = float(np.square(mean - other_mean).sum())
    spread = float(np.trace(covariance) + np.trace(other_covariance))
    return max(0.0, apart + spread - 2 * float(np.sqrt(np.clip(shared, 0, None)).sum()))


def _covariance(features: np.ndarray) -> np.ndarray:
    return np.atleast_2d(np.cov(features.astype(np.float64), rowvar=False))
