"""The form of the Train page and the table of runs in a real browser: settings, links, Back."""

import re
from urllib.request import urlopen

import pytest
from browsing import PATIENCE, eventually, finished
from playwright.sync_api import Page, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from aecore import runs
from aecore.recipes import RECIPES
from aecore.runs.database import writing

pytestmark = [pytest.mark.browser, pytest.mark.slow]
expect.set_options(timeout=PATIENCE)


def open_form(page: Page, address: str, settings: str):
    page.goto(f"{address}/train?{settings}")
    ready(page)


def ready(page: Page):
    expect(page.locator(".st-key-train button")).to_be_enabled()
    expect(page.locator(".st-key-network canvas")).to_be_visible()
    finished(page)


def field(page: Page, name: str):
    return page.locator(f".st-key-{name} input").first


def fill(page: Page, name: str, value: int):
    field(page, name).fill(str(value))
    field(page, name).press("Enter")
    expect(page).to_have_url(re.compile(rf"[?&]{name}={value}\b"))
    finished(page)


def choose(page: Page, name: str, title: str):
    field(page, name).fill(title)  # a list shows only as many as fit; who types sees fewer
    page.get_by_role("option", name=title).click()


def expect_fields(page: Page, **values: str):
    for name, value in values.items():
        expect(field(page, name)).to_have_value(value)


def parameters(page: Page) -> dict[str, str]:
    return dict(pair.split("=") for pair in page.url.partition("?")[2].split("&") if pair)


def train(page: Page):
    page.locator(".st-key-train button").click()
    expect(page.get_by_text("Test error")).to_be_visible()
    finished(page)


def test_another_recipe_begins_with_its_settings_and_back_undoes_it_in_one_step(server, page):
    open_form(page, server.address, "recipe=lab-32&dataset=digits")
    fill(page, "epochs", 7)
    fill(page, "code_size", 5)
    choose(page, "recipe", "TensorFlow tutorial")
    expect_fields(page, epochs="86", code_size="64", weight_std="0.05")
    expect(page).to_have_url(re.compile(r"\?recipe=tf-64&dataset=digits$"))
    finished(page)
    page.go_back()
    expect_fields(page, epochs="7", code_size="5", weight_std="")
    assert parameters(page) == {"recipe": "lab-32", "dataset": "digits", "epochs": "7", "code_size": "5"}


def test_two_edits_at_once_are_both_kept(server, page):
    open_form(page, server.address, "recipe=lab-32&dataset=digits")
    for size in range(50, 55):
        field(page, "code_size").fill(str(size))  # leaving the field for a click is what commits it
        before = int(field(page, "epochs").input_value())
        page.locator(".st-key-epochs").get_by_role("button").last.click()
        expect_fields(page, code_size=str(size), epochs=str(before + 1))
        expect(page).to_have_url(re.compile(f"code_size={size}"))
        finished(page)
    expect_fields(page, code_size="54", epochs="405")


@pytest.mark.parametrize(("name", "value"), [("epochs", "7"), ("hidden", "20, 10")])
def test_what_was_typed_last_is_what_a_click_on_train_trains(server, page, name, value):
    """With the click, the field's new value reaches the app, which has not drawn the form with it yet."""
    before = {*server.home.glob("runs/*")}
    open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=2&hidden=8")
    field(page, name).fill(value)
    page.locator(".st-key-train button").click()
    expect(page.get_by_text("Test error")).to_be_visible()
    [run] = {*server.home.glob("runs/*")} - before
    trained = runs.get(run.name).experiment
    assert {"epochs": str(trained.epochs), "hidden": ", ".join(map(str, trained.model.hidden))}[name] == value


def test_a_recipe_chosen_just_before_the_click_is_trained_as_it_is(server, page):
    """The click still brings the values of the form before: the browser has not got the new one yet."""
    before = {*server.home.glob("runs/*")}
    open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=2&hidden=8")
    button = page.locator(".st-key-train button")
    choose(page, "recipe", "GeeksforGeeks, convolutional")
    button.dispatch_event("click")  # at once, wherever it is by now
    expect(page.get_by_text("Test error")).to_be_visible()
    [run] = {*server.home.glob("runs/*")} - before
    assert runs.get(run.name).experiment == RECIPES["gfg-9-conv"].on("digits")


def test_a_click_on_train_does_not_train_what_was_there_before_a_mistake(server, page):
    before = {*server.home.glob("runs/*")}
    open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=2&hidden=8")
    field(page, "batch_size").fill("0")
    page.locator(".st-key-train button").click()
    expect(page.get_by_text("Batch size is 0")).to_have_count(1)
    expect(page.locator(".st-key-train button")).to_be_disabled()
    finished(page)
    assert {*server.home.glob("runs/*")} == before


def test_a_link_that_no_field_can_hold_is_told_of_and_back_leads_to_no_trap(server, page):
    open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=1e999&code_size=16")
    expect(page.get_by_text("The linked epochs (1e999) cannot be")).to_be_visible()
    expect_fields(page, code_size="16", epochs="400")
    assert parameters(page) == {"recipe": "lab-32", "dataset": "digits", "code_size": "16"}
    fill(page, "batch_size", 100)
    page.go_back()  # to the broken link
    ready(page)
    assert parameters(page) == {"recipe": "lab-32", "dataset": "digits"}

    page.goto(f"{server.address}/train?recipe=lab-32&dataset=digits&epochs=2.5&validation_share=0.9")
    expect(page.get_by_text("The linked epochs (2.5) cannot be")).to_be_visible()
    expect(page.get_by_text("Validation share is 0.9")).to_be_visible()


def test_a_double_click_trains_once_and_a_link_brings_only_its_own_settings(
    cold_server, page, context, own_home
):
    settings = "recipe=lab-32&dataset=digits&epochs=2&code_size=3&kind=conv&channels=4"
    open_form(page, cold_server.address, settings)
    page.locator(".st-key-train button").dblclick()
    expect(page.get_by_text("Test error")).to_be_visible()
    assert len(list((own_home / "runs").iterdir())) == 1
    page.go_back()  # by now the browser has heard of the run: this is somebody's wish
    ready(page)
    expect_fields(page, epochs="2", code_size="3", channels="4")

    other = context.new_page()
    open_form(other, cold_server.address, "recipe=gfg-9&dataset=digits")
    fill(other, "batch_size", 999)
    other.get_by_test_id("stSidebarNavLink").filter(has_text="Runs").click()
    expect(other.get_by_test_id("stDataFrame")).to_be_visible()
    finished(other)
    first_box = {"x": 16, "y": 35 + 17}  # of the table's rows, drawn on a canvas
    other.get_by_test_id("stDataFrame").click(position=first_box)
    expect(other).to_have_url(re.compile(r"runs=lab-32-digits-"))
    other.get_by_role("link", name="Open the training").click()
    expect(other.get_by_text("Test error")).to_be_visible()
    other.locator(".st-key-again button").click()
    ready(other)
    assert parameters(other) == dict(pair.split("=") for pair in settings.split("&"))
    expect_fields(other, epochs="2", code_size="3", channels="4", batch_size="64")
    other.go_back()
    expect(other.get_by_text("Test error")).to_be_visible()
    other.locator(".st-key-another button").click()
    ready(other)
    expect_fields(other, epochs="2", code_size="3")


@pytest.mark.parametrize("then", ["a second click", "an edit"])
def test_what_comes_while_the_training_is_being_queued_leads_to_it(server, page, then):
    """For the second, Streamlit breaks off the first click's callback at its next look into the session."""
    with page.expect_websocket() as socket:
        open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=1&hidden=8")
    before = {*server.home.glob("runs/*")}
    button = page.locator(".st-key-train button")
    with writing() as database:
        database.execute("BEGIN IMMEDIATE")  # whoever queues a run waits for its turn to write
        button.click()
        eventually(lambda: {*server.home.glob("runs/*")} - before)
        with socket.value.expect_event("framesent"):
            if then == "an edit":
                field(page, "epochs").fill("2")
                field(page, "epochs").press("Enter")
            else:
                button.click()
        urlopen(f"{server.address}/_stcore/health", timeout=10).close()  # in turn after it
    expect(page.get_by_text("Test error")).to_be_visible()
    [run] = {*server.home.glob("runs/*")} - before
    assert parameters(page) == {"run": run.name}


def test_a_late_word_of_the_form_does_not_lead_away_from_the_run(server, page):
    """The browser's first look at the run carries the form along until it hears that the form is gone."""
    holding, held, late = [], [], []

    def between(browser: WebSocketRoute):
        app = browser.connect_to_server()

        def from_browser(message: bytes):
            said = BackMsg.FromString(message).rerun_script
            app.send(message)
            if held and said.is_auto_rerun:
                late.extend(widget.id.rpartition("-")[2] for widget in said.widget_states.widgets)
                holding.clear()
                while held:
                    browser.send(held.pop(0))

        def from_app(message: bytes):
            if held or holding and ForwardMsg.FromString(message).WhichOneof("type") == "script_finished":
                held.append(message)
            else:
                browser.send(message)

        browser.on_message(from_browser)
        app.on_message(from_app)

    page.route_web_socket(re.compile("_stcore/stream"), between)
    open_form(page, server.address, "recipe=lab-32&dataset=digits&epochs=60&code_size=3")
    addresses = []
    page.on("framenavigated", lambda _: addresses.append(page.url))
    holding.append(True)
    page.locator(".st-key-train button").click()
    expect(page.get_by_text("Test error")).to_be_visible()
    assert {"recipe", "dataset"} <= set(late)
    assert parameters(page).keys() == {"run"}
    assert {*addresses} == {page.url}, "the address was another on the way"


def test_a_name_is_changed_and_runs_are_deleted_in_dialogs(cold_server, page, own_home):
    open_form(page, cold_server.address, "recipe=lab-32&dataset=digits&epochs=1&hidden=8")
    train(page)
    [folder] = (own_home / "runs").iterdir()
    page.goto(f"{cold_server.address}/runs?runs={folder.name}")
    page.get_by_role("button", name="Name and note").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(" ")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("the name has 0 characters: choose 1 to 100")).to_be_visible()
    dialog.get_by_label("Name").fill("*mine*")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    finished(page)
    page.get_by_role("button", name="Delete").first.click()
    expect(dialog.get_by_text(f"*mine* ({folder.name})")).to_be_visible()
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    assert folder.exists()
    page.get_by_role("button", name="Delete").first.click()
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("You have trained nothing here yet.")).to_be_visible()
    assert not folder.exists()
