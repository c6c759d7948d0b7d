"""What models make of many images, judged beside arithmetic by hand."""

import numpy as np
import pytest
from images import experiment
from tiny_runs import IMAGES
from transforming import Copy, beside

from aecore import data, runs
from aecore.analysis import transform_quality
from aecore.analysis.comparison import versions
from aecore.analysis.questions import Question, answer, to_nobody
from aecore.analysis.transform_quality import quality, standing
from aecore.analysis.transformation import (
    METHODS,
)
from aecore.data.transforms import TRANSFORMS
from aecore.runs.execution import create, execute


def test_quality_of_a_copy_is_that_of_the_input():
    both = versions(data.load("patches").test_images[:9], beside("half").data)
    found = quality(Copy(), beside("half"), both, to_nobody)
    np.testing.assert_array_equal(found["mse"][0], found["mse"][2])
    targets, shown = both.targets.numpy() / 255, both.inputs.numpy() / 255
    np.testing.assert_allclose(found["mse"][0], ((targets - shown) ** 2).mean((1, 2, 3)), rtol=1e-5)
    assert found["psnr"][0] == pytest.approx(-10 * np.log10(found["mse"][0].mean()))
    assert found["low"][1] <= found["high"][1]
    assert found["ahead"][0] == np.mean(found["mse"][0] < found["mse"][1])


def test_the_rival_is_the_better_of_the_baseline_and_nothing_done():
    found = standing(np.array([[0.1, 0.2, 0.3], [0.5, 0.1, 0.6], [0.2, 0.1, 0.3]]))
    assert METHODS[found.rival] == "input"
    np.testing.assert_allclose(found.lead, [0.1, -0.1, 0])
    assert (found.ahead, found.behind) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert found.margin == pytest.approx(0)
    assert found.equal
    assert found.on_hard_ones
    assert not found.few_decide


def test_one_hard_picture_may_outweigh_the_others():
    found = standing(np.array([[0.1, 0.03, 0.03], [0.5, 0.02, 0.02], [0.6, 0.6, 0.6]]))
    assert METHODS[found.rival] == "baseline"
    assert found.margin == pytest.approx(10 * np.log10(0.54 / 0.16))
    assert found.few_decide
    assert not found.equal
    other = standing(np.array([[0.5, 0.02, 0.02], [0.1, 0.03, 0.03], [0.6, 0.6, 0.6]]))
    assert other.few_decide
    assert not other.on_hard_ones


def test_what_is_never_wrong_is_equal_to_itself():
    assert standing(np.zeros((3, 4))).margin == 0


def test_a_question_about_a_run(tiny_digits):  # noqa: ARG001, a fixture
    run = create(experiment(input_transform="half"))
    list(execute(run, IMAGES, "cpu"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda _: IMAGES)
        found = answer(Question("transforming", run.id), "cpu")
    model, wanted = runs.load(runs.get(run.id), "cpu"), IMAGES.test_images
    drawn = model(TRANSFORMS["half"](wanted / 255).mul(255).round() / 255).detach().clamp(0, 1)
    by_hand = ((drawn * 255).round() - wanted).div(255).square().mean((1, 2, 3))
    np.testing.assert_allclose(found["mse"][0], by_hand.numpy(), rtol=1e-4)
    assert found["ssim"].shape == (3, len(wanted))


def test_at_most_a_thousand_pictures_are_judged():
    assert list(transform_quality.chosen(5)) == [0, 1, 2, 3, 4]
    assert len(transform_quality.chosen(4_000)) == len(set(transform_quality.chosen(4_000))) == 1_000
