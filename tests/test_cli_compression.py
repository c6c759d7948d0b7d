"""`python -m aecore compress` and `decompress`, as a person meets them."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from aecore import data, runs
from aecore.cli import main


@pytest.fixture
def cli(capsys):
    """Runs a command in this process: (exit code, standard output, standard error)."""

    def run(*words) -> tuple[int, str, str]:
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


def test_test_images_become_a_file_and_pictures_again(cli, tmp_path):
    file, folder = tmp_path / "digits.aez", tmp_path / "out" / "pictures"
    code, out, _ = cli("compress", "zoo-digits-32", "--test", 360, "--bits", 6, "-o", file, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["bytes"] == file.stat().st_size
    assert told["bytes_each"] == told["bytes"] / 360
    assert told["bits_per_pixel"] == pytest.approx(8 * told["bytes"] / 360 / 784)
    code, out, _ = cli("decompress", file, "-o", folder, "--codes", "--json")
    assert (code, json.loads(out)["images"]) == (0, 360)
    drawn = np.stack([np.asarray(Image.open(folder / f"{number:03}.png")) for number in range(360)])
    originals = data.load("digits").test_images[:, 0].numpy()
    mse = np.square(drawn / 255 - originals / 255).mean()
    assert told["psnr"] == pytest.approx(-10 * np.log10(mse))
    assert told["psnr"] > 33
    assert np.load(folder / "codes.npy").shape == (360, 32)


def test_people_s_own_pictures_in_words(cli, tmp_path):
    for name, size in (("a.png", (28, 28)), ("b.jpg", (200, 100))):
        Image.new("RGB", size, "white").save(tmp_path / name)
    code, out, _ = cli(
        "compress", "zoo-digits-32", tmp_path / "a.png", tmp_path / "b.jpg", "-o", tmp_path / "x.aez"
    )
    assert code == 0
    assert "2 images in" in out and "bits per pixel" in out
    code, out, _ = cli("decompress", tmp_path / "x.aez", "-o", tmp_path / "out")
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.png", "1.png"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "x.aez"], "nothing to compress"),
        (["--test", "361", "-o", "x.aez"], "choose 1 to 360"),
        (["--test", "5", "--bits", "9", "-o", "x.aez"], "bits is 9"),
        (["--test", "5", "--bits", "16", "-o", "x.aez"], "bits is 16"),
        (["--test", "5", "--bits", "float16", "--coder", "range", "-o", "x.aez"], "choose none or zlib"),
        (["--test", "5", "--coder", "huffman", "-o", "x.aez"], "choose none or zlib or range"),
        (["--test", "5", "-o", "nowhere/x.aez"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_sentence(cli, tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli("compress", "zoo-digits-32", *words)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_file_of_a_model_that_is_not_here(cli, tmp_path, own_home):
    folder = own_home / "runs" / "lab-32-digits-000000"
    shutil.copytree(runs.get("zoo-digits-32").folder, folder)
    cli("compress", folder.name, "--test", 3, "-o", tmp_path / "x.aez")
    assert cli("decompress", tmp_path / "x.aez", "-o", tmp_path / "out")[0] == 0
    shutil.rmtree(folder)
    code, _, err = cli("decompress", tmp_path / "x.aez", "-o", tmp_path / "out")
    assert code == 2
    assert "made by the model lab-32-digits-000000, which is not here" in err
    shutil.copytree(runs.get("zoo-digits-dictionary").folder, folder)  # another of the same name
    code, _, err = cli("decompress", tmp_path / "x.aez", "-o", tmp_path / "out")
    assert code == 2
    assert "another model" in err
