"""One setting's field: the widget that fits it, and a value as the widget, a link and people have it."""

import math
import re
from typing import Any

from streamlit.delta_generator import DeltaGenerator

MOST_CHARACTERS = 200
"""Of a list of numbers."""


def label(name: str) -> str:
    """Such as "Learning rate" or "KL weight"."""
    return re.sub(
        r"\b(kl|l1)\b", lambda word: word[0].upper(), name.replace("_", " ").capitalize(), flags=re.I
    )


def words(value: Any, none: str = "none") -> str:
    """A value for people: 512, 256 for a list."""
    if value is None:
        return none
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def widget(place: DeltaGenerator, name: str, schema: dict[str, Any], default: Any) -> Any:
    """The widget that fits a setting's schema; returns what it says, for a record to check."""
    what: dict[str, Any] = {
        "label": label(name),
        "key": name,
        "help": schema.get("description"),
        "bind": "query-params",
    }
    if "enum" in schema or "const" in schema:
        options = schema.get("enum") or [schema["const"]]
        held = place.selectbox(options=options, index=options.index(default), **what)
    elif schema.get("type") == "boolean":
        held = place.toggle(value=default, **what)
    elif schema.get("type") in ("integer", "number"):
        whole = schema["type"] == "integer"
        held = place.number_input(  # without limits: past them it would keep the old value and say nothing
            value=default,
            step=1 if whole else step(default),
            format="%d" if whole else "%g",
            **what,
        )
    else:
        held = place.text_input(
            value=shown(schema, default), placeholder="none", max_chars=MOST_CHARACTERS, **what
        )
    return meant(schema, held)


def _in_words(schema: dict[str, Any]) -> bool:
    """Whether the widget is one for text."""
    chosen = "enum" in schema or "const" in schema
    return not chosen and schema.get("type") not in ("boolean", "integer", "number")


def shown(schema: dict[str, Any], value: Any) -> Any:
    """A value as its widget holds it."""
    return words(value, none="") if _in_words(schema) else value


def meant(schema: dict[str, Any], held: Any) -> Any:
    """What a widget holds as a value, for a record to check."""
    if not _in_words(schema):
        return held
    said = held.strip()
    return None if "anyOf" in schema and said in ("", "none") else said


def can_hold(schema: dict[str, Any], text: str) -> bool:
    """Whether `widget` for this schema takes what stands in a link; an empty number is its default."""
    if options := schema.get("enum"):
        return text in options
    if schema.get("type") == "boolean":
        return text.lower() in ("true", "false")
    if schema.get("type") in ("integer", "number"):
        try:
            number = float(text or 0)
        except ValueError:
            return False
        whole = schema["type"] == "integer"
        return number.is_integer() and abs(number) < 2**53 if whole else math.isfinite(number)  # JavaScript's
    return True


def step(value: float) -> float:
    """One in the value's first digit."""
    return 10.0 ** math.floor(math.log10(value)) if value else 0.01
