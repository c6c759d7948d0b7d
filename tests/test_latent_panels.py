"""What stands beside the latent map: places, sliders, another model, a drawing."""

import numpy as np
import pytest
import streamlit as st
from mapping import trained, warnings
from paging import open_page

from aecore import data, runs
from aecore.analysis.codes import codes_of_pictures, pictures_of
from aecore.analysis.questions import Question, answer
from aecore.analysis.strokes import as_image
from aecore.jobs import Analyses, Working
from pages.shared import canvas, landscape, pictures, places, spots

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


def test_a_link_opens_two_places_with_the_way_between_them(drawn):
    app = open_page("latent", a="p7", b="pca:0.5,-0.25", without="3,8")
    plane = landscape.plane("zoo-digits-32", "test", "pca", "cpu")
    marks = drawn[-1]["marks"]
    assert marks["text"] == ["A", "B"]
    np.testing.assert_allclose([marks["x"][0], marks["y"][0]], plane.points[7], rtol=1e-6)
    assert (marks["x"][1], marks["y"][1]) == (0.5, -0.25)
    np.testing.assert_allclose(drawn[-1]["line"][[0, -1]], [plane.points[7], [0.5, -0.25]], atol=1e-3)
    assert drawn[-1]["hidden"] == [3, 8]
    assert any("At (0.5, -0.25) there is no picture" in caption.value for caption in app.caption)
    app.button(key="forget").click().run()
    assert "a" not in app.query_params
    assert drawn[-1]["marks"]["text"] == []
    app.number_input(key="find").set_value(12).run()
    assert app.query_params["b"] == "p12"
    label = landscape.space("zoo-digits-32", "test", "cpu").labels[12]
    assert any(f"Picture 12, class {label}" in caption.value for caption in app.caption)


@pytest.mark.parametrize("value", [0.0, -123456.789, 1.25, -0.00001234567, 1e-7, 999_999_999.0])
def test_a_place_in_the_address_can_be_read_again(value):
    word = spots._short(value)
    assert spots.PLACE.fullmatch(f"pca:{word},{word}")
    assert float(word) == pytest.approx(value, rel=1e-3, abs=1e-9)


@pytest.mark.usefixtures("drawn", "plain_sliders")
def test_a_unit_moved_by_hand_is_kept_until_it_is_reset():
    app = open_page("latent", look="units", b="p3")
    code = landscape.space("zoo-digits-32", "test", "cpu").codes[3]
    assert len(app.slider) == 12
    unit = int(app.slider[0].label.removeprefix("Unit "))
    assert app.slider[0].value == pytest.approx(code[unit], abs=1e-5)
    high = app.slider[0].max
    app.slider[0].set_value(high).run()
    app.selectbox(key="slider-group").set_value(12).run()
    assert app.slider[0].label != f"Unit {unit}"
    app.selectbox(key="slider-group").set_value(0).run()
    assert app.slider[0].value == high
    app.button(key="reset").click().run()
    assert app.slider[0].value == pytest.approx(code[unit], abs=1e-5)


@pytest.mark.usefixtures("drawn", "plain_sliders")
def test_what_was_moved_in_one_model_is_not_moved_in_another():
    two = trained(code_size=2)
    app = open_page("latent", look="units", b="p3")
    app.selectbox(key="slider-group").set_value(24).run()
    app.slider[0].set_value(app.slider[0].max).run()
    app.selectbox(key="model").set_value(two.id).run()
    assert not app.exception
    code = landscape.space(two.id, "test", "cpu").codes[3]
    values = {slider.label: slider.value for slider in app.slider}
    assert values == {f"Unit {unit}": pytest.approx(code[unit], abs=1e-5) for unit in (0, 1)}


def test_a_second_model_shares_the_selection_and_draws_at_its_own_places(drawn):
    other = trained(code_size=2)
    lasso = "zoo-digits-32_pca_test_-1_-1_1_-1_1_1_-1_1"
    app = open_page("latent", look="other", other=other.id, b="p7", without="1", lasso=lasso)
    first, beside = drawn[-2:]
    assert (first["name"], beside["name"]) == ("map", "second")
    assert first["selected"].tolist() == beside["selected"].tolist() != []
    assert first["hidden"] == beside["hidden"] == [1]
    assert beside["marks"]["text"] == ["B"]
    assert [what for what, _ in beside["answer"]] == ["picture 7", "redrawn"]
    codes = runs.load(runs.get(other.id), "cpu").encode(data.load("digits").test_images[7:8] / 255)
    plane = landscape.plane(other.id, "test", "pca", "cpu")
    np.testing.assert_allclose(plane.place(codes.numpy())[0, 0], beside["marks"]["x"][0], atol=1e-4)
    drawn.clear()
    app = open_page("latent", look="other", other=other.id, c="pca:0.5,-0.25")
    first, beside = drawn[-2:]
    assert first["marks"]["text"] == []
    assert beside["marks"] == {"x": [0.5], "y": [-0.25], "text": ["C"]}
    assert [what for what, _ in beside["answer"]] == ["decoded"]
    picture = pictures_of(runs.load(runs.get(other.id), "cpu"), plane.codes(np.array([[0.5, -0.25]])))[0]
    assert beside["answer"][0][1] == pictures.address(pictures.picture(picture, places.GLIMPSE))
    assert any("C: no picture is at (0.5, -0.25)" in caption.value for caption in app.caption)
    app.button(key="forget").click().run()
    assert "c" not in app.query_params
    app = open_page("latent", look="other", other=other.id, c="pca:nan,1")
    assert "linked place is not on this map" in warnings(app)[0]
    app = open_page("latent", look="other", other="zoo-mnist-32")
    assert "other model is not on this server" in warnings(app)[0]


def test_a_click_on_the_second_map_is_a_place_of_that_map_unless_it_hits_a_picture(monkeypatch):
    monkeypatch.setattr(st, "query_params", address := {"b": "p3"})
    spots.clicked_there({"x": 0.5, "y": -1.0, "number": None}, "code")
    assert address == {"b": "p3", "c": "code:0.5000,-1.0000"}
    spots.clicked_there({"x": 0.5, "y": -1.0, "number": 8}, "code")
    assert address == {"a": "p3", "b": "p8"}


def test_the_second_map_is_tsne_where_the_first_is(drawn, monkeypatch):
    other = trained(code_size=2)
    asked = []

    def ask(_, analysis, subject, settings, *, device):
        asked.append((analysis, subject))
        if subject == other.id:
            return Working(share=0.5, doing="t-SNE of 360 codes")
        return answer(Question(analysis, subject, settings), device)

    monkeypatch.setattr(Analyses, "ask", ask)
    open_page("latent", by="tsne", look="other", other=other.id)
    assert ("tsne", other.id) in asked
    assert [each["name"] for each in drawn] == ["map"]  # which is there while the other is computed
    monkeypatch.setattr(Analyses, "ask", lambda _, *parts, device: answer(Question(*parts), device))
    drawn.clear()
    open_page("latent", by="tsne", look="other", other=other.id)
    assert [each["name"] for each in drawn] == ["map", "second"]
    assert drawn[1]["figure"].layout.xaxis.title.text == "t-SNE, first direction"


def test_two_maps_are_on_one_page():
    app = open_page("latent", look="other", other=trained(code_size=2).id, a="p3", b="pca:1,1")
    assert len(app.get("plotly_chart")) == 2
    assert not app.error


def test_without_a_second_model_the_way_to_one_is_shown(drawn, monkeypatch):
    alone = [runs.get("zoo-digits-32")]
    monkeypatch.setattr(runs, "zoo", lambda: alone)
    app = open_page("latent", look="other")
    assert "There is no other model" in app.info[0].value
    assert len(drawn) == 1


def test_a_drawing_lands_where_its_code_is(drawn, monkeypatch):
    app = open_page("latent", look="draw")
    assert drawn[-1]["marks"]["text"] == []
    stroke = np.zeros((280, 280), np.uint8)
    stroke[40:240, 125:155] = 255
    monkeypatch.setattr(canvas, "drawing", lambda _key, _width: stroke)
    app.run()
    assert not app.exception
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    code = codes_of_pictures(model, as_image(stroke, "digits")[None])
    place = landscape.plane("zoo-digits-32", "test", "pca", "cpu").place(code)[0]
    assert drawn[-1]["marks"]["text"] == ["You"]
    np.testing.assert_allclose([drawn[-1]["marks"]["x"][0], drawn[-1]["marks"]["y"][0]], place, rtol=1e-5)
