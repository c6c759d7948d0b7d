"""The Transform page in a real browser: a closer look by a click, files given and taken, a drawing."""

import re
from io import BytesIO
from pathlib import Path
from time import monotonic

import numpy as np
import pytest
from browsing import eventually, finished
from easel import clear, stroke
from PIL import Image
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AFTER = ".st-key-panel-1-picture img"
CLOSER = "img[alt^='The same place of']"
FILE = "stFileUploaderDropzoneInput"


def opened(page: Page, address: str, settings: str) -> None:
    page.goto(f"{address}/transform?{settings}")
    expect(page.get_by_text(re.compile("comes to|Choose a picture")).first).to_be_visible()
    finished(page)


def result(page: Page) -> np.ndarray:
    """What the page lets people take along."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Result (PNG)").click()
    return np.asarray(Image.open(BytesIO(Path(waiting.value.path()).read_bytes())))


def test_a_click_looks_closer_and_a_task_takes_its_model(server, page, capsys):
    begun = monotonic()
    opened(page, server.address, "model=zoo-patches-sharpen")
    shown = monotonic() - begun
    before = page.locator(CLOSER).get_attribute("src")
    begun = monotonic()
    page.locator(AFTER).click(position={"x": 100, "y": 300})
    expect(page).to_have_url(re.compile(r"at=(100|99)(%2C|,)(300|299)"))
    eventually(lambda: page.locator(CLOSER).get_attribute("src") != before)
    clicked = monotonic() - begun
    finished(page)
    assert result(page).shape == (320, 128, 3)
    expect(page.get_by_text(re.compile("behind on [0-9]+% of pictures"))).to_be_visible()
    begun = monotonic()
    page.locator(".st-key-task").get_by_text("Colour from grey").click()
    expect(page).to_have_url(re.compile("model=zoo-patches-colourise"))
    expect(page.get_by_text(re.compile("colourise on patches.* comes to .*mean colour to"))).to_be_visible()
    changed = monotonic() - begun
    finished(page)
    with capsys.disabled():
        print(
            f"\nlink to pictures on a fresh server: {shown:.1f} s; click to a closer look: "
            f"{clicked * 1000:.0f} ms; another task: {changed * 1000:.0f} ms"
        )


def test_half_the_resolution_is_taken_along_as_a_small_picture(server, page):
    opened(page, server.address, "model=zoo-patches-shrink")
    assert result(page).shape == (160, 64, 3)


def test_a_file_goes_in_and_a_larger_one_comes_out(cold_server, page, tmp_path, capsys):
    opened(page, cold_server.address, "model=zoo-patches-sharpen&source=upload&already=yes")
    hostile = tmp_path / "*x* [a](b).png"
    hostile.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    page.get_by_test_id(FILE).set_input_files(hostile)
    expect(page.get_by_text("*x* [a](b).png cannot be read as a picture")).to_be_visible()
    waves = np.add.outer(np.sin(np.arange(570) / 9), np.cos(np.arange(760) / 13))
    photo = (127 + 60 * waves).astype(np.uint8)[..., None].repeat(3, 2)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    begun = monotonic()
    page.get_by_test_id(FILE).set_input_files(tmp_path / "photo.png")
    expect(page.get_by_text("Nobody has the truth here")).to_be_visible()
    seconds = monotonic() - begun
    finished(page)
    assert result(page).shape == (576, 768, 3)  # twice what it was made smaller to
    page.get_by_text("already small").click()
    expect(page.get_by_text("comes to")).to_be_visible()
    finished(page)
    drawn = result(page)
    assert drawn.shape == photo.shape
    assert np.abs(drawn.astype(int) - photo).mean() < 3  # it is smooth: nothing to lose
    with capsys.disabled():
        print(f"\na file of 760×570 to 768×576 pixels out of the model: {seconds:.1f} s")


def test_a_stroke_is_seen_without_its_middle_and_the_page_fits_a_phone(server, page, capsys):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server.address, "model=zoo-digits-inpaint&source=drawing")
    after = page.get_by_alt_text(re.compile("^After: the model"))
    clear(page)
    begun = stroke(page, (140, 40), (140, 240))
    expect(after).to_be_visible()
    seconds = monotonic() - begun
    finished(page)
    drawn = result(page)
    assert drawn.shape[:2] == (28, 28)
    assert drawn[:7, 12:18].max() > 100  # known, so it is as it was drawn
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with capsys.disabled():
        print(f"\nmouse-up to the picture filled in: {seconds * 1000:.0f} ms")
