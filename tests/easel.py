"""A hand at the mouse: strokes on a canvas, and what the canvas shows, in a real browser."""

from time import monotonic

from browsing import eventually, finished
from playwright.sync_api import FloatRect, Locator, Page, Position, expect

CANVAS = "canvas.upper-canvas"


def press(element: Locator, at: Position | None = None) -> FloatRect:
    """Press the mouse in an element's middle or another point, and hold it. Returns where the element is."""
    element.scroll_into_view_if_needed()  # all of it: what follows is not to leave the window
    element.hover(position=at)  # once it rests, and nothing lies above it there
    element.page.mouse.down()
    box = element.bounding_box()
    assert box
    return box


def stroke(page: Page, *points: tuple[float, float], on: str = CANVAS) -> float:
    """Press the mouse, draw a line through points of an element, and let go. Returns when it was let go."""
    (x, y), *rest = points
    box = press(page.locator(on), {"x": x, "y": y})
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=4)
    let_go = monotonic()
    page.mouse.up()
    return let_go


def loaded(page: Page) -> bool:
    """Whether the canvas shows what it begins with, on black; a stroke before that is wiped out by it."""
    return page.locator("canvas.dc-canvas.lower-canvas").evaluate(
        "canvas => canvas.getContext('2d').getImageData(5, 5, 1, 1).data[3] === 255"
    )


def drawn(page: Page) -> float:
    """The mean of what the canvas shows."""
    return page.locator("canvas.dc-canvas.lower-canvas").evaluate(
        """canvas => {
            const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            return pixels.reduce((sum, value, index) => sum + (index % 4 ? 0 : value), 0) / pixels.length * 4;
        }"""
    )


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.get_by_text("The canvas is empty")).to_be_visible()
    finished(page)
    eventually(lambda: drawn(page) == 0 and loaded(page))
