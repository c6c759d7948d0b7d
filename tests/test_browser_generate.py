"""Generate in a real browser: other draws, a drawing with a hat, and a moving picture that is downloaded."""

import re
from time import monotonic

import numpy as np
import pytest
from browsing import PATIENCE, eventually, finished, unscaled
from easel import drawn, loaded, stroke
from PIL import Image
from playwright.sync_api import Page, expect

from pages.shared import moving, samples, walk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "zoo-digits-32"
NEW, SUM = f"{samples.COUNT} new pictures", "Three pictures and their sum"
"""What the pictures are described by."""


def sources(page: Page, alt: str) -> list[str]:
    """The addresses of the pictures described so, all of them loaded."""
    images = page.get_by_alt_text(alt)
    expect(images.first).to_be_visible()
    eventually(lambda: all(image.evaluate("image => image.complete") for image in images.all()))
    return [image.get_attribute("src") or "" for image in images.all()]


def test_samples_of_the_usual_model_and_another_draw(server, page, capsys):
    start = monotonic()
    page.goto(f"{server.address}/generate")
    expect(page.get_by_test_id("stImage").nth(2)).to_be_visible()
    first = monotonic() - start
    expect(page.get_by_text("which this model was trained to expect")).to_be_visible()
    finished(page)
    before = sources(page, NEW)
    start = monotonic()
    page.get_by_role("button", name="Another draw").click()
    eventually(lambda: not {*before} & {*sources(page, NEW)})
    again = monotonic() - start
    expect(page).to_have_url(re.compile("seed=1"))
    finished(page)
    for image in page.get_by_test_id("stImage").locator("img").all():
        assert unscaled(image)
    with capsys.disabled():
        print(f"\nfirst samples on a fresh server: {first:.1f} s; another draw: {again:.2f} s")


def test_a_mixture_is_fitted_beside_the_page(server, page, capsys):
    page.goto(f"{server.address}/generate?model={MODEL}&density=normal")
    expect(page.get_by_text("These look wrong, and should")).to_be_visible()
    finished(page)
    start = monotonic()
    page.get_by_text("Mixture", exact=True).click()
    expect(page.get_by_role("button", name="The Gaussian needs no wait")).to_be_visible()
    expect(page.get_by_text(re.compile("codes are drawn from .* clusters"))).to_be_visible()
    with capsys.disabled():
        print(f"\na mixture for the digits' codes, its process started: {monotonic() - start:.1f} s")
    page.get_by_text("Nearest training pictures").click()
    expect(page.get_by_text("A copy would be near 0: none of these is")).to_be_visible()
    finished(page)


def test_a_loop_is_downloaded_and_moves(server, page, tmp_path):
    page.goto(f"{server.address}/generate?model={MODEL}&part=walk&from=test-3&to=test-8")
    button = page.locator(".st-key-gif-straight button")
    expect(button).to_be_visible()
    finished(page)
    with page.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "loop.gif")
    with Image.open(tmp_path / "loop.gif") as loop:
        assert loop.format == "GIF"
        assert loop.n_frames == 2 * walk.FRAMES - 2
        assert loop.info["duration"] == moving.REST
        frames = []
        for number in range(loop.n_frames):
            loop.seek(number)
            frames.append(np.asarray(loop.convert("L")).astype(int))
    assert np.abs(frames[0] - frames[walk.FRAMES - 1]).mean() > 5
    np.testing.assert_array_equal(frames[1], frames[-1])  # there and back
    on_screen = page.get_by_alt_text("Straight: there and back, moving")
    kind = on_screen.evaluate("async image => (await fetch(image.src)).headers.get('content-type')")
    assert kind == "image/gif"  # not stilled on its way


def test_a_digit_with_a_hat(server, page, capsys):
    page.goto(f"{server.address}/generate?model={MODEL}&part=sum&a=draw-1&b=test-3&c=test-8")
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=PATIENCE)
    finished(page)
    eventually(lambda: loaded(page))
    ink, before = drawn(page), sources(page, SUM)
    assert ink > 0  # it begins with B
    start = stroke(page, (80, 12), (200, 12))
    eventually(lambda: sources(page, SUM)[0] != before[0])
    took = monotonic() - start
    assert drawn(page) > ink
    eventually(lambda: sources(page, SUM)[1] != before[1])  # the sum changes, too
    finished(page)
    with capsys.disabled():
        print(f"\nmouse-up to another sum: {took:.2f} s")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("A drawing is still empty")).to_be_visible()


def test_figures_come_beside_the_page(server, page, capsys):
    start = monotonic()
    page.goto(f"{server.address}/generate?model={MODEL}&part=quality")
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_text("Distance from real test pictures")).to_be_visible(timeout=3 * PATIENCE)
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    finished(page)
    with capsys.disabled():
        print(f"\nFréchet distances of seven ways on the digits: {monotonic() - start:.0f} s")
