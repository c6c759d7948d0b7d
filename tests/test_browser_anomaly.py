"""The Anomaly page in a real browser: the threshold dragged, a drawing judged."""

import re
from time import monotonic

import pytest
from browsing import eventually, finished
from easel import loaded, press, stroke
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JUDGED = "img[alt^='The drawing, redrawn']"


def open_anomaly(page: Page, address: str, settings: str = "") -> None:
    page.goto(f"{address}/anomaly?model=zoo-digits-threes{settings}")
    expect(page.get_by_text("tells best")).to_be_visible()
    finished(page)


def false_alarms(page: Page) -> int:
    told = page.get_by_text(re.compile(r"Finds .* strange, with")).inner_text()
    found = re.search(r"with ([\d,]+) false alarms", told)
    assert found, told
    return int(found[1].replace(",", ""))


def test_the_counts_follow_the_threshold_while_it_is_dragged(server, page, capsys):
    start = monotonic()
    open_anomaly(page, server.address)
    scored = monotonic() - start
    slider = page.get_by_role("slider", name="Strange is what scores above")
    assert false_alarms(page)
    box = press(slider)
    start = monotonic()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2)
    eventually(lambda: false_alarms(page) == 0)  # the button is still down
    moved = monotonic() - start
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"at=95(%3A|:)0\.0"))
    finished(page)
    with capsys.disabled():
        print(
            f"\nlink to scores on a fresh server: {scored:.1f} s, threshold to counts: {moved * 1000:.0f} ms"
        )
    page.reload()
    expect(page.get_by_text("tells best")).to_be_visible()
    assert false_alarms(page) == 0


def test_a_drawing_is_judged_and_the_page_fits_a_phone(server, page, capsys):
    open_anomaly(page, server.address)
    eventually(lambda: loaded(page))
    finished(page)
    before = page.locator(JUDGED).get_attribute("src")
    start = stroke(page, (20, 20), (260, 40))
    expect(page.locator(JUDGED)).not_to_have_attribute("src", before or "")
    seconds = monotonic() - start
    expect(page.get_by_text(re.compile(r"^Strange: error"))).to_be_visible()
    finished(page)
    with capsys.disabled():
        print(f"\nstroke to judgement: {seconds * 1000:.0f} ms")
    page.set_viewport_size({"width": 390, "height": 844})
    eventually(lambda: page.evaluate("document.documentElement.scrollWidth") == 390)
