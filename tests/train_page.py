"""The Train page without a browser: how tests open and read it."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

REPOSITORY = Path(__file__).resolve().parents[1]
HOSTILE = "![x](http://example.org/x.png) <script>alert(1)</script> **bold** $x$ :red[red]"


def open_page(**address) -> AppTest:
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=60).run()
    for key, value in address.items():
        app.query_params[key] = value
    return shown(app.switch_page("pages/train.py"))


def shown(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """All sentences on the page."""
    kinds = (app.markdown, app.caption, app.text, app.error, app.warning, app.info)
    return "\n".join(one.value for kind in kinds for one in kind)


def button(app: AppTest, key: str):
    return app.button(key=key)


def metrics(app: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in app.metric}


def keys(app: AppTest) -> set[str]:
    return {one.key for one in app.button}
