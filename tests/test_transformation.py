"""A picture on its way through a model, beside scikit-image."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import inpaint_biharmonic
from transforming import Copy, beside

from aecore import data, runs
from aecore.analysis.questions import Question, answer
from aecore.analysis.transformation import (
    METHODS,
    Transformed,
    baseline_of,
    settings_of,
    transformed,
)
from aecore.analysis.undoing import lost
from aecore.data.patches import strip
from aecore.data.transforms import TRANSFORMS
from aecore.errors import LabError


def test_a_whole_picture_with_holes_keeps_what_it_had():
    picture = strip("flower")[:, :50, :37]
    found = transformed(Copy(), beside("hole"), picture)
    holes = np.zeros((64, 48), bool)
    for top in range(0, 64, 16):
        for left in range(0, 48, 16):
            holes[top + 4 : top + 12, left + 4 : left + 12] = True
    holes = holes[:50, :37]
    np.testing.assert_array_equal(found.pictures["input"], np.where(holes, 0, picture))
    np.testing.assert_array_equal(found.target, picture)
    filled = found.pictures["baseline"]
    np.testing.assert_array_equal(filled[:, ~holes], picture[:, ~holes])
    expected = inpaint_biharmonic(found.pictures["input"].transpose(1, 2, 0) / 255, holes, channel_axis=-1)
    np.testing.assert_allclose(filled, np.clip(expected, 0, 1).transpose(2, 0, 1) * 255, atol=0.51)
    assert found.psnr["baseline"] > found.psnr["input"] == found.psnr["model"]


class Wild(Copy):
    """A model that invents everything."""

    def decode(self, codes):
        return torch.ones_like(codes) * 3


def test_it_is_said_which_pixels_were_lost():
    picture = np.full((3, 16, 32), 9, np.uint8)
    found = transformed(Copy(), beside("hole"), picture)
    np.testing.assert_array_equal(found.lost, found.pictures["input"][0] == 0)
    assert found.lost.sum() == 2 * 8 * 8
    assert not transformed(Copy(), beside("half"), picture).lost.any()


def test_a_model_invents_nothing_but_the_hole():
    picture = data.load("patches").test_images[0].numpy()
    found = transformed(Wild(), beside("hole"), picture)
    hole = lost(picture.shape).numpy()
    np.testing.assert_array_equal(found.pictures["model"][:, ~hole], picture[:, ~hole])
    assert (found.pictures["model"][:, hole] == 255).all()
    assert (transformed(Wild(), beside("hole", "grey"), picture).pictures["model"] == 255).all()


@pytest.mark.parametrize("seen", ["grey", "half", "quarter"])
def test_the_figures_are_those_of_scikit_image(seen):
    picture = strip("china")[:, 100:141, :37]
    found = transformed(Copy(), beside(seen), picture)
    expected = TRANSFORMS[seen](torch.from_numpy(picture)[None] / 255)[0].mul(255).round().numpy()
    np.testing.assert_array_equal(found.pictures["input"], expected)
    np.testing.assert_array_equal(found.pictures["model"], found.pictures["input"])
    np.testing.assert_array_equal(found.target, picture)
    for name in METHODS:
        pair = picture, found.pictures[name]
        assert found.psnr[name] == pytest.approx(peak_signal_noise_ratio(*pair, data_range=255))
        assert found.ssim[name] == pytest.approx(structural_similarity(*pair, channel_axis=0, data_range=255))


@pytest.mark.parametrize(("seen", "factor"), [("grey", 1), ("half", 2), ("quarter", 4)])
def test_a_degraded_picture_becomes_larger_where_it_was_small(seen, factor):
    picture = strip("china")[:, :13, :9]
    found = transformed(Copy(), beside(seen), picture, degraded=True)
    assert found.pictures["model"].shape == (3, 13 * factor, 9 * factor)
    assert found.target is None
    assert not found.psnr
    if factor > 1:
        np.testing.assert_array_equal(found.pictures["input"], picture.repeat(factor, 1).repeat(factor, 2))


@pytest.mark.parametrize("degraded", [False, True])
def test_an_answer_holds_all_of_what_became_of_a_picture(degraded):
    picture = strip("china")[:, 100:141, :37]
    run, heard = runs.get("zoo-patches-sharpen"), []
    beside = baseline_of(run.experiment, None)
    here = transformed(runs.load(run, "cpu"), beside, picture, degraded=degraded)
    question = Question("transformed", run.id, settings_of(picture, degraded))
    there = Transformed.of(answer(question, "cpu", lambda *said: heard.append(said)))
    assert (there.psnr, there.ssim) == (here.psnr, here.ssim)
    np.testing.assert_array_equal(there.lost, here.lost)
    np.testing.assert_array_equal(there.target, here.target)
    assert there.pictures.keys() == here.pictures.keys()
    for name, each in here.pictures.items():
        np.testing.assert_array_equal(there.pictures[name], each)
    assert heard[0] == (0, f"Tile 1 of {132 if degraded else 42}")  # 8 pixels apart, and one before the edge


def test_pictures_of_other_channels_are_refused():
    with pytest.raises(LabError, match="the images are 1×16×16: choose images of 3×16×16"):
        transformed(Copy(), beside("half"), np.zeros((1, 50, 50), np.uint8))
