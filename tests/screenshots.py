"""Makes the pictures in docs/ again: every page in a real browser, on digits that may be shown anywhere."""

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import chromium
from browsing import FLAGS, REPOSITORY, Server, finished
from playwright.sync_api import Page, expect, sync_playwright

DOCS = REPOSITORY / "docs"
SETTINGS = "recipe=lab-32&dataset=digits"


def main() -> None:
    os.environ["AECORE_DATA"] = ""
    DOCS.mkdir(exist_ok=True)
    chrome = chromium.find()
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home", Path(folder) / "log")
        browser = playwright.chromium.launch(executable_path=chrome, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=1)
        page.set_default_timeout(120_000)
        try:
            take(page, server)
        finally:
            browser.close()
            server.end()


def take(page: Page, server: Server) -> None:
    page.goto(server.address)
    page.locator(".st-key-home_another button:enabled").wait_for()
    keep(page, "home")

    for code_size in (4, 16):  # something for the table of runs
        train(page, server, f"{SETTINGS}&code_size={code_size}&epochs=60")
        page.get_by_text("Finished", exact=True).wait_for()
    runs = [re.search("run=([a-z0-9-]+)", page.url)[1]]
    train(page, server, f"{SETTINGS}&epochs=400")
    page.get_by_text(re.compile(r"^Step [1-9],\d\d\d of")).wait_for()
    page.screenshot(path=DOCS / "train.png")
    runs.append(re.search("run=([a-z0-9-]+)", page.url)[1])

    page.goto(f"{server.address}/runs?runs={','.join(runs)}")
    page.get_by_test_id("stPlotlyChart").wait_for()
    keep(page, "runs")

    page.goto(f"{server.address}/reconstruct?model=zoo-digits-32")
    page.get_by_test_id("stImage").first.wait_for()
    keep(page, "reconstruct")

    page.goto(f"{server.address}/denoise?model=zoo-digits-denoiser&level=0.5")
    page.get_by_role("button", name="Undo").wait_for()
    page.get_by_text("brings the noisy picture from").wait_for()
    keep(page, "denoise")
    page.goto(f"{server.address}/latent?model=zoo-digits-2&a=p3&b=p40")
    page.locator(".st-key-map .nsewdrag").wait_for(state="attached")
    page.get_by_text("Look for pictures on the way").wait_for()
    keep(page, "latent")
    page.goto(f"{server.address}/features?model=zoo-digits-dictionary&sort=selectivity")
    page.locator(".st-key-sheet-picture img").wait_for()
    keep(page, "features")
    page.goto(f"{server.address}/compress?model=zoo-digits-32")
    page.get_by_role("button", name="Download the file (.aez)").wait_for()
    keep(page, "compress")
    page.goto(f"{server.address}/anomaly?model=zoo-digits-threes")
    page.get_by_text("tells best").wait_for()
    keep(page, "anomaly")
    page.goto(f"{server.address}/transform?model=zoo-patches-inpaint")
    page.get_by_role("button", name="Every picture (CSV)").wait_for()
    keep(page, "transform")
    page.goto(f"{server.address}/generate?model=zoo-digits-variational")
    page.get_by_text("trained to expect").wait_for()
    keep(page, "generate")
    page.goto(f"{server.address}/classify?model=zoo-digits-32")
    page.get_by_text("0 of 4 are there").wait_for(state="detached")
    page.get_by_test_id("stProgress").first.wait_for(state="detached")
    keep(page, "classify")


def train(page: Page, server: Server, settings: str) -> None:
    page.goto(f"{server.address}/train?{settings}")
    button = page.locator(".st-key-train button")
    expect(button).to_be_enabled()
    finished(page)
    button.click()
    page.get_by_text(re.compile(r"^Step [1-9]|Finished")).first.wait_for()


def keep(page: Page, name: str) -> None:
    finished(page)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)  # what the browser has yet to draw
    page.screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
