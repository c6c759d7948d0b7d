"""The Generate page without a browser: ways between two pictures, and sums of codes."""

from io import BytesIO

import numpy as np
import pytest
from generating import PLAIN, model_of
from paging import open_page
from PIL import Image
from test_features_page import captions, trained

from aecore import data
from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.questions import Question, answer
from pages.shared import canvas, moving, state

pytestmark = pytest.mark.usefixtures("fresh_server", "nothing_is_trained")


def test_ways_begin_and_end_with_the_two_and_the_cross_fade_needs_no_model(grids, monkeypatch):
    loops = []
    gif = moving.gif
    monkeypatch.setattr(moving, "gif", lambda *told, **more: loops.append(gif(*told, **more)) or loops[-1])
    app = open_page("generate", part="walk", **{"from": "test-3", "to": "mean-8", "from-nth": "2"})
    images = data.load("digits")
    at = state.drawn(images.test_labels.numpy(), 3)[2]
    one = images.test_images[at].numpy()
    told = answer(Question("code-statistics", PLAIN), "cpu")
    model = model_of()
    code = codes_of(model, images.test_images[at : at + 1])[0]
    ends = pictures_of(model, np.stack([code, told["class_codes"][8]]))
    left, right = ([row.tiles[..., 0] for row in piece] for piece in grids[:2])
    for row in (0, 1):
        np.testing.assert_allclose(left[row][0], ends[0, 0], atol=1)
        np.testing.assert_allclose(right[row][-1], ends[1, 0], atol=1)
    np.testing.assert_array_equal(left[2][0], one[0])
    mean = (told["class_pictures"][8] * 255).round()
    np.testing.assert_array_equal(right[2][-1], mean[0])
    third = one[0] + 4 / 9 * (mean[0] - one[0])  # the last of five pictures of ten
    np.testing.assert_allclose(left[2][-1], third, atol=1)
    assert len(loops) == 3 + 1
    app.button(key="from-another").click().run()
    assert app.query_params["from-nth"] == "3"


def test_a_model_that_sees_other_pictures_says_what_the_codes_are_of():
    for part in ("walk", "sum"):
        chosen = {"part": part, "b": "test-0", "c": "test-0"}  # means would be waited for
        app = open_page("generate", model="zoo-patches-colourise", **chosen)
        assert "codes are those of what it sees" in captions(app)
        assert "strokes" not in captions(app)
    assert "codes are those" not in captions(open_page("generate", part="walk"))


def test_where_two_ways_are_one_it_is_said_why():
    same = {"from": "test-3", "to": "test-3", "to-nth": "0"}
    assert "look almost the same here" in captions(open_page("generate", part="walk", **same))


def test_a_gif_goes_round_with_rests_and_true_colours():
    frames = np.random.default_rng(0).integers(0, 256, (4, 1, 5, 6), dtype=np.uint8)
    found = Image.open(BytesIO(moving.gif(frames, 24, rests=(0, 2))))
    assert (found.n_frames, found.size, found.info["loop"]) == (4, (24, 20), 0)
    for number, frame in enumerate(frames):
        found.seek(number)
        assert found.info["duration"] == (moving.REST if number in (0, 2) else moving.FRAME)
        np.testing.assert_array_equal(np.asarray(found.convert("L"))[::4, ::4], frame[0])
    colours = np.random.default_rng(1).integers(0, 256, (3, 3, 4, 4), dtype=np.uint8)
    found = Image.open(BytesIO(moving.gif(colours, 4)))
    for number, frame in enumerate(colours):
        found.seek(number)
        shown = np.asarray(found.convert("RGB")).transpose(2, 0, 1)
        np.testing.assert_allclose(shown.astype(int), frame, atol=8)


def test_a_sum_is_that_of_the_codes_and_beside_it_that_of_the_pixels(grids):
    open_page("generate", part="sum", a="test-7", b="mean-7", c="mean-1")
    images, model = data.load("digits"), model_of()
    at = state.drawn(images.test_labels.numpy(), 7)[5]
    told = answer(Question("code-statistics", PLAIN), "cpu")
    code = codes_of(model, images.test_images[at : at + 1])[0]
    total = code - told["class_codes"][7] + told["class_codes"][1]
    pieces = [np.stack([row.tiles[..., 0] for row in piece]) for piece in grids[-2:]]
    shown = np.concatenate(pieces, axis=1)
    np.testing.assert_allclose(shown[1, 3], pictures_of(model, total[None])[0, 0], atol=1)
    means = (told["class_pictures"][:, 0] * 255).round()
    wanted = np.clip(images.test_images[at, 0].numpy() - means[7] + means[1], 0, 255)
    np.testing.assert_array_equal(shown[0, 3], wanted)


def test_a_minus_a_leaves_what_is_added(grids):
    open_page("generate", part="sum", a="test-3", b="test-3", c="test-8", **{"a-nth": "4", "b-nth": "4"})
    third, fourth = ([row.tiles[i] for row in grids[-1]] for i in (0, 1))
    np.testing.assert_array_equal(third[0], fourth[0])
    np.testing.assert_allclose(third[1].astype(int), fourth[1], atol=1)


def test_two_of_one_class_are_two_pictures_and_where_they_are_one_it_is_said(grids):
    def shown() -> list[np.ndarray]:
        return [each for piece in grids[-2:] for each in piece[0].tiles]

    app = open_page("generate", part="sum", a="test-8", b="test-3", c="test-3")
    _, b, c, _ = shown()
    assert (b != c).any()
    assert not app.info
    app = open_page("generate", part="sum", a="test-8", b="test-3", c="test-3", **{"c-nth": "0"})
    a, b, c, total = shown()
    np.testing.assert_array_equal(b, c)
    np.testing.assert_array_equal(total, a)
    assert app.info[0].value == "B and C are the same picture, so the sum is A: press Another one under C."
    app.button(key="c-another").click().run()
    assert not app.info


def test_a_three_with_a_hat_is_set_up_where_there_are_threes(grids):
    app = open_page("generate", part="sum", **{"b-nth": "7"})
    app.button(key="hat").click().run()
    chosen = {key: app.query_params[key] for key in ("a", "b", "b-nth", "c", "c-nth")}
    assert chosen == {"a": "draw-1", "b": "test-3", "b-nth": "0", "c": "test-3", "c-nth": "1"}
    a, b, c, _ = (tile for piece in grids[-2:] for tile in piece[0].tiles)
    np.testing.assert_array_equal(a, b)
    assert (b != c).any()
    assert not open_page("generate", model="zoo-patches-colourise", part="sum").expander


def test_a_drawing_begins_with_a_test_picture_and_stays_where_it_is(grids):
    app = open_page("generate", part="sum", a="draw-1", b="test-3", c="test-3", **{"c-nth": "1"})
    a, b = (grids[-2][0].tiles[i] for i in (0, 1))
    np.testing.assert_array_equal(a, b)  # nothing is drawn on it yet
    begun = app.session_state["generate-1-sheet"].begun
    hat = begun.copy()
    hat[10:30, 90:190] = 255
    app.session_state["generate-1-sheet"] = canvas.Sheet(begun=begun, start=hat, now=hat, number=1)
    app.run()
    a, b = (grids[-2][0].tiles[i].astype(int) for i in (0, 1))
    assert (a[1:3, 9:19] == 255).all()
    np.testing.assert_array_equal(a[3:], b[3:])  # neither moved nor made smaller
    app.button(key="generate-1-clear").click().run()
    assert "still empty" in app.info[0].value
    assert not app.exception


def test_a_drawing_on_an_empty_canvas_takes_the_form_of_the_data_set(grids):
    app = open_page("generate", part="walk", **{"from": "mean-1", "to": "draw-2"})
    assert "still empty" in app.info[0].value
    line = np.zeros((280, 280), np.uint8)
    line[100:140, 20:40] = 255  # small, and at the edge
    app.session_state["generate-2-sheet"] = canvas.Sheet(now=line, number=1)
    app.run()
    drawn = [piece for piece in grids if len(piece) == 3][-1][2].tiles[-1, ..., 0]
    assert np.flatnonzero(drawn.any(1)).tolist()[0] < 8  # as high as a digit
    assert "drawing 2" in captions(app)


def test_the_mean_of_a_class_that_was_not_learnt_is_missed_in_a_sentence():
    run = trained(kind="dense", dataset="digits", train_count=10).id
    known = measured_codes(run)
    lacking = int(np.flatnonzero(~np.isfinite(known).all(1))[0])
    for asked in ({"part": "walk", "from": f"mean-{lacking}"}, {"part": "sum", "c": f"mean-{lacking}"}):
        app = open_page("generate", model=run, **asked)
        assert any(f"No picture of {lacking} was among those" in each.value for each in app.info)


def measured_codes(run: str) -> np.ndarray:
    return answer(Question("code-statistics", run), "cpu")["class_codes"]
