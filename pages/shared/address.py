"""Choices that live in the page's address, so that every view can be shared as a link, and Back undoes them.

Streamlit's own binding writes labels into the address, and a run's label changes with its name; it also lets
what was chosen earlier win over the link just followed. Here each choice has a name that stays, and what the
address says, and nothing else, is what is chosen.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import streamlit as st


def choose(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: str,
    refusal: str,
    widget: Callable[..., Any] = st.selectbox,
    **settings: Any,
) -> str:
    """One of `options`: from names, as the address has them, to labels, as people read them.

    `widget` is Streamlit's selectbox, pills, segmented_control or select_slider, or one of a container's.
    Where a link asks for something else, it says `refusal` and goes on with the default.
    """
    name = asked(key, default, options.__contains__, refusal)
    st.session_state[key] = name
    if widget.__name__ in ("pills", "segmented_control"):
        settings["required"] = True  # or a second click would choose nothing
    widget(
        label,
        list(options),
        key=key,
        format_func=lambda name: options.get(name, name),
        on_change=_write_chosen,
        args=(key, default),
        **settings,
    )
    return name


def switch(
    label: str, *, key: str, default: bool, widget: Callable[..., Any] = st.toggle, **settings: Any
) -> bool:
    """A toggle or checkbox, `yes` or `no` in the address; anything else there is the default."""
    words = {True: "yes", False: "no"}
    on = st.query_params.get(key, words[default]) == "yes"
    st.session_state[key] = on
    widget(label, key=key, on_change=lambda: write(key, words[st.session_state[key]]), **settings)
    return on


def several(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: Sequence[str],
    known: Container[str],
    most: int,
    refusal: str,
    widget: Callable[..., Any] = st.multiselect,
    **settings: Any,
) -> list[str]:
    """At most `most` of `options`, in the order chosen; names with commas between them in the address.

    What is `known` but no option here is left out without a word: it was chosen beside something else.
    """

    def valid(names: str) -> bool:
        return all(name in known for name in names.split(",") if name)

    usual = ",".join(default)
    names = dict.fromkeys(asked(key, usual, valid, refusal).split(","))
    chosen = [name for name in names if name in options][:most]
    st.session_state[key] = chosen

    def write_them() -> None:
        _write_unless(key, ",".join(st.session_state[key]), usual)

    widget(
        label,
        list(options),
        key=key,
        format_func=lambda name: options.get(name, name),
        max_selections=most,
        on_change=write_them,
        **settings,
    )
    return chosen


def number(key: str, *, most: int, refusal: str) -> int:
    """A whole number from 0, its default, to `most`; buttons change it with `write`."""

    def valid(asked: str) -> bool:
        return asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) <= most

    return int(asked(key, "0", valid, refusal))


def all_but(
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    widget: Callable[..., Any] = st.pills,
    **settings: Any,
) -> list[str]:
    """Those of `options` that are chosen, all unless a link says otherwise; the address names the others."""
    left_out = st.query_params.get(key, "").split(",")
    chosen = [name for name in options if name not in left_out]

    def write_left_out() -> None:
        others = [name for name in options if name not in st.session_state[key]]
        write(key, ",".join(others)) if others else st.query_params.pop(key, None)

    st.session_state[key] = chosen
    widget(
        label,
        list(options),
        key=key,
        selection_mode="multi",
        format_func=lambda name: options.get(name, name),
        on_change=write_left_out,
        **settings,
    )
    return chosen


def write(key: str, value: str | int) -> None:
    """Choose something in a widget's callback; the run that follows draws the page with it."""
    st.query_params[key] = str(value)


def asked(key: str, default: str, valid: Callable[[str], bool], refusal: str) -> str:
    """What the address has under `key`; where that is not valid, it says `refusal` and takes the default."""
    asked = st.query_params.get(key, default)
    if valid(asked):
        return asked
    st.warning(refusal, icon=":material/link_off:")
    del st.query_params[key]
    return default


def _write_chosen(key: str, default: str) -> None:
    _write_unless(key, st.session_state[key], default)


def _write_unless(key: str, value: str, default: str) -> None:
    if value == default:
        st.query_params.pop(key, None)
    else:
        write(key, value)
