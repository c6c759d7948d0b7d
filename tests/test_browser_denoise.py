"""Denoise in a real browser: strokes of mouse and finger, and what becomes of them."""

import re
from time import monotonic

import pytest
from browsing import PATIENCE, box_at_rest, eventually, finished, is_left_early, unscaled
from easel import clear, drawn, loaded, stroke
from playwright.sync_api import Page, expect

from aecore import data, runs
from aecore.config import DenseConfig
from aecore.recipes import RECIPES
from aecore.runs.execution import create, execute

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOLD = re.compile(r"brings the noisy picture from (\S+) dB to (\S+) dB")
WATCH = """() => {
    const picture = () => document.querySelector('[data-testid=stImage] img');
    const before = picture()?.src;
    window.newPicture = undefined;
    window.addEventListener('mouseup', () => {
        const start = performance.now();
        const look = () => {
            const now = picture();
            if (now && now.src !== before && now.complete) window.newPicture = performance.now() - start;
            else requestAnimationFrame(look);
        };
        look();
    }, { once: true, capture: true });
}"""
"""Notes how many milliseconds after the next mouse-up another picture is on screen."""


@pytest.fixture(scope="module")
def denoiser(module_server):
    """A small one of digits, trained well enough to be of use."""
    small = {"noise": "gaussian", "noise_level": 0.5, "epochs": 8}
    experiment = RECIPES["lab-32"].on("digits").with_settings(small)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AECORE_HOME", str(module_server.home))
        run = create(experiment.replace(model=DenseConfig(hidden=(128,), code_size=32)))
        list(execute(run, data.load("digits"), "cpu"))
        return runs.get(run.id)


BESIDE = [
    "zoo-digits-denoiser",
    "zoo-mnist-denoiser",
    "zoo-digits-32",
    "zoo-digits-2",
    "zoo-digits-dictionary",
]
"""As many as can be compared with it."""


@pytest.fixture
def opened(denoiser, server, page) -> Page:
    page.goto(f"{server.address}/denoise?model={denoiser.id}&beside={','.join(BESIDE)}")
    ready(page)
    return page


def ready(page: Page) -> None:
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    finished(page)
    eventually(lambda: loaded(page))


def psnr(page: Page) -> tuple[float, float]:
    """Before and after, as the page tells."""
    found = TOLD.search(page.get_by_text(TOLD).inner_text())
    assert found
    return float(found[1]), float(found[2])


def test_strokes_are_restored_and_each_makes_a_new_picture(opened, capsys):
    page, milliseconds = opened, []
    clear(page)
    stroke(page, (140, 40), (140, 240))
    expect(page.get_by_test_id("stImage")).to_have_count(6)  # of two pictures each: 2 and 6 models, 4 filters
    finished(page)
    one = psnr(page)
    for points in (((90, 90), (140, 45)), ((90, 240), (190, 240)), ((120, 60), (125, 65))):
        page.evaluate(WATCH)
        stroke(page, *points)
        page.wait_for_function("window.newPicture !== undefined", timeout=PATIENCE)
        milliseconds.append(page.evaluate("window.newPicture"))
        finished(page)
    other = psnr(page)
    assert other != one
    for before, after in (one, other):
        assert after > before + 2  # the restored picture is closer to the clean one than the noisy one
    with capsys.disabled():
        told = ", ".join(f"{each:.0f}" for each in milliseconds)
        print(f"\nmouse-up to the new picture, six models and four filters: {told} ms")


def test_a_drawing_survives_another_page_and_another_model(opened):
    page = opened
    clear(page)
    stroke(page, (200, 40), (80, 240))
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    finished(page)
    told, mean = psnr(page), drawn(page)
    change_page(page, "Home", "Autoencoder Lab")
    finished(page)
    change_page(page, "Denoise", "Denoise")
    ready(page)
    assert psnr(page) == told
    assert eventually(lambda: abs(drawn(page) - mean) < 0.5)
    page.get_by_role("combobox", name="Model", exact=True).click()
    page.get_by_role("option", name="lab-32 on digits · lab's").click()
    expect(page.get_by_text("was trained without noise")).to_be_visible()
    ready(page)
    assert psnr(page)[0] == told[0]
    assert drawn(page) == pytest.approx(mean, abs=0.5)
    before = psnr(page)
    stroke(page, (80, 40), (200, 240))  # and goes on
    eventually(lambda: drawn(page) > mean + 5)
    eventually(lambda: psnr(page) != before)


def test_a_drawing_survives_leaving_before_the_canvas_shows_it(opened):
    page = opened
    first = drawn(page)
    page.evaluate(
        """() => {
            const { set } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
            window.held = [];
            Object.defineProperty(HTMLImageElement.prototype, 'src', {
                set(address) {
                    const load = () => set.call(this, address);
                    window.held ? window.held.push(load) : load();
                }
            });
        }"""
    )
    change_page(page, "Home", "Autoencoder Lab")
    change_page(page, "Denoise", "Denoise")
    eventually(lambda: page.evaluate("held.length"))
    finished(page)
    change_page(page, "Home", "Autoencoder Lab")
    with page.context.expect_event("weberror") as complaint:  # else `is_left_early` has become superfluous
        page.evaluate("held.forEach(load => load()); held = null")
    assert is_left_early(complaint.value.error)
    change_page(page, "Denoise", "Denoise")
    ready(page)
    assert drawn(page) == pytest.approx(first, abs=0.5)


def change_page(page: Page, name: str, heading: str) -> None:
    page.get_by_test_id("stSidebarNavLink").filter(has_text=name).click()
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def test_undo_eraser_and_the_test_pictures(opened):
    page = opened
    first = drawn(page)
    assert first > 0  # a test picture is on the canvas at first
    stroke(page, (30, 30), (250, 250))
    eventually(lambda: drawn(page) > first + 5)
    finished(page)
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: abs(drawn(page) - first) < 0.5)
    page.get_by_text("Eraser", exact=True).click()
    finished(page)
    stroke(page, (20, 140), (260, 140))
    eventually(lambda: drawn(page) < first - 1)
    page.get_by_role("button", name="Another one").click()
    page.wait_for_url(re.compile("image="))
    ready(page)
    assert eventually(lambda: abs(drawn(page) - first) > 0.5)


def test_a_finger_draws_from_the_corner_where_the_toolbar_was(denoiser, server, phone):
    page = phone
    page.goto(f"{server.address}/denoise?model={denoiser.id}")
    ready(page)
    clear(page)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Edit")).to_be_hidden()  # the toolbar has left the canvas
    canvas = page.locator("canvas.upper-canvas")
    canvas.scroll_into_view_if_needed()
    canvas.tap(trial=True)  # once it rests, and nothing lies above it
    box = box_at_rest(canvas)
    assert box["width"] == 280
    finger = page.context.new_cdp_session(page)
    path = [(255 - 20 * step, 12 + 22 * step) for step in range(10)]
    for index, (x, y) in enumerate(path):
        finger.send(
            "Input.dispatchTouchEvent",
            {
                "type": "touchMove" if index else "touchStart",
                "touchPoints": [{"x": box["x"] + x, "y": box["y"] + y}],
            },
        )
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    images = page.get_by_test_id("stImage").locator("img")
    expect(images.first).to_be_visible()
    assert drawn(page) > 5
    finished(page)
    answer, box = images.nth(1).bounding_box(), canvas.bounding_box()
    assert answer
    assert box
    assert answer["y"] + answer["height"] - box["y"] < 844  # both are on screen together
    assert answer["y"] == images.first.bounding_box()["y"]  # clean, noisy and restored in one line
    for image in images.all():
        assert unscaled(image)


def test_curves_are_computed_beside_the_page_and_come_one_by_one(opened, capsys):
    page, start = opened, monotonic()
    page.get_by_role("button", name=re.compile("^Compute")).click()
    expect(page.get_by_test_id("stProgress")).to_be_visible()
    expect(page.get_by_test_id("stPlotlyChart")).to_be_visible()
    with capsys.disabled():
        print(f"\nfirst curve on screen after {monotonic() - start:.1f} s")
    stroke(page, (140, 40), (140, 240))  # nothing waits for them
    expect(page.get_by_text(TOLD)).to_be_visible()
