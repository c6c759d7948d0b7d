"""Densities of codes: what is drawn from them has the moments that were fitted."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from aecore.analysis import density
from aecore.analysis.density import (
    as_arrays,
    axes_of,
    draw,
    from_arrays,
    gaussian,
    mixture,
    reached,
    standard,
)

MANY = 40_000


def heaps(count: int = 900) -> np.ndarray:
    """Codes (count, 3) around three places far apart, half of them around the first."""
    drawn = np.random.default_rng(0)
    which = drawn.choice(3, count, p=[0.5, 0.3, 0.2])
    places = np.array([[0, 0, 0], [30, 0, 0], [0, 30, 10]])
    return (places[which] + drawn.normal(size=(count, 3)) * [1, 2, 0.5]).astype(np.float32)


def slanted(count: int = 5_000, size: int = 6) -> np.ndarray:
    drawn = np.random.default_rng(1)
    return (drawn.normal(size=(count, size)) @ drawn.normal(size=(size, size)) + 5).astype(np.float32)


def test_the_standard_one_has_mean_0_and_variance_1_in_every_number():
    codes = draw(standard(5), MANY, seed=3)
    np.testing.assert_allclose(codes.mean(0), 0, atol=4 / np.sqrt(MANY))
    np.testing.assert_allclose(np.cov(codes.T), np.eye(5), atol=0.03)


def test_a_gaussian_has_the_mean_and_covariance_of_the_codes():
    codes = slanted()
    drawn = draw(gaussian(axes_of(codes)), MANY, 0)
    spread = np.cov(codes.T)
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), spread, atol=0.05 * np.abs(spread).max())


def test_a_mixture_finds_the_heaps_where_a_gaussian_draws_between_them():
    codes = heaps()
    places = np.array([[0, 0, 0], [30, 0, 0], [0, 30, 10]])

    def far(drawn):
        return np.linalg.norm(drawn[:, None] - places, axis=2).min(1)

    found = mixture(codes, axes_of(codes))
    drawn = draw(found, MANY, 0)
    assert far(drawn).max() < 14
    assert (far(draw(gaussian(axes_of(codes)), MANY, 0)) > 14).mean() > 0.2
    shares = [np.mean(np.linalg.norm(drawn - place, axis=1) < 12) for place in places]
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.2], atol=0.05)
    np.testing.assert_allclose(drawn.mean(0), codes.mean(0), atol=0.5)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.05 * np.cov(codes.T).max())


def test_held_out_codes_choose_among_mixtures_as_scikit_learn_scores_them(monkeypatch):
    codes = heaps()
    scores = {}
    fit = GaussianMixture.fit

    def listen(self, values):
        fit(self, values)
        scores[(self.n_components, self.covariance_type)] = self.score
        return self

    monkeypatch.setattr(GaussianMixture, "fit", listen)
    found = mixture(codes, axes_of(codes))
    axes = axes_of(codes)
    held_out = np.random.default_rng(0).permutation(len(codes))[:150]
    places = (codes[held_out] - axes.mean) @ axes.axes.T / axes.scales[0]
    best = max(scores, key=lambda each: scores[each](places))
    assert set(scores) == set(density.CANDIDATES)
    assert found.components == best[0] > 1


@pytest.mark.parametrize("kind", ["gaussian", "mixture"])
def test_temperature_0_gives_the_means_and_a_half_goes_half_the_way(kind):
    codes = heaps()
    found = gaussian(axes_of(codes)) if kind == "gaussian" else mixture(codes, axes_of(codes))
    cold, half, usual = (draw(found, 200, 5, heat).astype(np.float64) for heat in (0, 0.5, 1))
    means = found.mean + found.means @ found.axes[: found.means.shape[1]]
    wanted = means if kind == "mixture" else found.mean[None]
    assert np.linalg.norm(cold[:, None] - wanted, axis=2).min(1).max() < 1e-3
    inside = (usual > found.limits[0] + 1e-3).all(1) & (usual < found.limits[1] - 1e-3).all(1)
    np.testing.assert_allclose((half - cold)[inside] * 2, (usual - cold)[inside], atol=1e-3)


def test_the_same_seed_gives_the_same_codes_with_any_number_of_threads():
    codes = slanted(600, 40)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(draw(mixture(codes, axes_of(codes)), 500, 7))
    np.testing.assert_array_equal(*found)
    assert not np.array_equal(found[0], draw(mixture(codes, axes_of(codes)), 500, 8))


def test_no_number_is_outside_those_of_the_codes():
    codes = np.maximum(slanted() - 6, 0)  # as a ReLU leaves them
    drawn = draw(gaussian(axes_of(codes)), 2_000, 0)
    assert drawn.min() == 0
    assert drawn.max() <= codes.max()
    assert (drawn == 0).mean() > 0.1


def test_units_that_are_dead_stay_dead_and_codes_all_alike_are_drawn_alike():
    codes = slanted()
    codes[:, 2] = 1.5
    found = axes_of(codes)
    assert len(found.axes) == 5
    for drawn in (draw(gaussian(found), 100, 0), draw(mixture(codes, found), 100, 0)):
        np.testing.assert_allclose(drawn[:, 2], 1.5, atol=1e-3)
    alike = np.full((20, 4), 0.25, np.float32)
    np.testing.assert_array_equal(draw(mixture(alike, axes_of(alike)), 3, 0), alike[:3])


@pytest.mark.parametrize("codes", [slanted(30, 50), slanted(200, 1_100)])
def test_codes_wider_than_they_are_many_have_a_density(codes):
    found = axes_of(codes)
    assert len(found.axes) <= min(len(codes), density.DENSE)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(len(found.axes)), atol=1e-3)
    drawn = draw(mixture(codes, found), 2_000, 0)
    centred = codes - codes.mean(0)
    strongest = np.linalg.svd(centred, full_matrices=False)[2][0]
    along = [float(np.std(each @ strongest)) for each in (centred, drawn - codes.mean(0))]
    assert along[1] == pytest.approx(along[0], rel=0.3)


def test_a_density_is_kept_and_read_again(tmp_path):
    from safetensors.numpy import load_file, save_file

    codes = heaps()
    for found in (mixture(codes, axes_of(codes)), gaussian(axes_of(codes)), standard(3)):
        save_file(as_arrays(found), tmp_path / "kept")
        again = from_arrays(load_file(tmp_path / "kept"))
        np.testing.assert_array_equal(draw(again, 50, 1), draw(found, 50, 1))


def test_places_are_reached_within_the_third_neighbour_of_a_code():
    codes = np.array([[0.0], [1], [2], [3], [10]])  # the radii are 3, 2, 2, 3 and 9
    places = np.array([[-3.0], [-3.1], [6.1], [0.9], [19], [19.1]])
    found = reached(places, np.delete(codes, 4, 0))
    assert found.tolist() == [True, False, False, True, False, False]
    assert reached(places, codes).tolist() == [True, False, True, True, True, False]
    assert reached(np.zeros((1, 2)), np.zeros((1, 2))).all()
