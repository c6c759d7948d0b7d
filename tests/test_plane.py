"""The plane and the way back from it, against scikit-learn, by hand, and for every kind of model."""

import numpy as np
import pytest
import torch
from every_model import small_configs
from images import pictures
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from aecore.analysis import neighbourhoods, selection, tsne
from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.plane import (
    Direct,
    Mixed,
    Principal,
    extent,
    outside,
    path,
    places,
    plane_of,
    projections,
)
from aecore.errors import LabError
from aecore.models import build

CONFIGS = small_configs([(1, 8, 8), (3, 9, 7)], code_size=5)
SCALES = np.array([5, 3, 1, 1, 1, 0.5])
CODES = (np.random.default_rng(0).normal(size=(40, 6)) * SCALES).astype(np.float32)


def test_pca_is_scikit_learns_and_a_code_on_the_plane_comes_back():
    plane, theirs = Principal(CODES), PCA(2, svd_solver="full").fit(CODES)
    np.testing.assert_allclose(np.abs(plane.points), np.abs(theirs.transform(CODES)), atol=1e-5)
    anywhere = np.array([[0.3, -7.0], [2.0, 1.0]])
    np.testing.assert_allclose(plane.place(plane.codes(anywhere)), anywhere, atol=1e-5)
    nearest = theirs.mean_ + plane.points @ (plane.codes(np.eye(2)) - plane.codes(np.zeros((2, 2))))
    np.testing.assert_allclose(plane.codes(plane.points), nearest, atol=1e-5)
    off = ((CODES - plane.codes(plane.points)) ** 2).sum()
    assert off == pytest.approx(
        ((CODES - theirs.inverse_transform(theirs.transform(CODES))) ** 2).sum(), rel=1e-4
    )
    assert f"{theirs.explained_variance_ratio_[0]:.0%} of the variance" in plane.axes[0]


def test_pca_of_large_codes_and_of_equal_ones():
    large = np.random.default_rng(1).normal(size=(12, 2_500)).astype(np.float32)
    theirs = PCA(2, svd_solver="full").fit_transform(large)
    np.testing.assert_allclose(np.abs(Principal(large).points), np.abs(theirs), atol=1e-3)
    for size in (3, 2_500):
        collapsed = Principal(np.full((12, size), 0.7, np.float32))
        np.testing.assert_allclose(collapsed.points, 0, atol=1e-5)
        np.testing.assert_allclose(collapsed.codes(np.zeros((1, 2))), 0.7, rtol=1e-6)
        assert "0% of the variance" in collapsed.axes[0]


def test_a_code_of_two_numbers_is_a_place_and_one_number_is_spread_out():
    codes = CODES[:, :2]
    np.testing.assert_array_equal(Direct(codes).points, codes)
    np.testing.assert_array_equal(Direct(codes).codes(np.array([[0.25, -3]])), [[0.25, -3]])
    alone = Direct(CODES[:, :1])
    np.testing.assert_array_equal(alone.points[:, 0], CODES[:, 0])
    assert len(np.unique(alone.points[:, 1])) == 40
    np.testing.assert_array_equal(alone.codes(np.array([[0.25, 0.9]])), [[0.25]])


def test_where_there_is_no_way_back_the_five_nearest_are_mixed_by_distance():
    points = np.array([[0, 0], [1, 0], [0, 2], [4, 0], [0, 5], [100, 100]])
    codes = np.arange(12.0).reshape(6, 2)
    distances = np.array([1.0, 0.0, np.hypot(1, 2), 3.0, np.hypot(1, 5)])
    plane = Mixed(codes, points)
    np.testing.assert_array_equal(plane.codes(points), codes)  # on a point: that point's own
    asked = np.array([0.5, 0.0])
    distances = np.linalg.norm(points[:5] - asked, axis=1)
    weights = [1 / distance for distance in distances]
    expected = sum(weight * code for weight, code in zip(weights, codes[:5], strict=True)) / sum(weights)
    np.testing.assert_allclose(plane.codes(asked[None])[0], expected, rtol=1e-6)
    np.testing.assert_allclose(plane.place(codes), points, atol=1e-6)
    assert not plane.exact
    with pytest.raises(LabError, match="there are 5 points for 6 codes"):
        Mixed(codes, points[:5])


def test_what_cannot_be_drawn_is_refused():
    assert [projections(size) for size in (1, 2, 3)] == [
        ["code", "tsne"],
        ["code", "pca", "tsne"],
        ["pca", "tsne"],
    ]
    for projection in ("code", "umap", "__class__"):
        with pytest.raises(LabError, match="choose pca or tsne for a code of 6"):
            plane_of(CODES, projection)
    with pytest.raises(LabError, match="ask for its points first"):
        plane_of(CODES, "tsne")
    assert isinstance(plane_of(CODES, "tsne", CODES[:, :2]), Mixed)


@pytest.mark.parametrize("shift", [0, -1_000])
def test_a_few_codes_far_out_do_not_shrink_the_map(shift):
    """10,000 evenly spread over 0 to 1 both ways, and four a hundred times as far away."""
    grid = np.stack(np.meshgrid(np.linspace(0, 1, 100), np.linspace(0, 1, 100)), -1).reshape(-1, 2)
    assert outside(grid + shift) == 0
    np.testing.assert_array_equal(extent(grid + shift), [[shift, shift], [1 + shift, 1 + shift]])
    far = np.concatenate([grid, [[100, 0.5], [-100, 0.5], [100, 0.2], [0.5, 0.5]]]) + shift
    low, high = extent(far)
    assert outside(far) == 3
    np.testing.assert_allclose([low[0], high[0]], [0.02 - 0.24 + shift, 0.98 + 0.24 + shift], atol=0.02)
    np.testing.assert_array_equal([low[1], high[1]], [shift, 1 + shift])  # where nothing is far out


def test_equal_codes_have_a_place():
    np.testing.assert_array_equal(extent(np.full((3, 2), 7.0)), [[7, 7], [7, 7]])
    assert outside(np.full((3, 2), 7.0)) == 0


def test_the_grid_of_places_is_the_middles_of_cells_from_the_top():
    found = places(np.array([[0.0, 0.0], [4.0, 2.0], [1.0, 1.0]]), across=2, down=2)
    np.testing.assert_array_equal(found, [[1, 1.5], [3, 1.5], [1, 0.5], [3, 0.5]])


def test_a_path_is_straight_and_has_both_ends():
    np.testing.assert_allclose(path(np.array([0.0, 2.0]), np.array([4.0, 0.0]), 3), [[0, 2], [2, 1], [4, 0]])


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_every_model_draws_at_any_place_of_its_plane(config):
    torch.manual_seed(0)
    model, images = build(config).eval(), pictures(12, config.image_shape)
    codes = codes_of(model, images)
    plane = plane_of(codes, projections(config.code_size)[0])
    where = places(plane.points, 2, 2)
    np.testing.assert_allclose(plane.place(plane.codes(where)), where, atol=1e-4)
    drawn = pictures_of(model, plane.codes(where))
    with torch.no_grad():
        expected = model.decode(torch.from_numpy(plane.codes(where))).clamp(0, 1) * 255
    assert np.abs(drawn - expected.numpy()).max() <= 1
    mixed = plane_of(codes, "tsne", plane.points)
    np.testing.assert_array_equal(mixed.codes(plane.points[:1]), codes[:1])


def test_tsne_keeps_neighbours_says_how_far_it_is_and_is_the_same_again():
    digits, labels = load_digits(return_X_y=True)
    codes, heard = digits[:300].astype(np.float32), []
    points = tsne.embedding(codes, lambda share, doing: heard.append((share, doing)))
    assert points.dtype == np.float32
    assert trustworthiness(codes, points) > 0.95 > trustworthiness(codes, codes[:, 20:22])
    assert heard[-1] == (1.0, "t-SNE of 300 codes, 100% done")
    assert [share for share, _ in heard] == sorted(share for share, _ in heard)
    np.testing.assert_allclose(tsne.embedding(codes), points, atol=1e-3)
    small = tsne.embedding(np.eye(5, dtype=np.float32))
    assert np.isfinite(small).all()
    with pytest.raises(LabError, match="not all equal"):
        tsne.embedding(np.ones((50, 3), np.float32))


def test_what_is_inside_an_outline_and_which_classes():
    points = np.array([[0.4, 0.6], [1.5, 0.5], [0.95, 0.9], [-1, 0]])
    triangle = np.array([[0, 0], [1, 0], [1, 1.0]])
    assert selection.inside(points, triangle).tolist() == [2]
    assert selection.inside(points, np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])).tolist() == [0, 2]
    assert selection.inside(points, triangle[:2]).tolist() == []
    assert selection.class_counts(np.array([0, 2, 2]), 4).tolist() == [1, 0, 2, 0]


def test_the_nearest_are_those_of_a_naive_search():
    values = pictures(30).numpy()
    indices, distances = selection.nearest(values, values[7], 4)
    naive = [np.sqrt(((value.astype(float) - values[7]) ** 2).sum()) for value in values]
    assert indices.tolist() == np.argsort(naive, stable=True)[:4].tolist()
    np.testing.assert_allclose(distances, np.sort(naive)[:4], rtol=1e-4, atol=1)
    assert indices[0] == 7
    assert len(selection.nearest(values[:2], values[0], 9)[0]) == 2


def test_clusters_that_lie_apart_are_found_the_largest_first():
    middles = np.repeat(np.arange(3) * 100.0, [5, 20, 10])
    codes = (middles[:, None] + np.random.default_rng(0).normal(size=(35, 2))).astype(np.float32)
    codes[:, 1] = 0
    found = selection.clusters(np.round(codes / 100))
    assert found.tolist() == [2] * 5 + [0] * 20 + [1] * 10
    assert selection.clusters(np.ones((6, 3), np.float32)).tolist() == [0] * 6


def test_quality_of_hand_worked_maps():
    line = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
    labels = np.array([0, 0, 0, 1, 1, 1])
    assert neighbourhoods.knn_accuracy(
        line, labels, np.array([[0.4], [11.6], [10.4]]), np.array([0, 1, 0])
    ) == (pytest.approx(2 / 3))
    silhouettes = []
    for here in line:
        same, other = (line[:3], line[3:]) if here < 5 else (line[3:], line[:3])
        a, b = np.abs(same - here).sum() / 2, np.abs(other - here).mean()
        silhouettes.append((b - a) / max(a, b))
    assert neighbourhoods.separation(line, labels) == pytest.approx(np.mean(silhouettes))
    assert np.isnan(neighbourhoods.separation(line, np.zeros(6)))
    assert neighbourhoods.faithfulness(line, line * 3 + 1) == 1
    assert neighbourhoods.faithfulness(line, line[[0, 3, 1, 4, 2, 5]]) < 0.8
    assert np.isnan(neighbourhoods.faithfulness(line[:2], line[:2]))
