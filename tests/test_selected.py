"""Pictures selected by an outline on a latent map: which, by which link, and what is said of them."""

import csv
from io import StringIO

import numpy as np
import pytest
import streamlit as st
from mapping import trained, warnings
from paging import open_page

from aecore import runs
from aecore.analysis.codes import pictures_of
from aecore.analysis.selection import inside
from pages.shared import landscape, outlines, places, selected

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


def around(points):
    """Corners of the rectangle that just holds some points."""
    (left, low), (right, high) = points.min(0) - 0.01, points.max(0) + 0.01
    return np.array([[left, low], [right, low], [right, high], [left, high]])


def test_an_outline_is_in_the_link_and_selects_what_is_inside_and_shown(drawn):
    app = open_page("latent")
    assert drawn[-1]["selected"] is None
    points = landscape.plane("zoo-digits-32", "test", "pca", "cpu").points
    inside = (points > 0).all(1)
    labels = landscape.space("zoo-digits-32", "test", "cpu").labels
    numbers = [f"{value:.2f}" for corner in around(points[inside]) for value in corner]
    app = open_page("latent", look="selection", lasso="_".join(["zoo-digits-32_pca_test", *numbers]))
    assert drawn[-1]["selected"].tolist() == np.flatnonzero(inside).tolist()
    told = next(text.value for text in app.markdown if "pictures of" in text.value)
    counts = np.bincount(labels[inside], minlength=10)
    assert told.startswith(f"**{inside.sum()}** pictures of {(counts > 0).sum()} classes: ")
    assert f"{counts.max() / counts.sum():.0%} are {counts.argmax()}." in told
    app = open_page("latent", look="selection", lasso=app.query_params["lasso"], without="0,2,3")
    assert drawn[-1]["selected"].tolist() == np.flatnonzero(inside & ~np.isin(labels, [0, 2, 3])).tolist()
    app = open_page("latent", model=trained(code_size=2).id, lasso=app.query_params["lasso"])
    assert drawn[-1]["selected"].tolist() == np.flatnonzero(inside).tolist()  # on the map of another model
    app.segmented_control(key="look").set_value("selection").run()
    app.button(key="clear").click().run()
    assert drawn[-1]["selected"] is None
    assert "lasso" not in app.query_params
    assert any("lasso" in info.value for info in app.info)


def test_what_is_drawn_by_hand_comes_back_from_the_address(monkeypatch):
    monkeypatch.setattr(st, "query_params", address := {})
    turns = np.linspace(0, 2 * np.pi, 300)
    drawn_by_hand = np.stack([7 + 3 * np.cos(turns), 1e-4 * np.sin(3 * turns)], axis=1)
    outlines.note("zoo-digits-32", "pca", "test", drawn_by_hand)
    assert len(address["lasso"]) < outlines.MOST_LETTERS
    outline = outlines._parsed(address["lasso"])
    assert outline[:3] == ("zoo-digits-32", "pca", "test")
    assert 10 < len(outline.corners) <= outlines.MOST_CORNERS
    rng = np.random.default_rng(0)
    points = np.stack([rng.uniform(3, 11, 2_000), rng.uniform(-2e-4, 2e-4, 2_000)], axis=1)
    theirs, ours = (
        np.isin(np.arange(2_000), inside(points, each)) for each in (drawn_by_hand, outline.corners)
    )
    assert (theirs != ours).mean() < 0.01
    assert ours.mean() > 0.1
    outlines.note("zoo-digits-32", "pca", "test", np.empty((0, 2)))
    assert not address


def test_an_empty_outline_and_one_without_extent(drawn):
    app = open_page("latent", look="selection", lasso="zoo-digits-32_pca_test_900_900_901_900_901_901")
    assert drawn[-1]["selected"].tolist() == []
    assert any("no point inside" in info.value for info in app.info)
    open_page("latent", look="selection", lasso="zoo-digits-32_pca_test_1_1_1_1_1_1")
    assert drawn[-1]["selected"].tolist() == []


@pytest.mark.parametrize(
    "word",
    [
        "zoo-digits-32_pca_test_1_1_2_2",
        "zoo-digits-32_pca_test_1_1_2_2_3",
        "zoo-digits-32_pca_test" + "_1_1" * 41,
        "zoo-digits-32_pca_test" + "_1_1" * 40_000,
        "zoo-digits-32_pca_test_nan_1_2_2_3_3",
        "zoo-digits-32_pca_test_1e9_1_2_2_3_3",
        "zoo-digits-32_pca_test_²_1_2_2_3_3",
        "zoo-digits-32_pca_none_1_1_2_2_3_3",
        "zoo-digits-32_code_test_1_1_2_2_3_3",
        "zoo-digits-32_tsne_test_1_1_2_2_3_3",
        "zoo-mnist-32_pca_test_1_1_2_2_3_3",
        "../../etc_pca_test_1_1_2_2_3_3",
        "nobody_pca_test_1_1_2_2_3_3",
        "<b>",
    ],
    ids=lambda word: word[:40],
)
def test_an_outline_on_a_map_that_is_not_there_is_refused(drawn, word):
    app = open_page("latent", lasso=word)
    assert len(warnings(app)) == 1
    assert "map that is not there" in warnings(app)[0]
    assert "lasso" not in app.query_params
    assert drawn[-1]["selected"] is None


def test_a_selections_mean_code_has_neighbours(drawn, monkeypatch):  # noqa: ARG001, a fixture
    shown = {}

    def note(_space, _names, by_code, by_pixels, of):
        shown[of] = by_code, by_pixels

    monkeypatch.setattr(places, "neighbours", note)
    found = landscape.space("zoo-digits-32", "test", "cpu")
    points = landscape.plane("zoo-digits-32", "test", "pca", "cpu").points
    outline = around(points[found.labels == 0])
    within = np.flatnonzero(((points > outline[0]) & (points < outline[2])).all(1))
    word = "_".join(["zoo-digits-32_pca_test", *(f"{value:.3f}" for value in outline.ravel())])
    open_page("latent", look="selection", lasso=word)
    [(by_code, by_pixels)] = shown.values()
    mean = found.codes[within].mean(0)
    distances = np.linalg.norm(found.codes - mean, axis=1)
    assert by_code.tolist() == np.argsort(distances)[:5].tolist()
    picture = pictures_of(runs.load(runs.get("zoo-digits-32"), "cpu"), mean[None])[0].astype(float)
    distances = np.square(found.inputs - picture).sum((1, 2, 3))
    assert sorted(distances[by_pixels]) == sorted(distances)[:5]


def test_the_table_of_a_selection():
    found = landscape.space("zoo-digits-32", "test", "cpu")
    plane = landscape.plane("zoo-digits-32", "test", "pca", "cpu")
    lines = list(
        csv.DictReader(StringIO(selected.table(found, plane, "0123456789", np.array([3, 9])).decode()))
    )
    assert [line["picture"] for line in lines] == ["3", "9"]
    assert float(lines[1]["code_31"]) == pytest.approx(found.codes[9, 31], rel=1e-4)
    assert float(lines[0]["y"]) == pytest.approx(plane.points[3, 1], rel=1e-4)
    assert lines[0]["class"] == str(found.labels[3])
