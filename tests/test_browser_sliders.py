"""Sliders in a real browser: the picture changes while they are dragged, and how soon."""

from statistics import median
from time import monotonic

import pytest
from browsing import box_at_rest, eventually, finished
from easel import press
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOVED = "img[alt^='The code as it was moved']"
BOOSTED = "img[alt^='A picture as it was']"
STEPS = 8


def opened(page: Page, address: str) -> Locator:
    """The first slider of a page."""
    page.goto(address)
    slider = page.get_by_role("slider").first
    expect(slider).to_be_visible()
    finished(page)
    slider.scroll_into_view_if_needed()
    return slider


def dragged(page: Page, slider: Locator, picture: str) -> list[float]:
    """Drag a slider step by step, and let go; how many seconds after each step the picture had changed."""
    box = press(slider)
    middle = box["y"] + box["height"] / 2
    took = []
    for step in range(STEPS):
        before = page.locator(picture).get_attribute("src")
        start = monotonic()
        page.mouse.move(box["x"] + box["width"] * (0.55 + 0.04 * step), middle)
        page.wait_for_function(
            "([picture, before]) => ![undefined, before].includes(document.querySelector(picture)?.src)",
            arg=[picture, before],
        )
        took.append(monotonic() - start)
    page.mouse.up()
    return took


def told(took: list[float]) -> str:
    return f"{median(took) * 1000:.0f} ms, at most {max(took) * 1000:.0f} ms"


def test_the_picture_follows_a_unit_moved_by_mouse_keys_and_finger(server, page, phone, capsys):
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    address = f"{server.address}/latent?model=zoo-digits-32&look=units&b=p3"
    slider = opened(page, address)
    assert slider.evaluate("input => input.labels[0].innerText").startswith("Unit ")
    start = slider.input_value()
    took = dragged(page, slider, MOVED)
    finished(page)
    at = slider.input_value()
    assert float(at) > float(start)
    slider.hover(position={"x": 1, "y": 1})
    assert slider.input_value() == at  # it was let go

    sent.clear()
    box = press(slider)
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] / 2, steps=40)
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=60)
    page.mouse.up()
    end = slider.get_attribute("aria-valuetext")
    eventually(lambda: len(sent) > 1)
    finished(page)
    assert len(sent) < 50  # far fewer than the mouse's moves
    page.locator(".st-key-look button").filter(has_text="Quality").click()
    expect(slider).to_have_count(0)
    page.locator(".st-key-look button").filter(has_text="Sliders").click()
    expect(slider).to_have_attribute("aria-valuetext", end)  # the page has heard of the last move

    page.get_by_role("button", name="Reset").click()
    eventually(lambda: slider.input_value() == start)
    expect(page.get_by_role("button", name="Reset")).to_be_disabled()
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Reset")).to_be_enabled()
    assert float(slider.input_value()) > float(start)

    slider = opened(phone, address)
    box = box_at_rest(slider)
    assert box["height"] >= 40
    before = phone.locator(MOVED).get_attribute("src")
    slider.tap(position={"x": box["width"] * 0.9, "y": box["height"] / 2})
    expect(phone.locator(MOVED)).not_to_have_attribute("src", before or "")
    with capsys.disabled():
        print(f"\na unit dragged to the changed picture: {told(took)}")


def test_the_picture_follows_an_activation_that_is_dragged(server, page, capsys):
    slider = opened(page, f"{server.address}/features?model=zoo-digits-32&unit=3")
    expect(page.locator(BOOSTED)).to_be_visible()
    took = dragged(page, slider, BOOSTED)
    finished(page)
    with capsys.disabled():
        print(f"\nan activation dragged to the changed picture: {told(took)}")
