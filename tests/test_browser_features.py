"""The Features page in a real browser: a click in the sheet, the card, and how long they take."""

import re
import shutil
from time import monotonic

import pytest
from browsing import box_at_rest, eventually, finished, unscaled
from playwright.sync_api import Page, expect

from aecore import runs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHEET = ".st-key-sheet-picture img"
ALIKE = "img[alt^='The units most alike']"


def open_features(page: Page, address: str, settings: str = "") -> None:
    page.goto(f"{address}/features?model=zoo-digits-32{settings}")
    expect(page.locator(SHEET)).to_be_visible()
    finished(page)


def unit(page: Page) -> str:
    return page.locator(".st-key-unit-number input").input_value()


def test_a_click_in_the_sheet_opens_the_units_card(server, page, capsys):
    open_features(page, server.address, "&sort=number")
    assert unit(page) == "0"
    step = box_at_rest(page.locator(SHEET))["width"] / 8  # 32 units, eight on a line
    start = monotonic()
    page.locator(SHEET).click(position={"x": 2.5 * step, "y": 1.5 * step})
    expect(page.get_by_role("heading", name="Unit 10: when it is active")).to_be_visible()
    expect(page.locator("img[alt='What unit 10 adds to a picture']")).to_be_visible()
    seconds = monotonic() - start
    expect(page).to_have_url(re.compile("unit=10"))
    finished(page)
    with capsys.disabled():
        print(f"\nclick in the sheet to the unit's card: {seconds:.2f} s")
    page.reload()
    expect(page.get_by_role("heading", name="Unit 10: when it is active")).to_be_visible()


def test_a_warm_page_is_there_soon_and_fits_a_phone(server, page, capsys):
    open_features(page, server.address)
    expect(page.locator(ALIKE).first).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Reconstruct").click()
    expect(page.get_by_role("heading", name="Reconstruct", exact=True)).to_be_visible()
    finished(page)
    start = monotonic()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Features").click()
    expect(page.locator(SHEET)).to_be_visible()
    sheet = monotonic() - start
    expect(page.locator(".st-key-frontier .js-plotly-plot")).to_be_visible()
    everything = monotonic() - start
    with capsys.disabled():
        print(f"\nwarm page change to the sheet: {sheet:.2f} s, to the last figure: {everything:.2f} s")
    finished(page)
    page.set_viewport_size({"width": 390, "height": 844})
    eventually(lambda: (box := box_at_rest(page.locator(SHEET)))["x"] >= 0 and box["x"] + box["width"] <= 390)
    box = box_at_rest(page.locator(SHEET))
    page.locator(SHEET).click(position={"x": box["width"] / 8 * 1.5, "y": 10})
    expect(page).to_have_url(re.compile("unit="))
    second = re.search(r"unit=(\d+)", page.url)[1]
    expect(page.get_by_role("heading", name=f"Unit {second}: when it is active")).to_be_visible()
    finished(page)
    for image in page.locator("img[alt^='Test pictures for which'], img[alt^='The units most']").all():
        assert unscaled(image)


def test_a_run_that_was_deleted_meanwhile_is_missed_in_a_sentence(server, page):
    shutil.copytree(runs.get("zoo-digits-32").folder, server.home / "runs" / "lab-32-digits-000000")
    page.goto(f"{server.address}/features?model=lab-32-digits-000000")
    expect(page.locator(SHEET)).to_be_visible()
    finished(page)
    shutil.rmtree(server.home / "runs" / "lab-32-digits-000000")
    page.locator(SHEET).click(position={"x": 100, "y": 100})
    expect(page.get_by_text("That model is no longer on this server")).to_be_visible()
    finished(page)
