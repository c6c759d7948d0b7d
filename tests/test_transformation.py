"""Transforming images: the baselines beside their libraries one image at a time, and tiles without seams."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from every_model import small_config
from images import experiment, pictures
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from skimage.restoration import inpaint_biharmonic
from tiny_runs import IMAGES

from aecore import data, runs
from aecore.analysis import transformation
from aecore.analysis.comparison import versions
from aecore.analysis.questions import Question, answer, to_nobody
from aecore.analysis.tiles import by_tiles
from aecore.analysis.transformation import (
    METHODS,
    Transformed,
    baseline_of,
    quality,
    settings_of,
    standing,
    transformed,
)
from aecore.analysis.undoing import Baseline, enlarged, inpainted, lost, tint
from aecore.config import DataConfig, Experiment
from aecore.data.patches import TEST_STRIPS, corners, strip
from aecore.data.transforms import TRANSFORMS
from aecore.errors import LabError
from aecore.models.base import Autoencoder
from aecore.runs.execution import create, execute

SHAPES = [(1, 8, 8), (3, 16, 16), (1, 31, 17), (3, 5, 30)]


def images(shape=(3, 16, 16), count=6):
    return pictures(count, shape).float() / 255


def colour(**settings):
    model = small_config("conv-map", (3, 16, 16), 6)
    return Experiment(model=model).with_settings({"dataset": "patches"} | settings)


def beside(seen="none", asked="none", channels=3, **settings):
    config = DataConfig(dataset="patches", input_transform=seen, target_transform=asked, **settings)
    return Baseline(config, torch.zeros(channels))


@pytest.mark.parametrize("shape", SHAPES)
def test_holes_are_filled_as_by_scikit_image_one_image_at_a_time(shape):
    holed = TRANSFORMS["hole"](images(shape))
    mask = np.zeros(shape[1:], bool)
    top, left = shape[1] // 4, shape[2] // 4
    mask[top : top + shape[1] // 2, left : left + shape[2] // 2] = True
    np.testing.assert_array_equal(lost(holed.shape).numpy(), mask)
    filled = inpainted(holed, lost(holed.shape)).numpy()
    for image, found in zip(holed.numpy(), filled, strict=True):
        expected = [inpaint_biharmonic(channel, mask) for channel in image]
        np.testing.assert_allclose(found, np.clip(expected, 0, 1), atol=1e-5)
    np.testing.assert_array_equal(filled[..., ~mask], holed.numpy()[..., ~mask])


def test_an_image_too_small_for_a_hole_is_left_alone():
    line = images((1, 1, 9))
    assert inpainted(line, lost(line.shape)).equal(line)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_squares_become_smooth_as_by_pytorch_one_image_at_a_time(shape, factor):
    coarse = TRANSFORMS["half" if factor == 2 else "quarter"](images(shape))
    found = enlarged(coarse, factor)
    for image, smooth in zip(coarse, found, strict=True):
        rows, columns = range(0, shape[1], factor), range(0, shape[2], factor)
        small = torch.tensor([[[channel[y, x] for x in columns] for y in rows] for channel in image])
        size = (factor * len(rows), factor * len(columns))
        expected = F.interpolate(small[None], size=size, mode="bicubic")[0, :, : shape[1], : shape[2]]
        torch.testing.assert_close(smooth, expected.clamp(0, 1), atol=1e-6, rtol=0)


def test_mean_colour_beside_plain_arithmetic():
    shown = data.load("patches").train_images[:200]
    colours = shown.numpy().astype(float) / 255
    luma = 0.299 * colours[:, 0] + 0.587 * colours[:, 1] + 0.114 * colours[:, 2]
    means = [(colours[:, channel] - luma).mean() for channel in range(3)]
    np.testing.assert_allclose(tint(shown).numpy(), means, atol=1e-5)
    config = DataConfig(dataset="patches", input_transform="grey")
    answers = Baseline(config, tint(shown))(TRANSFORMS["grey"](shown / 255)).numpy()
    for channel in range(3):
        np.testing.assert_allclose(answers[:, channel], np.clip(luma + means[channel], 0, 1), atol=1e-5)


def test_the_tint_is_that_of_the_images_trained_on():
    own = colour(input_transform="grey", train_count=60)
    shown = data.load("patches")
    generator = torch.Generator().manual_seed(own.data.split_seed)
    order = torch.randperm(len(shown.train_images), generator=generator)[:60]
    kept = shown.train_images[order[round(60 * own.data.validation_share) :]]
    torch.testing.assert_close(baseline_of(own, shown).tint, tint(kept))


@pytest.mark.parametrize("asked", ["grey", "half", "quarter"])
def test_what_is_computed_from_the_whole_image_is_exact(asked):
    both = versions(pictures(5, (3, 17, 13)), beside(asked=asked).data)
    answers = beside(asked=asked)(both.inputs / 255).mul(255).round().to(torch.uint8)
    assert beside(asked=asked).exact
    assert answers.equal(both.targets)


@pytest.mark.parametrize(
    ("seen", "asked", "name", "exact"),
    [
        ("grey", "none", "mean colour", False),
        ("half", "none", "bicubic", False),
        ("quarter", "grey", "bicubic, then luma formula", False),
        ("hole", "none", "biharmonic inpainting", False),
        ("none", "grey", "luma formula", True),
        ("none", "half", "box downsampling", True),
    ],
)
def test_every_task_has_one_baseline(seen, asked, name, exact):
    found = beside(seen, asked)
    assert (found.name, found.exact) == (name, exact)
    shown = TRANSFORMS[seen](images())
    expected = TRANSFORMS[asked](found.undone(shown, lost(shown.shape)))
    torch.testing.assert_close(found(shown), expected)


@pytest.mark.parametrize("seen", TRANSFORMS)
@pytest.mark.parametrize("asked", TRANSFORMS)
def test_every_step_of_a_baseline_is_explained(seen, asked):
    found = Baseline(beside(seen, asked).data, torch.zeros(3))
    steps = found.name.split(", then ") if found.name != "the picture itself" else []
    assert found.explained.count(": ") == len(steps)
    assert all(f"{step.capitalize()}: " in found.explained for step in steps)


def test_noise_makes_no_formula_exact():
    assert not beside(asked="grey", noise="gaussian").exact


def test_a_task_is_what_differs():
    assert colour(input_transform="grey").task == ("grey", "none")
    assert colour(input_transform="half", target_transform="half").task is None
    assert experiment(input_transform="grey").task is None  # of grey images
    assert experiment(input_transform="grey", target_transform="half").task == ("none", "half")
    assert experiment(noise="gaussian").task is None


SIZES = [(16, 16), (5, 9), (16, 40), (17, 33), (64, 31), (1, 50), (100, 3)]


@pytest.mark.parametrize("overlap", [True, False])
@pytest.mark.parametrize("align", [1, 2, 4])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tile", [(16, 16), (7, 12)])
def test_tiles_leave_no_seams(tile, size, align, overlap):
    torch.manual_seed(0)
    settings = {"overlap": overlap, "align": align}
    for value in (0.1, 1 / 3, 0.7, 1.0):
        plain = torch.full((3, *size), value)
        assert by_tiles(plain, lambda tiles: tiles, tile, **settings).equal(plain)  # to the last bit

        def always(tiles, value=value):
            return torch.full_like(tiles, value)

        assert by_tiles(torch.rand(3, *size), always, tile, **settings).equal(plain)
    picture = torch.rand(3, *size)
    assert by_tiles(picture, lambda tiles: tiles, tile, **settings).equal(picture)
    shifted = by_tiles(picture, lambda tiles: tiles - 0.25, tile, **settings)
    torch.testing.assert_close(shifted, picture - 0.25, atol=1e-7, rtol=0)


def test_overlapping_tiles_beside_one_pixel_at_a_time():
    torch.manual_seed(1)
    picture, size, step = torch.rand(1, 9, 11), 4, 2
    weights = [np.sin(np.pi * (i + 0.5) / size) ** 2 for i in range(size)]
    ramp = torch.arange(16.0).reshape(4, 4) / 100  # an answer that depends on the place within a tile
    found = by_tiles(picture, lambda tiles: tiles * 0.5 + ramp, (size, size))
    for y in range(9):
        for x in range(11):
            total = share = 0.0
            for top in range(-step, 9, step):
                for left in range(-step, 11, step):
                    i, j = y - top, x - left
                    if 0 <= i < size and 0 <= j < size:
                        weight = weights[i] * weights[j]
                        total += weight * (picture[0, y, x].item() * 0.5 + ramp[i, j].item())
                        share += weight
            assert found[0, y, x].item() == pytest.approx(total / share, abs=1e-6)


@pytest.mark.parametrize("size", [(16, 16), (30, 21), (27, 50)])
@pytest.mark.parametrize("factor", [2, 4])
def test_tiles_keep_to_the_squares_of_a_coarse_picture(factor, size):
    coarse = TRANSFORMS["half" if factor == 2 else "quarter"](torch.rand(1, 3, *size))[0]

    def only_squares(tiles):
        torch.testing.assert_close(TRANSFORMS["half" if factor == 2 else "quarter"](tiles), tiles)
        return tiles

    assert by_tiles(coarse, only_squares, (16, 16), align=factor).equal(coarse)


class Copy(Autoencoder):
    """A model that gives back what it sees."""

    def __init__(self, shape=(3, 16, 16)):
        super().__init__(small_config("dense", shape, 6))
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def units(self, images):
        return images

    def encode(self, images):
        return images

    def decode(self, codes):
        return codes


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
    assert list(transformation.chosen(5)) == [0, 1, 2, 3, 4]
    assert len(transformation.chosen(4_000)) == len(set(transformation.chosen(4_000))) == 1_000


@pytest.mark.parametrize("photo", TEST_STRIPS)
def test_a_strip_holds_every_test_patch_and_no_training_patch(photo):
    held_out = strip(photo)
    assert (held_out.shape, held_out.dtype) == ((3, 427, 128), np.uint8)
    row, column = corners(photo, "test", 2_000)
    first, _ = TEST_STRIPS[photo]
    number = list(TEST_STRIPS).index(photo)
    patch = data.load("patches").test_images[number :: len(TEST_STRIPS)][17].numpy()
    y, x = row[17], column[17] - first
    np.testing.assert_array_equal(held_out[:, y : y + 16, x : x + 16], patch)
