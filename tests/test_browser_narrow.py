"""Nothing is cut or shrunk: the pages in a real browser, as wide as a phone and as a laptop."""

import shutil

import pytest
from browsing import finished, unscaled
from playwright.sync_api import Page, expect

from aecore import runs

pytestmark = pytest.mark.browser

SIZES = {"phone": (390, 844), "laptop": (1280, 800)}


def resize(page: Page, size: str):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})


@pytest.mark.parametrize("size", SIZES)
def test_pictures_are_shown_as_they_were_drawn(server, page, size):
    resize(page, size)
    page.goto(f"{server.address}/reconstruct?model=zoo-digits-32")
    images = page.get_by_test_id("stImage").locator("img")
    expect(images).to_have_count(3)  # two pieces, and what the colours mean
    finished(page)
    for image in images.all():
        assert unscaled(image)
    first, second = (image.bounding_box() for image in images.all()[:2])
    assert (first["y"] == second["y"]) == (size == "laptop")  # side by side only where there is room
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_name_of_the_chosen_model_is_not_cut(server, page):
    for number, name in enumerate(
        ("zhong-combined on fashion-mnist", "a name that nobody can be asked to read")
    ):
        shutil.copytree(
            runs.get("zoo-digits-32").folder, server.home / "runs" / f"lab-32-digits-00000{number}"
        )
        runs.rename(f"lab-32-digits-00000{number}", name)
        page.goto(f"{server.address}/reconstruct?model=lab-32-digits-00000{number}")
        expect(page.get_by_test_id("stSidebar").get_by_text(name)).to_be_visible()
        chosen = page.locator(".st-key-model input")
        finished(page)
        assert chosen.input_value()[:20] == name[:20]
        assert chosen.evaluate("field => field.scrollWidth <= field.clientWidth")
