"""Training as people meet it: press Train, watch, go away, come back, nothing lost."""

import re
import shutil
import signal
from time import monotonic

import psutil
import pytest
from browsing import REPOSITORY, Server, eventually, finished, person, serving
from playwright.sync_api import Browser, Page, expect

from aecore.data import available

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "recipe=lab-32&dataset=digits&epochs=5000"
"""A training that does not end by itself while a test looks at it."""


def start(page: Page, server: Server, settings: str = LONG) -> str:
    """Press Train and wait for the first steps. Returns the run's id."""
    page.goto(f"{server.address}/train?{settings}")
    button = page.locator(".st-key-train button")
    expect(button).to_be_enabled()
    finished(page)
    button.click()
    expect_steps(page)
    return run_in(page)


def run_in(page: Page) -> str:
    return re.search(r"run=([a-z0-9-]+)", page.url)[1]


def status(page: Page, word: str):
    expect(page.get_by_test_id("stMain").get_by_text(word, exact=True).first).to_be_visible()


def stop(page: Page):
    page.locator(".st-key-stop button:visible").click()
    status(page, "Stopped")


def step(page: Page) -> int:
    """The number of steps that the page shows."""
    text = page.get_by_text(re.compile(r"^Step [\d,]+ of")).first.inner_text()
    return int(re.search(r"Step ([\d,]+)", text)[1].replace(",", ""))


def warm(worker: psutil.Process) -> bool:
    """Whether a worker has loaded PyTorch and taken its trial step: it is large, and at rest."""
    return worker.memory_info().rss > 4e8 and worker.cpu_percent(interval=0.3) < 10


def expect_steps(page: Page):
    expect(page.get_by_text(re.compile(r"^Step [1-9][\d,]* of"))).to_be_visible()


def loss(page: Page) -> float:
    metric = page.get_by_test_id("stMetric").filter(has_text="Training loss")
    return float(metric.get_by_test_id("stMetricValue").inner_text())


def expect_more_steps(page: Page):
    before = step(page)
    eventually(lambda: step(page) > before)


def test_train_watch_leave_and_come_back(server, page, browser, capsys):
    dataset = "mnist" if available("mnist") else "digits"
    page.goto(f"{server.address}/train?recipe=lab-32&dataset={dataset}&epochs=5000")
    button = page.locator(".st-key-train button")
    expect(button).to_be_enabled()
    finished(page)
    eventually(lambda: any(warm(worker) for worker in server.workers()))
    clicked = monotonic()
    button.click()
    expect_steps(page)
    first_point = monotonic() - clicked
    with capsys.disabled():
        print(f"\nclick on Train to the first step on screen, {dataset}, warm engine: {first_point:.1f} s")

    first_loss = loss(page)
    eventually(lambda: loss(page) < first_loss / 1.5)
    run = run_in(page)
    picture = page.get_by_test_id("stImage").locator("img").last
    before = picture.get_attribute("src")
    eventually(lambda: picture.get_attribute("src") != before)
    expect(page.locator(".st-key-losses canvas").first).to_be_visible()

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    page.go_back()
    expect_more_steps(page)
    page.reload()
    expect_more_steps(page)

    with person(browser) as somebody_else:
        other = somebody_else.new_page()
        other.goto(f"{server.address}/train?run={run}")
        expect_more_steps(other)

    before, context = step(page), page.context
    page.close()
    page = context.new_page()  # nobody had it open meanwhile
    page.goto(f"{server.address}/train?run={run}")
    expect_steps(page)
    assert step(page) > before
    stop(page)
    expect(page.get_by_text("PCA").first).to_be_visible()
    page.reload()
    status(page, "Stopped")


def test_pause_step_and_go_on(server, page):
    start(page, server)
    page.locator(".st-key-pause button").click()
    status(page, "Paused")
    finished(page)  # the count comes with the word, from one event, but is drawn after it
    finished_steps = step(page)
    page.locator(".st-key-step button").click()
    eventually(lambda: step(page) == finished_steps + 1)
    page.locator(".st-key-go_on button").click()
    status(page, "Training")
    expect_more_steps(page)
    stop(page)


def test_a_killed_worker_is_one_sentence_and_the_queue_goes_on(server, page, context):
    start(page, server)
    second = context.new_page()
    second.goto(f"{server.address}/train?recipe=lab-32&dataset=digits&epochs=3000")
    expect(second.locator(".st-key-train button")).to_be_enabled()
    finished(second)
    second.locator(".st-key-train button").click()
    expect(second.get_by_text(re.compile("Number 1 in the queue"))).to_be_visible()
    for worker in server.workers():
        worker.kill()
    status(page, "Failed")
    expect(page.get_by_text(re.compile("ended from outside"))).to_be_visible()
    expect_steps(second)
    stop(second)


FORCED = (
    "client.showErrorDetails=false",
    "runner.fastReruns=true",
    "server.runOnSave=true",
    "server.enableXsrfProtection=true",
)
"""What Community Cloud sets whatever an app says; and browser.gatherUsageStats, which asks other machines."""


def test_a_saved_file_does_not_end_a_training(own_home, tmp_path, page):
    """A push to Community Cloud reloads the live process in the same way."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in ("app.py", "pages", "aecore", ".streamlit"):
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / part)
    options = ("server.fileWatcherType=poll", *FORCED)
    with serving(own_home, tmp_path / "server.log", *options, app=copy / "app.py") as server:
        run = start(page, server)
        for file in ("pages/shared/wording.py", "aecore/jobs/queue.py", "aecore/settings.py"):
            with (copy / file).open("a") as code:
                code.write("\n# saved again\n")
            expect_more_steps(page)
        page.reload()
        expect_more_steps(page)
        page.locator(".st-key-stop button:visible").click()
        status(page, "Stopped")
        page.goto(f"{server.address}/runs?runs={run}")
        page.get_by_role("button", name="Name and note").first.click()
        page.get_by_role("dialog").get_by_label("Name").fill(" ")
        page.get_by_role("dialog").get_by_role("button", name="Save").click()
        expect(page.get_by_text("the name has 0 characters: choose 1 to 100")).to_be_visible()
        page.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_server_that_ends_leaves_no_process_and_loses_nothing(own_home, tmp_path, page, how):
    server = Server(own_home, tmp_path / "server.log")
    run = start(page, server)
    page.goto("about:blank")
    family = server.family()
    server.end(how)
    _, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    with serving(own_home, tmp_path / "next.log") as following:
        page.goto(f"{following.address}/train?run={run}")
        status(page, "Failed")
        page.get_by_role("button", name="Resume").click()
        expect_steps(page)
        page.close()


def test_visitors_of_a_public_host_stop_only_their_own(own_home, tmp_path, monkeypatch, browser: Browser):
    monkeypatch.setenv("AECORE_PUBLIC", "1")
    log = tmp_path / "server.log"
    with serving(own_home, log) as server, person(browser) as own, person(browser) as other:
        page, stranger = own.new_page(), other.new_page()
        run = start(page, server, "recipe=lab-32&dataset=digits&epochs=500&hidden=1024")
        page.locator(".st-key-pause button").click()
        status(page, "Paused")
        stranger.goto(f"{server.address}/train?run={run}")
        expect_steps(stranger)
        expect(stranger.locator(".st-key-stop button:visible")).to_be_disabled()
        page.reload()
        expect_steps(page)
        expect(page.locator(".st-key-stop button:visible")).to_be_enabled()
        page.locator(".st-key-stop button:visible").click()
        status(page, "Stopped")
