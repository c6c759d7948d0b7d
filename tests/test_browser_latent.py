"""The latent map in a real browser: pictures under the mouse, clicks, a lasso, and how long they take."""

import re
from time import monotonic

import pytest
from browsing import box_at_rest, eventually, finished
from easel import loaded, stroke
from playwright.sync_api import Locator, Page, expect

from aecore import data
from aecore.config import Experiment
from aecore.runs.execution import create, execute

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WHERE = """([trace, index]) => {
  const plot = document.querySelector('.st-key-map .js-plotly-plot'), data = plot._fullData[trace]
  const { xaxis, yaxis } = plot._fullLayout
  const at = { x: xaxis.l2p(data.x[index]), y: yaxis.l2p(data.y[index]) }
  return [at, Number(data.customdata[index]), data.name]
}"""
"""A point's place on the map, its picture's number and its class."""

EMPTY = """(map) => {
  const plot = document.querySelector(`.st-key-${map} .js-plotly-plot`)
  const { xaxis, yaxis } = plot._fullLayout
  let best = null
  for (let x = 20; x < xaxis._length - 20; x += 10) for (let y = 20; y < yaxis._length - 20; y += 10) {
    let near = Infinity
    for (const data of plot._fullData) if (data.customdata) for (let i = 0; i < data.x.length; i++)
      near = Math.min(near, Math.hypot(xaxis.l2p(data.x[i]) - x, yaxis.l2p(data.y[i]) - y))
    if (!best || near > best[0]) best = [near, { x, y }]
  }
  return best
}"""
"""The place on a map that is furthest from all points, and how far."""

CARD = """() => {
  for (const element of document.querySelectorAll('*')) {
    const card = element.shadowRoot?.querySelector('.card')
    if (card && !card.hidden) {
      const { backgroundImage, backgroundPosition, width } = card.querySelector('.picture').style
      return [card.innerText.trim(), backgroundImage, backgroundPosition, width]
    }
  }
}"""
PLOT = "document.querySelector('.st-key-map .js-plotly-plot')"
TOLD = f"() => {PLOT}?.mapTold && JSON.parse({PLOT}.mapTold)"
POINTS = f"() => {PLOT}._fullData.reduce((sum, each) => sum + (each.customdata ? each.x.length : 0), 0)"


RANGES = """() => {
    const { xaxis, yaxis } = document.querySelector('.st-key-map .js-plotly-plot')._fullLayout
    return [...xaxis.range, ...yaxis.range]
}"""


def open_map(page: Page, address: str) -> float:
    """Seconds until the map is drawn and listened to."""
    start = monotonic()
    page.goto(address)
    eventually(lambda: page.evaluate(TOLD), 120)
    took = monotonic() - start
    finished(page)
    return took


def outline(page: Page, shares: list[tuple[float, float]]) -> float:
    """Draw around a part of the map, by shares of its width and height. Returns when that was done."""
    box = box_at_rest(on_map(page))
    points = ((across * box["width"], down * box["height"]) for across, down in shares)
    return stroke(page, *points, on=".st-key-map .nsewdrag")


def on_map(page: Page, map: str = "map") -> Locator:
    """Where a map takes clicks."""
    return page.locator(f".st-key-{map} .nsewdrag")


def test_a_picture_under_the_mouse_and_clicks_on_a_point_and_an_empty_place(server, page, phone, capsys):
    open_map(page, f"{server.address}/latent?model=zoo-digits-32")
    labels = data.load("digits").test_labels
    at, number, name = page.evaluate(WHERE, [3, 5])
    assert labels[number] == int(name) == 3
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    on_map(page).hover(position={"x": at["x"] - 40, "y": at["y"] - 40})
    on_map(page).hover(position=at)
    hovered = on_map(page).evaluate(
        """(map, { x, y }) => new Promise((done) => {
            const { left, top } = map.getBoundingClientRect(), start = performance.now()
            const place = { clientX: left + x, clientY: top + y }
            map.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, ...place }))
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)))
        })""",
        at,
    )
    text, picture, position, width = eventually(lambda: page.evaluate(CARD))
    found = int(re.fullmatch(r"\d · picture (\d+)", text)[1])
    assert found == number or labels[found] == int(text[0])  # another point may be as near
    assert picture.startswith('url("blob:')
    assert (position, width) == (f"-{found % 50 * 84}px -{found // 50 * 84}px".replace("-0px", "0px"), "84px")
    assert all(url.startswith("blob:") for url in requests)  # no trip to the server

    start = monotonic()
    on_map(page).click(position=at)
    expect(page.get_by_text(f"Picture {found}, class {labels[found]}")).to_be_visible()
    on_point = monotonic() - start
    expect(page).to_have_url(re.compile(f"b=p{found}"))
    finished(page)

    far, empty = page.evaluate(EMPTY, "map")
    assert far > 10
    start = monotonic()
    on_map(page).click(position=empty)
    expect(page.get_by_text("there is no picture")).to_be_visible()
    on_nothing = monotonic() - start
    expect(page).to_have_url(re.compile(r"b=pca(:|%3A)-?[\d.]+"))
    expect(page.get_by_text("Look for pictures on the way")).to_be_visible()
    assert eventually(lambda: page.evaluate(TOLD)["marks"]["text"] == ["A", "B"])
    page.reload()  # the address has all of it
    expect(page.get_by_text("there is no picture")).to_be_visible()
    finished(page)

    open_map(phone, f"{server.address}/latent?model=zoo-digits-32")
    at, *_ = phone.evaluate(WHERE, [3, 5])
    on_map(phone).tap(position=at)
    expect(phone.locator("figcaption").filter(has_text=re.compile(r"picture \d+"))).to_be_in_viewport()
    expect(phone.locator("figcaption").filter(has_text="redrawn")).to_be_in_viewport()
    at, *_ = phone.evaluate(WHERE, [3, 5])
    eventually(lambda: 0 < box_at_rest(on_map(phone))["y"] + at["y"] < 844)  # what was touched is there, too
    with capsys.disabled():
        print(f"\nhover picture: {hovered:.0f} ms, with two frames drawn")
        print(f"click to picture: {on_point:.2f} s on a point, {on_nothing:.2f} s on an empty place")


def test_a_lasso_and_class_toggles(server, page, capsys):
    open_map(page, f"{server.address}/latent?model=zoo-digits-32")
    page.evaluate("() => (document.querySelector('.st-key-map .js-plotly-plot').sameOne = true)")
    page.get_by_role("button", name="Lasso", exact=True).click()
    start = outline(page, [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.31)])
    expect(page.get_by_text("Mean code, decoded")).to_be_visible()
    took = monotonic() - start
    chosen = eventually(lambda: page.evaluate(TOLD)["selected"])
    expect(page.get_by_text(f"{len(chosen)} pictures of")).to_be_visible()
    assert 5 < len(chosen) < 355
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="Selection (CSV)").click()
    assert len(downloaded.value.path().read_text().splitlines()) == len(chosen) + 1
    expect(page).to_have_url(re.compile("lasso=zoo-digits-32_pca_test_"))
    page.reload()
    eventually(lambda: (page.evaluate(TOLD) or {}).get("selected") == chosen)
    page.get_by_role("button", name="Clear", exact=True).click()
    eventually(lambda: page.evaluate(TOLD)["selected"] is None)
    page.evaluate("() => (document.querySelector('.st-key-map .js-plotly-plot').sameOne = true)")
    page.locator(".st-key-without button").filter(has_text="3").click()
    eventually(lambda: page.evaluate(TOLD)["hidden"] == [3])
    expect(page).to_have_url(re.compile("without=3"))
    assert page.evaluate(
        "() => document.querySelector('.st-key-map .js-plotly-plot').sameOne"
    )  # not drawn anew
    with capsys.disabled():
        print(f"\nlasso to pictures: {took:.2f} s")


def test_a_picture_out_of_view_is_brought_into_it(server, page):
    open_map(page, f"{server.address}/latent?model=zoo-digits-32")
    whole = page.evaluate(RANGES)
    page.evaluate(
        """() => window.Plotly.relayout(
            document.querySelector('.st-key-map .js-plotly-plot'),
            { 'xaxis.range': [-0.1, 0.1], 'yaxis.range': [-0.1, 0.1] })"""
    )
    assert page.evaluate(RANGES) == [-0.1, 0.1, -0.1, 0.1]
    page.get_by_label("Find picture").fill("7")
    page.get_by_label("Find picture").press("Enter")
    eventually(lambda: page.evaluate(TOLD)["marks"]["text"] == ["B"])
    eventually(lambda: page.evaluate(RANGES) == pytest.approx(whole, rel=1e-3))
    page.evaluate(
        "() => window.Plotly.relayout("
        "document.querySelector('.st-key-map .js-plotly-plot'), { 'xaxis.range': [-0.1, 0.1] })"
    )
    page.get_by_role("button", name="Whole map").click()
    eventually(lambda: page.evaluate(RANGES) == pytest.approx(whole, rel=1e-3))


def test_a_drawing_lands_on_the_map(server, page, capsys):
    open_map(page, f"{server.address}/latent?model=zoo-digits-32&look=draw")
    page.locator(".dc-toolbar").first.wait_for(state="attached")
    eventually(lambda: loaded(page))
    start = stroke(page, (140, 40), (140, 240))
    expect(page.get_by_text("Redrawn")).to_be_visible()
    took = monotonic() - start
    eventually(lambda: page.evaluate(TOLD)["marks"]["text"] == ["You"])
    with capsys.disabled():
        print(f"\nstroke to its place on the map: {took:.2f} s")


def test_a_lasso_on_one_map_selects_on_both_and_each_draws_by_its_own_decoder(server, page):
    trained = create(Experiment().with_settings({"dataset": "digits", "epochs": 1, "code_size": 2}))
    list(execute(trained, data.load("digits"), "cpu"))
    open_map(page, f"{server.address}/latent?model=zoo-digits-32&look=other&other={trained.id}")
    second = TOLD.replace("st-key-map", "st-key-second")
    eventually(lambda: page.evaluate(second))
    page.get_by_role("button", name="Lasso", exact=True).first.click()
    outline(page, [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.31)])
    chosen = eventually(lambda: page.evaluate(second)["selected"])
    eventually(lambda: page.evaluate(TOLD)["selected"] == chosen)
    assert 5 < len(chosen) < 355
    finished(page)
    _, empty = page.evaluate(EMPTY, "second")
    on_map(page, "second").click(position=empty)
    expect(page.locator("figcaption").filter(has_text="decoded")).to_be_visible()
    expect(page.get_by_text("C: no picture is at")).to_be_visible()
    eventually(lambda: page.evaluate(second)["marks"]["text"] == ["C"])
    eventually(lambda: page.evaluate(TOLD)["marks"]["text"] == [])
    expect(page).to_have_url(re.compile(r"c=pca(:|%3A)-?[\d.]+"))


@pytest.mark.skipif(not data.available("mnist"), reason="MNIST is not on this machine")
def test_a_map_of_ten_thousand_and_of_all(server, page, capsys):
    first = open_map(page, f"{server.address}/latent?model=zoo-mnist-32")
    assert page.evaluate(POINTS) == 10_000
    at, *_ = page.evaluate(WHERE, [3, 5])
    on_map(page).click(position=at)
    eventually(lambda: page.evaluate(f"() => {PLOT}._fullData.at(-1).text") == ["B"])
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    finished(page)
    start = monotonic()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Latent").click()
    eventually(lambda: page.evaluate(TOLD))
    again = monotonic() - start
    finished(page)
    everything = open_map(page, f"{server.address}/latent?model=zoo-mnist-32&pictures=all&a=p3&b=p69999")
    assert page.evaluate(POINTS) == 70_000
    eventually(lambda: page.evaluate(f"() => {PLOT}._fullData.at(-1).x.length") == 2)
    warm = open_map(page, f"{server.address}/latent?model=zoo-mnist-32&pictures=all")
    with capsys.disabled():
        print(
            f"\n10,000 points drawn: {first:.1f} s on a fresh server, {again:.1f} s after a warm page change"
        )
        print(f"70,000 points drawn: {everything:.1f} s with their codes computed, {warm:.1f} s warm")
