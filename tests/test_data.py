"""Every data set has the form it promises; the small ones are split without overlap."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_images

from aecore import data
from aecore.data import digits, patches
from aecore.home import home

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def folders(monkeypatch, tmp_path):
    """Development keeps MNIST beside the checkout; nothing is written outside tmp_path."""
    named = os.environ.get("AECORE_DATA", "")
    monkeypatch.setenv("AECORE_DATA", os.pathsep.join([named, str(REPOSITORY.parent / "shared" / "data")]))
    monkeypatch.setenv("AECORE_HOME", str(tmp_path))


def load(name):
    if not data.available(name):
        pytest.skip(f"{name} is not on this machine: name a folder that has it in AECORE_DATA")
    return data.load(name)


@pytest.mark.parametrize("name", data.SOURCES)
def test_a_loaded_set_is_what_its_source_says(name):
    source, images = data.SOURCES[name], load(name)
    assert source.name == images.name == name
    assert images.class_names == source.class_names
    assert images.image_shape == source.image_shape
    for part, labels, count in (
        (images.train_images, images.train_labels, source.train_count),
        (images.test_images, images.test_labels, source.test_count),
    ):
        assert part.shape == (count, *source.image_shape)
        assert part.dtype == torch.uint8
        assert part.is_contiguous()
        assert (part.min(), part.max()) == (0, 255)
        assert labels.shape == (count,)
        assert labels.dtype == torch.int64
        assert labels.unique().tolist() == list(range(len(source.class_names)))


@pytest.mark.parametrize("name", data.SOURCES)
def test_loading_twice_gives_the_same(name):
    first, second = load(name), load(name)
    assert torch.equal(first.train_images, second.train_images)
    assert torch.equal(first.train_labels, second.train_labels)
    assert torch.equal(first.test_images, second.test_images)
    assert torch.equal(first.test_labels, second.test_labels)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "digits"])
def test_the_background_is_black(name):
    corner = load(name).train_images[:, 0, 0, 0]
    assert (corner == 0).float().mean() > 0.99


@pytest.mark.parametrize(
    ("name", "mean", "deviation", "first_test_labels"),
    [
        ("mnist", 0.1307, 0.3081, [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
        ("fashion-mnist", 0.2860, 0.3530, [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]),
    ],
)
def test_the_figures_everyone_normalises_with(name, mean, deviation, first_test_labels):
    images = load(name)
    pixels = images.train_images / 255
    assert pixels.mean().item() == pytest.approx(mean, abs=1e-4)
    assert pixels.std().item() == pytest.approx(deviation, abs=1e-4)
    assert images.test_labels[:10].tolist() == first_test_labels


def test_no_digit_is_in_both_parts():
    images = data.load("digits")
    everything = torch.cat([images.train_images, images.test_images]).flatten(1)
    assert len(everything.unique(dim=0)) == len(everything) == 1797


def test_every_digit_has_a_tenth_of_both_parts():
    images = data.load("digits")
    for labels in (images.train_labels, images.test_labels):
        assert (labels.bincount() / len(labels)).sub(0.1).abs().max() < 0.005


def test_an_enlarged_digit_is_20_pixels_high_and_centred():
    block = digits.enlarge(torch.full((1, 8, 8), 16.0))[0, 0]
    assert block.shape == (28, 28)
    assert (block > 127).sum(0).max() == (block > 127).sum(1).max() == 20
    assert torch.equal(block, block.flip(0, 1))
    assert block[:, 0].max() == 0


def test_no_training_patch_touches_a_pixel_of_a_test_patch():
    images = data.load("patches")
    for label, (name, photo) in enumerate(zip(images.class_names, load_sample_images().images, strict=True)):
        touched = {}
        for part, cut, labels in (
            ("train", images.train_images, images.train_labels),
            ("test", images.test_images, images.test_labels),
        ):
            cut = cut[labels == label].numpy()
            rows, columns = patches.corners(name, part, len(cut))
            mask = touched[part] = np.zeros(photo.shape[:2], bool)
            for patch, y, x in zip(cut, rows, columns, strict=True):
                assert np.array_equal(patch.transpose(1, 2, 0), photo[y : y + 16, x : x + 16])
                mask[y : y + 16, x : x + 16] = True
        assert not (touched["train"] & touched["test"]).any()
        assert touched["train"].mean() > 0.7  # what is left over is little
        assert touched["test"].mean() > 0.15


@pytest.mark.parametrize("photo", patches.TEST_STRIPS)
def test_a_strip_holds_every_test_patch_and_no_training_patch(photo):
    held_out = patches.strip(photo)
    assert (held_out.shape, held_out.dtype) == ((3, 427, 128), np.uint8)
    row, column = patches.corners(photo, "test", 2_000)
    first, _ = patches.TEST_STRIPS[photo]
    number = list(patches.TEST_STRIPS).index(photo)
    cut = data.load("patches").test_images[number :: len(patches.TEST_STRIPS)][17].numpy()
    y, x = row[17], column[17] - first
    np.testing.assert_array_equal(held_out[:, y : y + 16, x : x + 16], cut)


def test_to_moves_images_and_labels():
    images = data.load("digits").to("meta")
    tensors = (images.train_images, images.train_labels, images.test_images, images.test_labels)
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(data.DataError, match="cifar.*mnist, fashion-mnist, digits, patches"):
        data.load("cifar")


def test_metadata_needs_neither_torch_nor_numpy():
    program = (
        "import sys; from aecore import data; data.available('mnist');"
        "print(sorted({'torch', 'torchvision', 'sklearn', 'numpy', 'PIL', 'pooch'} & sys.modules.keys()))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY)
    assert answer.stdout.strip() == "[]", answer.stderr


def test_home_is_beside_the_app_unless_named(monkeypatch, tmp_path):
    assert home() == tmp_path
    monkeypatch.delenv("AECORE_HOME")
    assert home() == REPOSITORY / "aecore-home"
