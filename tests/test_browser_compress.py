"""The Compress page in a real browser: its files are opened by another process, and by the page again."""

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from browsing import REPOSITORY, finished
from easel import clear, stroke
from PIL import Image
from playwright.sync_api import Page, expect

from aecore import runs
from aecore.compression import codec_of, decompress

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def download(page: Page, button: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return Path(waiting.value.path()).read_bytes()


def bytes_on_disk(page: Page) -> int:
    metric = page.get_by_test_id("stMetric").filter(has_text="Bytes on disk")
    return int(metric.get_by_test_id("stMetricValue").inner_text().replace(",", ""))


def test_a_file_from_the_page_is_opened_by_a_fresh_process_and_by_the_page(server, page, tmp_path, capsys):
    begun = monotonic()
    page.goto(f"{server.address}/compress?model=zoo-digits-32&bits=6")
    expect(page.get_by_role("button", name="Download the file (.aez)")).to_be_visible()
    finished(page)
    shown = monotonic() - begun
    content = download(page, "Download the file (.aez)")
    assert len(content) == bytes_on_disk(page)
    file, folder = tmp_path / "digits.aez", tmp_path / "out"
    file.write_bytes(content)

    here = decompress(codec_of(runs.get("zoo-digits-32"), "cpu"), content)
    command = [
        sys.executable,
        "-m",
        "aecore",
        "decompress",
        str(file),
        "-o",
        str(folder),
        "--codes",
        "--json",
    ]
    begun = monotonic()
    fresh = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "AECORE_HOME": str(tmp_path / "another-home"), "AECORE_DATA": ""},
    )
    process = monotonic() - begun
    assert json.loads(fresh.stdout)["images"] == 360
    np.testing.assert_array_equal(np.load(folder / "codes.npy"), here.codes)
    drawn = np.stack([np.asarray(Image.open(folder / f"{number:03}.png")) for number in range(360)])
    assert np.abs(drawn.astype(int) - here.pictures[:, 0]).max() <= 1

    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    expect(page.get_by_text("360 pictures")).to_be_visible()
    finished(page)
    sheet = np.asarray(Image.open(BytesIO(download(page, "Pictures (PNG)"))))
    assert np.abs(sheet[:28, 28:56].astype(int) - drawn[1]).max() <= 1

    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.aez").write_bytes(damaged)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(tmp_path / "damaged.aez")
    expect(page.get_by_text("this .aez file is damaged")).to_be_visible()
    with capsys.disabled():
        print(f"\nopen to the file on a fresh server: {shown:.1f} s; `aecore decompress`: {process:.1f} s")


def test_a_stroke_changes_the_file_and_nothing_else_is_drawn_anew(server, page):
    page.goto(f"{server.address}/compress?model=zoo-digits-32&source=drawing&bits=8")
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_text("comes back with").or_(page.get_by_text("No other data set"))).to_be_visible()
    finished(page)
    before = download(page, "Download the file (.aez)")
    clear(page)
    stroke(page, (140, 40), (140, 240))
    expect(page.get_by_role("button", name="Download the file (.aez)")).to_be_visible()
    finished(page)
    after = download(page, "Download the file (.aez)")
    assert after != before
    codec = codec_of(runs.get("zoo-digits-32"), "cpu")
    assert decompress(codec, after).pictures[0, 0, :, 12:16].mean() > 60  # the stroke is in the middle
    assert len(after) == bytes_on_disk(page)


def test_hostile_pictures_are_refused_in_a_sentence(server, page, tmp_path):
    page.goto(f"{server.address}/compress?model=zoo-digits-32&source=upload")
    uploader = page.get_by_test_id("stFileUploaderDropzoneInput").first
    expect(page.get_by_text("Choose a picture")).to_be_visible()
    finished(page)
    name = "<img src=x onerror=alert(1)>.png".replace("<", "(").replace(">", ")")
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    uploader.set_input_files(tmp_path / name)
    expect(page.get_by_text("cannot be read as a picture")).to_be_visible()
    Image.new("L", (28, 28)).save(tmp_path / "mine.png")
    uploader.set_input_files(tmp_path / "mine.png")
    expect(page.get_by_role("button", name="Download the file (.aez)")).to_be_visible()
    finished(page)
