"""Files of codes: what goes in comes out, exactly, and nothing else is taken for a file."""

import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from every_model import small_config
from images import pictures

from aecore import data, runs
from aecore.analysis.codes import codes_of, pictures_of
from aecore.compression import BITS, CODERS, AezError, aez, codec, codec_of, compress, decompress
from aecore.compression.codec import NAME, find, learn_codec
from aecore.compression.decoder import decoder_bytes, pays_after
from aecore.config import MODEL_CONFIGS, DataConfig, Experiment
from aecore.data import SOURCES, ImageSet
from aecore.errors import LabError
from aecore.models import build
from aecore.models.weights import save_weights
from aecore.runs.execution import create

ROOT = Path(__file__).parents[1]
COMBINATIONS = [(bits, coder) for bits in BITS for coder in CODERS if bits != 16 or CODERS[coder].floats]


def untrained(kind: str, dataset: str, **settings):
    """A run whose weights are the first ones, and a data set of mixtures in the form of `dataset`."""
    shape = SOURCES[dataset].image_shape
    torch.manual_seed(0)
    experiment = Experiment(model=small_config(kind, shape, 12, **settings), data=DataConfig(dataset=dataset))
    run = create(experiment)
    save_weights(build(experiment.model), run.folder / "weights.safetensors")
    labels = torch.zeros(80, dtype=torch.int64)
    return runs.get(run.id), ImageSet(
        name=dataset,
        train_images=pictures(80, shape, seed=1),
        train_labels=labels,
        test_images=pictures(9, shape, seed=2),
        test_labels=labels[:9],
        class_names=SOURCES[dataset].class_names,
    )


@pytest.fixture(scope="module")
def digits():
    return codec_of(runs.get("zoo-digits-32"), "cpu"), data.load("digits").test_images


@pytest.mark.parametrize("dataset", ["digits", "patches"])
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_codes_come_out_as_they_went_in_whatever_the_model(kind, dataset):
    run, images = untrained(kind, dataset)
    codec = codec_of(run, "cpu", images)
    model, asked = codec.model, codes_of(codec.model, images.test_images)
    for bits, coder in [(1, "range"), (4, "none"), (8, "range"), (16, "zlib")]:
        content = compress(codec, images.test_images, bits, coder)
        found = decompress(codec, content)
        levels = codec.quantiser.levels(asked, bits)
        np.testing.assert_array_equal(found.codes, codec.quantiser.codes(levels, bits))
        drawn = model.decode(torch.from_numpy(found.codes)).clamp(0, 1).numpy()
        assert np.abs(found.pictures / 255 - drawn).max() <= 1 / 255
        if bits == 16:
            np.testing.assert_allclose(found.codes, asked, rtol=1e-3, atol=1e-4)
    again = codec_of(run, "cpu", images)
    assert again.fingerprint == codec.fingerprint  # it was kept, and is not learnt anew
    assert find(run) == run.folder / NAME


@pytest.mark.parametrize(("bits", "coder"), COMBINATIONS)
def test_a_file_is_as_large_as_it_must_be(digits, bits, coder):
    codec, images = digits
    content = compress(codec, images, bits, coder)
    head = aez.HEAD.size + len("zoo-digits-32\ndigits") + aez.TAIL.size
    coded = len(content) - head
    codes = codes_of(codec.model, images)
    levels = codec.quantiser.levels(codes, bits)
    np.testing.assert_array_equal(decompress(codec, content).codes, codec.quantiser.codes(levels, bits))
    if coder == "none":
        assert coded == codes.size * bits / 8
    elif coder == "range":
        expected = codec.quantiser.frequencies(bits)
        shares = expected / expected.sum(1, keepdims=True)
        entropy = -np.log2(np.take_along_axis(shares, levels.T.astype(int), 1)).sum() / 8
        assert entropy - 1 <= coded <= 1.001 * entropy + 8
        assert coded < codes.size * bits / 8


def test_one_picture_takes_no_more_than_its_share(digits):
    codec, images = digits
    sizes = [len(compress(codec, image[None], 8, "range")) for image in images[:50]]
    assert np.mean(sizes) < 100
    assert len(compress(codec, images, 8, "range")) / len(images) < 31


def test_a_bit_changed_anywhere_is_refused(digits):
    codec, images = digits
    content = compress(codec, images[:2], 4, "range")
    assert decompress(codec, content).contents.count == 2
    for bit in range(8 * len(content)):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AezError) as refusal:
            decompress(codec, bytes(changed))
        says = str(refusal.value)
        if bit < 32:
            assert "no .aez file" in says
        elif bit < 40:
            assert "version" in says
        else:
            assert "damaged" in says


def test_a_file_cut_off_anywhere_or_with_more_behind_it_is_refused(digits):
    codec, images = digits
    content = compress(codec, images[:2], 4, "range")
    for length in range(len(content)):
        with pytest.raises(AezError):
            decompress(codec, content[:length])
    with pytest.raises(AezError, match="damaged"):
        decompress(codec, content + b"\0")


def forged(content: bytes, **changes) -> bytes:
    """A file with another head, and the right sum over it."""
    names = (
        *("magic", "version", "bits", "coder", "named", "channels", "height", "width", "code_size", "count"),
        *("coded", "fingerprint", "levels_sum"),
    )
    head = dict(zip(names, aez.HEAD.unpack_from(content), strict=True)) | changes
    body = aez.HEAD.pack(*head.values()) + content[aez.HEAD.size : -4]
    return body + aez.TAIL.pack(zlib.crc32(body))


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 0},
        {"count": 2**32 - 1},
        {"count": 100_000},  # allowed, but there are not so many codes in it
        {"count": 3},
        {"code_size": 0},
        {"code_size": 2**32 - 1},
        {"code_size": 31},
        {"channels": 0},
        {"channels": 255, "height": 65_535, "width": 65_535},
        {"height": 27},
        {"bits": 0},
        {"bits": 9},
        {"bits": 255},
        {"bits": 16},  # with the range coder
        {"bits": 5},
        {"coder": 0},
        {"coder": 1},
        {"coder": 7},
        {"named": 0},
        {"named": 255},
        {"named": 13},
        {"coded": 2**32 - 1},
        {"coded": 0},
        {"fingerprint": b"stranger"},
        {"levels_sum": 0},
    ],
    ids=str,
)
def test_a_forged_head_is_refused_before_it_costs_anything(digits, changes):
    codec, images = digits
    content = forged(compress(codec, images[:2], 4, "range"), **changes)
    with pytest.raises(AezError) as refusal:
        decompress(codec, content)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("coder", CODERS)
def test_garbage_in_place_of_codes_is_refused(digits, coder):
    codec, images = digits
    contents = aez.read(compress(codec, images[:2], 8, coder))
    for garbage in (b"", b"\xff" * 64, b"\0" * 64, zlib.compress(bytes(10**7)), b"\xff" * 63):
        with pytest.raises(AezError):
            decompress(codec, aez.write(replace(contents, coded=garbage)))


@pytest.mark.parametrize("name", ["ä", "\x1b[31m"])
def test_a_name_that_is_more_than_letters_is_neither_written_nor_read(digits, name):
    codec, images = digits
    content = compress(codec, images[:2], 4, "range")
    with pytest.raises(AezError, match="give its folder an ASCII name"):
        aez.write(replace(aez.read(content), run=name))
    place, body = aez.HEAD.size, bytearray(content[:-4])
    body[place : place + len(name.encode())] = name.encode()
    with pytest.raises(AezError) as refusal:
        decompress(codec, bytes(body) + aez.TAIL.pack(zlib.crc32(body)))
    assert str(refusal.value).isprintable()


def test_ranges_are_those_of_the_classes_a_model_learnt_from():
    run, images = untrained("dense", "digits")
    images = replace(images, train_labels=torch.arange(80) % 2)
    only = run.experiment.data.replace(classes=(1,))
    ones = replace(run, experiment=run.experiment.model_copy(update={"data": only}))
    model = runs.load(run, "cpu")
    found, expected = learn_codec(ones, model, images), learn_codec(ones, model, images.only([1]))
    np.testing.assert_array_equal(found.counts, expected.counts)
    assert found.counts.sum() < learn_codec(run, model, images).counts.sum()


def test_another_models_file_is_refused(digits):
    codec, images = digits
    content = compress(codec, images[:1])
    other, some = untrained("dense", "digits")
    with pytest.raises(AezError, match="zoo-digits-32, not by custom-digits"):
        decompress(codec_of(other, "cpu", some), content)
    same_name = replace(codec_of(other, "cpu", some), run=codec.run)
    with pytest.raises(AezError, match="another model"):
        decompress(same_name, content)


def test_images_of_another_shape_and_too_many_are_refused(digits):
    codec, images = digits
    with pytest.raises(LabError, match="27×28"):
        compress(codec, images[:1, :, :27])
    with pytest.raises(AezError, match="choose 1 to"):
        compress(codec, images[:0])
    with pytest.raises(AezError, match="100,001"):
        aez.check(replace(aez.read(compress(codec, images[:1])), count=100_001))


def test_a_damaged_codec_is_named():
    run, images = untrained("dense", "digits")
    codec_of(run, "cpu", images)
    (run.folder / NAME).write_bytes(b"nothing")
    with pytest.raises(AezError, match="codec.safetensors is damaged"):
        codec_of(run, "cpu", images)
    (run.folder / NAME).write_bytes((runs.get("zoo-digits-dictionary").folder / NAME).read_bytes())
    with pytest.raises(AezError, match="not of this model"):
        codec_of(run, "cpu", images)


GOLDEN = bytes.fromhex(
    "9341455a01040214011c001c0020000000030000002c000000fea90c3424be136b82602af17a6f6f2d6469676974732d"
    "33320a6469676974733a588f343db9c25890a1202af286e7b55b1056aa1c189e03d14a81b21e88b9e746d086abdad44b"
    "f9f97f9245685ff993"
)
"""Three of the digits' test images, by zoo-digits-32, 4 bits and the range coder."""


def test_a_file_from_before_still_opens_and_another_process_finds_the_same(digits, tmp_path):
    """If this fails, files that people have are lost: raise the version, and go on reading the old one."""
    codec, images = digits
    (tmp_path / "golden.aez").write_bytes(GOLDEN)
    found = decompress(codec, GOLDEN)
    asked = codec.quantiser.levels(codes_of(codec.model, images[:3]), 4)
    np.testing.assert_array_equal(codec.quantiser.levels(found.codes, 4), asked)
    command = [sys.executable, "-m", "aecore", "decompress", str(tmp_path / "golden.aez"), "--codes"]
    subprocess.run([*command, "-o", str(tmp_path / "out")], check=True, cwd=ROOT, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "codes.npy"), found.codes)


def test_of_wide_codes_fewer_are_looked_at(monkeypatch):
    """And learning is a question from a size of model on that is known before."""
    monkeypatch.setattr(codec, "MOST_NUMBERS", 12 * 50)
    run, images = untrained("dense", "digits")
    found = learn_codec(run, runs.load(run, "cpu"), images)
    assert (found.counts.sum(1) == 50).all()
    assert not codec.takes_long(run.experiment, "cpu")
    wide = Experiment().with_settings({"dataset": "digits", "hidden": (60_000,), "code_size": 12})
    monkeypatch.setattr(codec, "MOST_NUMBERS", 12 * 20_000)
    assert codec.takes_long(wide, "cpu")


def test_the_lab_brings_what_it_learnt_of_its_models_codes():
    """So that a file opens wherever the lab is: learnt anew elsewhere, the last digits may differ."""
    for run in runs.zoo():
        assert find(run) == run.folder / NAME


def test_the_decoder_is_what_decoding_takes():
    run, images = untrained("dense", "digits", hidden=(20,))
    codec = codec_of(run, "cpu", images)
    weights = 20 * 12 + 20 + 784 * 20 + 784
    learnt = (run.folder / NAME).stat().st_size
    assert decoder_bytes(run, codec.model) == 4 * weights + learnt
    tied, _ = untrained("dense", "digits", hidden=(20,), tied=True)
    assert decoder_bytes(tied, runs.load(tied, "cpu")) == 4 * weights  # nothing was learnt of its codes yet
    model = runs.load(runs.get("zoo-digits-32"), "cpu")
    stored = 2 * (32 * 256 + 256 + 784 * 256 + 784)
    assert decoder_bytes(runs.get("zoo-digits-32"), model) == stored + (
        (runs.get("zoo-digits-32").folder / NAME).stat().st_size
    )
    assert pays_after(1000, 30, 280) == 4
    assert pays_after(1000, 280, 280) is None


def test_pictures_are_those_of_the_codes_alone(digits):
    codec, images = digits
    found = decompress(codec, compress(codec, images[:5], 8))
    np.testing.assert_array_equal(found.pictures, pictures_of(codec.model, found.codes))
    error = np.square(found.pictures / 255 - images[:5].numpy() / 255).mean()
    assert error < 0.002
