"""The Train page without a browser: how tests open and read it."""

from paging import opened
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

HOSTILE = "![x](http://example.org/x.png) <script>alert(1)</script> **bold** $x$ :red[red]"


def open_page(**address) -> AppTest:
    return opened("train", address)


def said(app: AppTest) -> str:
    """All sentences on the page."""
    kinds = (app.markdown, app.caption, app.text, app.error, app.warning, app.info)
    return "\n".join(one.value for kind in kinds for one in kind)


def button(app: AppTest, key: str):
    return app.button(key=key)


def cell(app: AppTest, key: str) -> Block:
    """The part of the form that holds the widget of this name."""
    blocks = [app.main]
    for block in blocks:
        inside = block.children.values()
        if any(getattr(one, "key", None) == key for one in inside):
            return block
        blocks += [one for one in inside if isinstance(one, Block)]
    raise AssertionError(f"no widget is called {key}")


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def keys(app: AppTest) -> set[str]:
    return {one.key for one in app.button}
