"""Curves made ready for the eye, against loops that follow the definitions word for word."""

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from aecore.analysis.curves import Track, exponential_mean, moving_mean, thin
from aecore.progress import Epoch
from pages.shared.curves import SCALES, SMOOTHING, UNITS, View, live

NOISE = np.random.default_rng(0).normal(size=300) + np.linspace(5, 0, 300)


@pytest.mark.parametrize("keep", [0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("values", [NOISE, NOISE[:1], NOISE[:0]], ids=["many", "one", "none"])
def test_exponential_mean_is_the_weighted_mean_of_all_values_so_far(values, keep):
    expected = []
    for t in range(len(values)):
        weights = [keep ** (t - s) for s in range(t + 1)]
        expected.append(sum(w * v for w, v in zip(weights, values, strict=False)) / sum(weights))
    assert exponential_mean(values, keep) == pytest.approx(expected)


@pytest.mark.parametrize("window", [1, 2, 50, 1_000])
@pytest.mark.parametrize("values", [NOISE, NOISE[:1], NOISE[:0]], ids=["many", "one", "none"])
def test_moving_mean_is_the_mean_of_the_last_values(values, window):
    expected = [np.mean(values[max(0, t - window + 1) : t + 1]) for t in range(len(values))]
    assert moving_mean(values, window) == pytest.approx(expected)


def test_a_constant_curve_stays_what_it_is():
    assert exponential_mean(np.full(9, 0.25), 0.8) == pytest.approx(np.full(9, 0.25))
    assert moving_mean(np.full(9, 0.25), 4) == pytest.approx(np.full(9, 0.25))


def test_an_end_that_is_no_number_leaves_what_was_before():
    values = np.array([4.0, 2.0, math.inf, math.nan])
    assert exponential_mean(values, 0.5)[:2] == pytest.approx([4, 8 / 3])
    assert moving_mean(values, 2)[:2] == pytest.approx([4, 3])


@pytest.mark.parametrize("count", [0, 1, 6, 7, 100, 499, 500, 501, 777, 100_000])
@pytest.mark.parametrize("most", [6, 500])
def test_thinning_keeps_both_ends_and_every_extreme(count, most):
    values = np.random.default_rng(count).normal(size=count)
    kept = thin(values, most)
    assert len(kept) <= max(most, 6)
    assert list(kept) == sorted(set(kept))
    if count:
        assert {0, count - 1, values.argmin(), values.argmax()} <= set(kept)
    if count <= most:
        assert list(kept) == list(range(count))
    else:
        assert len(kept) > most / 4  # as many as fit, but for the power of two


def test_thinning_takes_the_lowest_and_highest_of_each_stretch():
    values = NOISE[:150]
    length = 8  # 19 stretches of 8 make 38 of at most 50 points, 38 of 4 would make 76
    expected = {0, 149}
    for start in range(0, 150, length):
        stretch = range(start, min(start + length, 150))
        expected |= {min(stretch, key=lambda i: values[i]), max(stretch, key=lambda i: values[i])}
    assert set(thin(values, 50)) == expected


def test_thinned_points_stay_while_the_curve_grows():
    before, after = set(thin(NOISE[:256], 100)), set(thin(NOISE[:260], 100))
    assert before - {255} <= after


def test_thinning_survives_values_that_are_no_numbers():
    values = np.concatenate([NOISE, np.full(40, math.nan), [math.inf]])
    kept = thin(values, 50)
    assert {int(NOISE.argmin()), int(NOISE.argmax()), len(values) - 1} <= set(kept)


def epoch(number, step, seconds):
    return Epoch(
        epoch=number, step=step, seconds=seconds, train_loss=1.0, validation_loss=None, learning_rate=0.1
    )


def test_steps_are_laid_along_epochs_and_seconds():
    track = Track(
        losses=np.ones(25),
        epochs=[epoch(1, 10, 2.0), epoch(2, 20, 6.0)],
        steps_per_epoch=10,
        step=30,
        seconds=9,
    )
    steps = np.array([0, 5, 10, 15, 20, 25, 30])
    assert track.along("step", steps).tolist() == [0, 5, 10, 15, 20, 25, 30]
    assert track.along("epoch", steps).tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert track.along("second", steps).tolist() == [0, 1, 2, 4, 6, 7.5, 9]


def test_a_training_that_has_not_begun_has_no_time():
    assert Track().along("second", np.array([0])).tolist() == [0]


# the live chart


def noisy(count, epochs=()):
    return Track(
        losses=np.random.default_rng(1).random(count) + 0.1,
        epochs=list(epochs),
        steps_per_epoch=10,
        step=count,
        seconds=count / 10,
    )


VIEWS = [
    View(unit=unit, scale=scale, smoothing=smoothing, last_steps=last)
    for unit, scale, smoothing, last in product(UNITS, SCALES, SMOOTHING, (False, True))
]


def shape(options):
    """What of ECharts' options must stay as it is for the chart to change in place."""
    if isinstance(options, dict):
        return {key: shape(value) for key, value in options.items() if key != "data"}
    return [shape(value) for value in options] if isinstance(options, list) else type(options).__name__


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_chart_keeps_its_structure_while_it_grows(view):
    rows = [replace(epoch(1, 10, 1.0), validation_loss=0.5), replace(epoch(2, 20, 2.0), validation_loss=0.4)]
    little, much = live(noisy(11, rows[:1]), view, "mse"), live(noisy(20_000, rows), view, "mse")
    assert shape(little) == shape(much)
    assert [line["name"] for line in much["series"]] == ["Each step", "Smoothed", "Validation"]
    assert all(len(line["data"]) <= 500 for line in much["series"])
    json.dumps(much, allow_nan=False)


def test_points_of_the_chart():
    track = replace(
        noisy(4, [replace(epoch(1, 2, 0.2), validation_loss=0.5)]), losses=np.array([8.0, 4, 2, 1])
    )
    each, smooth, validation = live(track, View(smoothing="moving", over=2), "mse")["series"]
    assert each["data"] == [[1, 8], [2, 4], [3, 2], [4, 1]]
    assert smooth["data"] == [[1, 8], [2, 6], [3, 3], [4, 1.5]]
    assert validation["data"] == [[2, 0.5]]


def test_the_last_hundred_steps_are_smoothed_with_what_was_before():
    track = noisy(1_000)
    view = View(smoothing="moving", over=50, last_steps=True)
    each, smooth, _ = live(track, view, "mse")["series"]
    assert [step for step, _ in each["data"]] == list(range(901, 1_001))
    assert smooth["data"][0][1] == pytest.approx(track.losses[851:901].mean(), rel=1e-4)


@pytest.mark.parametrize("last_steps", [False, True])
def test_the_axis_is_what_the_scale_says(last_steps):
    axes = [live(noisy(200), View(scale=scale, last_steps=last_steps), "mse")["yAxis"] for scale in SCALES]
    assert [axis["type"] for axis in axes] == ["log", "value"]


def test_losses_that_no_axis_can_show_leave_a_gap():
    track = replace(noisy(4), losses=np.array([1.0, 0.0, math.inf, math.nan]))
    log = live(track, View(scale="log"), "mse")["series"][0]["data"]
    assert [loss for _, loss in log] == [1, None, None, None]
    linear = live(track, View(scale="linear"), "mse")["series"][0]["data"]
    assert [loss for _, loss in linear] == [1, 0, None, None]


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([0.3, 0.004], (0.002, 0.5)),
        ([1.0], (1.0, 2.0)),
        ([0.2, 0.21], (0.2, 0.5)),
        ([math.nan], (None, None)),
    ],
)
def test_a_logarithmic_axis_ends_at_round_numbers(losses, ends):
    axis = live(replace(noisy(1), losses=np.array(losses)), View(scale="log"), "mse")["yAxis"]
    assert (axis.get("min"), axis.get("max")) == ends


def in_phases(*names):
    """A training of ten steps an epoch, of one second each."""
    epochs = [
        Epoch(
            epoch=number,
            step=10 * number,
            seconds=float(number),
            train_loss=0.1,
            validation_loss=None,
            learning_rate=1e-3,
            phase=name,
        )
        for number, name in enumerate(names, 1)
    ]
    steps = 10 * len(names)
    return Track(
        losses=np.full(steps, 0.1), epochs=epochs, steps_per_epoch=10, step=steps, seconds=len(names)
    )


def test_phases_are_the_epochs_of_one_name():
    track = in_phases("layer pair 1", "layer pair 1", "layer pair 2", "all layers")
    assert track.phases == [("layer pair 1", 0, 20), ("layer pair 2", 20, 30), ("all layers", 30, 40)]
    assert in_phases("", "").phases == []
    assert in_phases("tied").phases == [("tied", 0, 10)]


@pytest.mark.parametrize(
    ("unit", "ends"), [("step", [0, 20, 30]), ("epoch", [0, 2, 3]), ("second", [0, 2, 3])]
)
def test_every_phase_has_its_band(unit, ends):
    track = in_phases("layer pair 1", "layer pair 1", "all layers")
    bands = live(track, View(unit=unit), "mse")["series"][0]["markArea"]["data"]
    assert [begin["name"] for begin, _ in bands] == ["layer pair 1", "all layers"]
    assert [begin["xAxis"] for begin, _ in bands] + [bands[-1][1]["xAxis"]] == ends
    assert [end["xAxis"] for _, end in bands] == ends[1:]
    assert live(in_phases(""), View(unit=unit), "mse")["series"][0]["markArea"]["data"] == []


def test_of_the_last_hundred_steps_only_the_phases_in_view_have_bands():
    track = in_phases(*["first"] * 5, *["second"] * 8)
    bands = live(track, View(last_steps=True), "mse")["series"][0]["markArea"]["data"]
    assert [(begin["name"], begin["xAxis"], end["xAxis"]) for begin, end in bands] == [
        ("first", 30, 50),
        ("second", 50, 130),
    ]
