"""A frozen record of settings that explains itself: its limits, and every mistake, in words."""

import difflib
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from aecore.errors import LabError


class SettingsError(LabError):
    """A setting that cannot be: one sentence with the value and the way out."""


class Record(BaseModel):
    """A frozen group of settings, checked once, when it is made.

    Raises SettingsError, on construction, for an unknown name or a value outside its limits.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False, validate_default=True
    )

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # the first complaint about each setting: the others follow from it
            first = {one["loc"][:1]: _sentence(type(self), one) for one in reversed(error.errors())}
            raise SettingsError("; ".join(reversed(first.values()))) from None

    def replace(self, **changes: Any) -> Self:
        """A copy with some settings changed, checked like a new record."""
        return type(self)(**{**self.model_dump(), **changes})


def limits(schema: dict[str, Any]) -> str:
    """What a setting may be, in words, from its JSON schema: "a whole number, 1 to 64", "mse, bce or l1"."""
    if "anyOf" in schema:
        return ", or ".join("none" if one.get("type") == "null" else limits(one) for one in schema["anyOf"])
    if "type" not in schema:
        return "a group of settings"
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return either(schema["enum"])
    if schema.get("type") == "boolean":
        return "true or false"
    if schema.get("type") == "array":
        item = schema.get("items") or schema["prefixItems"][0]
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", "any number of")
        count = most if fewest in (0, most) else f"{fewest} to {most}"
        most_of = "at most " if not fewest else ""
        return f"{most_of}{count} whole numbers separated by commas, each {_bounds(item)}"
    if schema["type"] == "string":
        return schema.get("limits", "a word")
    if schema["type"] == "integer":
        return ", ".join(filter(None, ["a whole number", _bounds(schema)]))
    return _bounds(schema) or "a number"


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{low:,} to {high:,}"
    words = {"minimum": "{:,} or more", "exclusiveMinimum": "more than {:,}"}
    words |= {"maximum": "at most {:,}", "exclusiveMaximum": "less than {:,}"}
    return " and ".join(text.format(schema[key]) for key, text in words.items() if key in schema)


def either(choices: Iterable[Any]) -> str:
    """Choices in words: "a, b or c"."""
    *most, last = map(str, choices)
    return f"{', '.join(most)} or {last}" if most else last


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That `name` is none of those known, with the closest one or all of them."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
    return f"{name} is not a {what}: {hint}"


def _sentence(record: type[Record], error: Any) -> str:
    """One of pydantic's errors as "name is value: choose limits"."""
    kind, value = error["type"], error["input"]
    if kind == "value_error":  # our own words, from a nested record or a check across settings
        return str(error["ctx"]["error"])
    name = str(error["loc"][0])
    if kind == "extra_forbidden":
        return unknown("setting", name, record.model_fields)
    if kind.startswith("union_tag"):
        tag = error["ctx"]["discriminator"].strip("'")
        kinds = record.model_json_schema()["properties"][name]["discriminator"]["mapping"]
        return f"{tag} is {value.get(tag, 'missing')}: choose {either(kinds)}"
    if kind == "missing" and len(error["loc"]) == 1:
        return f"{name} is missing: choose {limits(record.model_json_schema()['properties'][name])}"
    if kind == "missing":  # one item of a list
        name, value = f"{name}[{error['loc'][1]}]", "missing"
    schema = record.model_json_schema()["properties"][str(error["loc"][0])]
    return f"{name} is {_in_words(value)}: choose {limits(schema)}"


def _in_words(value: Any) -> str:
    """A value as people write it: 1000000000 rather than 1000000000.0."""
    if value in ("", [], ()):
        return "empty"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() and value < 1e15 else str(value)
