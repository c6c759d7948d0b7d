"""The frame around every page, in a real browser: deep links to a fresh server, moving about, cost."""

import re
from time import monotonic

import psutil
import pytest
from browsing import Server, eventually, finished, serving
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAGES = {
    "": ("Home", "Autoencoder Lab"),
    "train": ("Train", "Train"),
    "runs": ("Runs", "Runs"),
    "reconstruct": ("Reconstruct", "Reconstruct"),
    "denoise": ("Denoise", "Denoise"),
    "latent": ("Latent space", "Latent space"),
    "features": ("Features", "Features"),
    "compress": ("Compress", "Compress"),
    "anomaly": ("Anomaly", "Anomaly"),
    "classify": ("Classify", "Classify"),
    "transform": ("Transform", "Transform"),
    "generate": ("Generate", "Generate"),
}
"""Address of every page: its name in the menu, and its title."""


def expect_page(page: Page, address: str):
    """The page is there, finished, and inside the frame of app.py."""
    name, title = PAGES[address]
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page).to_have_title(f"{name} · Autoencoder Lab")
    expect(page.get_by_test_id("stSidebarNavLink")).to_have_count(len(PAGES))
    # for a moment, while the page is drawn anew, it may be there twice
    expect(page.get_by_test_id("stSidebar").get_by_text("Device").filter(visible=True)).to_have_count(1)
    finished(page)


def test_first_paint_of_a_fresh_server(cold_server, page, capsys):
    start = monotonic()
    page.goto(cold_server.address)
    expect(page.get_by_role("heading", name="Autoencoder Lab", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stImage").first).to_be_visible()
    painted = monotonic() - start
    expect_page(page, "")
    with capsys.disabled():
        print(f"\nfirst paint, with a picture, on a fresh server: {painted:.1f} s")


@pytest.mark.parametrize("address", [address for address in PAGES if address])
def test_a_deep_link_to_a_fresh_server_gets_the_frame(cold_server, page, address):
    page.goto(f"{cold_server.address}/{address}")
    expect_page(page, address)


CHANGE = """([name, title]) => new Promise((done) => {
    const start = performance.now();
    let shown = 0;
    const look = () => {
        const now = performance.now() - start;
        const there = document.querySelector("h1")?.innerText === title;
        const seen = [...document.querySelectorAll(
            "[data-testid=stMain] :is(img, canvas, .main-svg, [data-testid=stNumberInput])"
        )].some((one) => one.getBoundingClientRect().height && one.getBoundingClientRect().top < innerHeight);
        if (there && seen) shown ||= now;
        const state = document.querySelector("[data-testid=stApp]").dataset.testScriptState;
        if (shown && state === "notRunning" || now > 60_000) done([shown / 1000, now / 1000]);
        else requestAnimationFrame(look);
    };
    [...document.querySelectorAll("[data-testid=stSidebarNavLink]")]
        .find((link) => link.innerText.includes(name)).click();
    look();
})"""
"""Go to a page by the menu: seconds to the first picture, figure, table or field on screen, and to the last,
as the browser's own clock has it; Playwright looks only now and then."""


@pytest.mark.slow
def test_moving_between_pages(server, page, capsys):
    page.goto(server.address)
    expect_page(page, "")
    seconds = {}
    for address in [*list(PAGES)[1:], ""] * 2:  # the second time everything is warm
        seconds[PAGES[address][0]] = page.evaluate(CHANGE, PAGES[address])
        expect_page(page, address)
    memory = memory_of(server)
    with capsys.disabled():
        print("\nwarm page change, to the first view and to the last figure below:")
        print(", ".join(f"{name} {shown:.2f} / {done:.2f} s" for name, (shown, done) in seconds.items()))
        print("memory:", ", ".join(f"{name} {used:.0f} MB" for name, used in memory.items()))


def memory_of(server: Server) -> dict[str, float]:
    """Resident megabytes once the engine's worker is warm; shared libraries count in each."""
    eventually(lambda: any(worker.memory_info().rss > 4e8 for worker in server.workers()))
    engine = next(process for process in server.family() if process.cmdline()[-1:] == ["engine"])
    trainer = next(worker for worker in server.workers() if worker in engine.children(recursive=True))
    processes = {"server": psutil.Process(server.process.pid), "engine": engine, "worker": trainer}
    return {name: process.memory_info().rss / 1e6 for name, process in processes.items()}


def test_the_address_keeps_device_and_model(server, page):
    page.goto(f"{server.address}/reconstruct?model=zoo-digits-32&device=cpu")
    expect_page(page, "reconstruct")
    expect(page.get_by_test_id("stSidebar").get_by_text("trained on Handwritten digits")).to_be_visible()
    again = page.context.new_page()
    again.goto(page.url)
    for reopened in (page, again):
        reopened.reload()
        expect_page(reopened, "reconstruct")
        expect(
            reopened.get_by_test_id("stSidebar").get_by_text("trained on Handwritten digits")
        ).to_be_visible()
        assert "model=zoo-digits-32" in reopened.url


def test_a_link_to_a_model_that_is_gone_goes_on_with_another(server, page):
    page.goto(f"{server.address}/reconstruct?model=gone-away-123456")
    expect_page(page, "reconstruct")
    expect(page.get_by_text(re.compile("no longer on this server"))).to_be_visible()


def test_two_servers_share_a_home(own_home, tmp_path, context):
    with serving(own_home, tmp_path / "one.log") as one, serving(own_home, tmp_path / "two.log") as two:
        for server in (one, two):
            page = context.new_page()
            page.goto(server.address)
            expect_page(page, "")
            page.close()
