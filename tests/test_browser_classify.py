"""Classify in a real browser: answers come while people wait, and strokes are named."""

import re
from time import monotonic

import pytest
from browsing import eventually, finished
from easel import clear, loaded, stroke
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MODEL = "model=zoo-digits-32"


def test_classifiers_are_compared_beside_the_page_and_the_table_can_be_taken_along(server, page, capsys):
    start = monotonic()
    page.goto(f"{server.address}/classify?{MODEL}")
    expect(page.get_by_text("The best is")).to_be_visible()
    first = monotonic() - start
    expect(page.get_by_test_id("stProgress")).to_have_count(0)
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    finished(page)
    with capsys.disabled():
        print(f"\nfirst classifier after {first:.1f} s, all four after {monotonic() - start:.1f} s")
    with page.expect_download() as download:
        page.get_by_role("button", name="Accuracies (CSV)").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 4 * 3
    assert lines[0].startswith("classifier,features,size,accuracy")
    page.get_by_text("Clusters", exact=True).click()
    page.wait_for_url(re.compile("part=clusters"))
    expect(page.get_by_text("to the classes, ARI")).to_be_visible()
    page.get_by_text("Similar images", exact=True).click()
    expect(page.get_by_text("Precision at 10:")).to_be_visible()


def test_a_drawing_is_named_and_named_anew_with_each_stroke(server, page: Page, capsys):
    page.goto(f"{server.address}/classify?{MODEL}&part=draw&classifier=knn")
    ready_to_draw(page)
    clear(page)
    start = stroke(page, (140, 40), (140, 240))
    expect(page.get_by_text(re.compile("^Taken for [0-9]"))).to_be_visible()
    with capsys.disabled():
        print(f"\nstroke named after {1000 * (monotonic() - start):.0f} ms")
    finished(page)
    expect(page.get_by_text("of its 5 nearest neighbours").first).to_be_visible()
    alt = page.get_by_test_id("stImage").first.locator("img").get_attribute("alt")
    stroke(page, (60, 40), (220, 40))
    stroke(page, (60, 40), (60, 240))
    stroke(page, (60, 240), (220, 240))
    expect(page.get_by_test_id("stImage").first.locator("img")).not_to_have_attribute("alt", str(alt))


def ready_to_draw(page: Page) -> None:
    expect(page.get_by_text(re.compile("^Taken for [0-9]"))).to_be_visible()
    finished(page)
    expect(page.get_by_test_id("stImage")).to_have_count(2)
    eventually(lambda: loaded(page))
