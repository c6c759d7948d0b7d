"""A form made from the records of settings: a new field in a record appears by itself.

Every widget's key is the setting's name. It is bound to the URL, which holds only what differs from the
experiment the form began with, so that a link to the page carries the changed settings.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aecore.config import MODEL_CONFIGS, PHASES, Experiment, ModelConfig
from aecore.recipes import RECIPES
from pages.shared import field, launch
from pages.shared.groups import grouped
from pages.shared.wording import plain, sentence, within

FIRST = ("kind", "code_size", "hidden", "channels", "epochs", "batch_size", "learning_rate", "loss")
"""Those that matter most, in this order; all others come after them, group by group."""

SHOWN = "shown"
"""The key of a field that nobody sees: it names what the form shows, and comes back from the browser.

A browser sends what is in its fields with every click, also when it has not yet got the form of a recipe or
kind that was chosen just before; those values are the ones of the form before.
"""

CHOSEN_APART = ("dataset", "image_shape")
"""They follow from the choice of a data set."""


def _apart(experiment: Experiment) -> set[str]:
    """Settings without a widget: those that follow from others."""
    return {*CHOSEN_APART, *type(experiment.model).settled}


Cells = dict[str, DeltaGenerator]
"""Where in the form each setting is."""


def settings(
    experiment: Experiment, first: DeltaGenerator, others: DeltaGenerator, cells: Cells
) -> Experiment:
    """The form, beginning with `experiment`; what people made of it.

    Draws the settings that matter most into `first`, the others into `others`, and notes in `cells` where.
    Raises SettingsError for values that cannot be, after drawing.
    """

    def ask(place: DeltaGenerator, name: str, schema: dict[str, Any], default: Any) -> None:
        cells[name] = place.container(gap="xxsmall")
        field.widget(cells[name], name, schema, default)

    ask(first, "kind", _schemas(experiment)["kind"], experiment.model.kind)
    original, experiment = experiment, _of_the_chosen_kind(experiment)
    schemas, defaults = _schemas(experiment), flat(experiment)
    for name in _begun_anew(original, experiment):
        st.session_state[name] = field.shown(schemas[name], defaults[name])
    apart = {"kind", *_apart(experiment)}
    for name in FIRST:
        if name in schemas and name not in apart:
            ask(first, name, schemas[name], defaults[name])
    for group, names in grouped(name for name in defaults if name not in {*FIRST, *apart}):
        others.markdown(f"**{group.title}**")
        others.caption(group.about)
        cell = others.grid(min_column_width=170, gap=("xsmall", "small"), key=f"settings-{group.title}")
        for name in names:
            ask(cell, name, schemas[name], defaults[name])
    _mark_as_shown(original, others)
    return as_it_stands(original)


def _mark_as_shown(original: Experiment, place: DeltaGenerator) -> None:
    st.session_state[SHOWN] = f"{_begun(original)} {st.session_state['kind']}"
    place.html(f"<style>.st-key-{SHOWN}-unseen {{ display: none }}</style>")
    place.container(key=f"{SHOWN}-unseen").text_input("What the form shows", key=SHOWN)


def _begun(original: Experiment) -> str:
    """Names a form by what it began with, and when."""
    return f"{st.session_state.get('begun', 0)} {original.recipe} {original.data.dataset}"


def shows(original: Experiment) -> bool:
    """Whether the browser's form is the one that began with this experiment."""
    return st.session_state.get(SHOWN, "").rpartition(" ")[0] == _begun(original)


def begin_anew() -> None:
    """Whatever the browser's form shows, it is another one's from now on."""
    st.session_state["begun"] = st.session_state.get("begun", 0) + 1


def as_it_stands(original: Experiment) -> Experiment:
    """What people made of `original` in the form, with what they changed after it was last drawn.

    Raises SettingsError for values that cannot be.
    """
    if not shows(original):
        return original
    experiment = _of_the_chosen_kind(original)
    drawn = flat(experiment).keys() - {*_apart(experiment), *_begun_anew(original, experiment)}
    schemas = _schemas(experiment)
    return experiment.with_settings(
        {name: field.meant(schemas[name], st.session_state[name]) for name in drawn & st.session_state.keys()}
    )


def _of_the_chosen_kind(original: Experiment) -> Experiment:
    kind = st.session_state["kind"]
    if kind not in MODEL_CONFIGS:  # which is said when all settings are put together
        return original
    return original.with_settings({"kind": kind})


def _begun_anew(original: Experiment, experiment: Experiment) -> set[str]:
    """What does not stay as it is in the form where `experiment` has another kind of network than was drawn.

    The kind's own settings, those of the original that it rules out, and those that the kind before had set.
    """
    kind = st.session_state["kind"]
    previous = st.session_state.get(SHOWN, "").rpartition(" ")[2] or kind
    if previous == kind or not shows(original):
        return set()
    own = type(experiment.model).model_fields.keys() - ModelConfig.model_fields.keys() | PHASES
    schemas, now = _schemas(experiment), flat(experiment)
    before = flat(original.with_settings({"kind": previous})) if previous in MODEL_CONFIGS else {}
    ruled_out = {name for name, value in flat(original).items() if now.get(name, value) != value}
    left_behind = {
        name
        for name, value in before.items()
        if now.get(name, value) != value and st.session_state.get(name) == field.shown(schemas[name], value)
    }
    return (own | ruled_out | left_behind) - {"kind"}


def mark(cells: Cells, problem: str) -> set[str]:
    """Write what is wrong below the settings that `problem` is about; their names."""
    about = set()
    for fault in problem.split("; "):
        name = fault.partition(" is ")[0].partition("[")[0]
        if name in cells:
            _, _, way_out = fault.partition(": ")
            cells[name].caption(f":red[{sentence(in_labels(way_out))}]")
            about.add(name)
    return about


def compare(cells: Cells, experiment: Experiment, original: Experiment) -> None:
    """Write below every setting that was changed what the experiment that the form began with has there."""
    before = _of_the_kind(original, experiment)
    for name in changes(experiment, original).keys() & cells.keys():
        cells[name].caption(f":blue[recipe: {plain(brief(before[name]))}]")


def begin(experiment: Experiment, keep: Mapping[str, Any]) -> None:
    """Make the form show `experiment` when it is drawn, apart from the settings in `keep`."""
    begin_anew()
    schemas = _schemas(experiment)
    for name, value in flat(experiment).items():
        if name not in (*_apart(experiment), *keep):
            st.session_state[name] = field.shown(schemas[name], value)


def show(experiment: Experiment) -> None:
    """For a button's callback on the page of the form: go to the form, with this experiment in it."""
    launch.leave()
    st.session_state["opened"] = experiment  # settings that the address gets in a callback reach no widget
    st.query_params.from_dict(link(experiment))


def unreadable(experiment: Experiment, asked: Mapping[str, str]) -> list[str]:
    """Those settings among the query parameters of a link whose widgets could not hold what it says."""
    kind = asked.get("kind")
    schemas = _schemas_of(kind if kind in MODEL_CONFIGS else experiment.model.kind)
    names = asked.keys() & schemas.keys() - {*CHOSEN_APART}
    return sorted(name for name in names if not field.can_hold(schemas[name], asked[name]))


def changes(experiment: Experiment, original: Experiment) -> dict[str, Any]:
    """The settings of `experiment` that are not those of `original`, but for the data set.

    Where the kinds differ, `original` is taken with the other kind's own defaults.
    """
    defaults = _of_the_kind(original, experiment)
    return {
        name: value
        for name, value in flat(experiment).items()
        if name not in _apart(experiment) and value != defaults[name]
    }


def _of_the_kind(original: Experiment, experiment: Experiment) -> dict[str, Any]:
    """The settings of `original`, with those of another kind of network where `experiment` has that."""
    kind = original.model.kind
    return flat(original.with_settings({"kind": experiment.model.kind})) | {"kind": kind}


def told(changed: Mapping[str, Any]) -> str:
    """Settings in a few words: code size 16, noise clip off."""
    return ", ".join(f"{within(field.label(name))} {brief(value)}" for name, value in changed.items())


def told_of(experiment: Experiment) -> str | None:
    """What it changes of the recipe it began as; None where that is not known here."""
    recipe, dataset = RECIPES.get(experiment.recipe), experiment.data.dataset
    if recipe is None or dataset not in recipe.datasets:
        return None
    return told(changes(experiment, recipe.on(dataset))) or "nothing"


def link(experiment: Experiment) -> dict[str, str]:
    """The query parameters with which the page shows this experiment."""
    dataset = experiment.data.dataset
    fitting = [recipe for recipe in RECIPES.values() if dataset in recipe.datasets]
    recipe = next((recipe for recipe in fitting if recipe.name == experiment.recipe), fitting[0])
    changed = changes(experiment, recipe.on(dataset))
    return {"recipe": recipe.name, "dataset": dataset, **in_url(changed)}


def in_url(values: Mapping[str, Any]) -> dict[str, str]:
    """Settings as they stand in a link."""
    return {
        name: str(value).lower() if isinstance(value, bool) else field.words(value, none="")
        for name, value in values.items()
    }


def brief(value: Any) -> str:
    """A value for people in few letters: on, 0.0833."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else field.words(value)


def in_labels(problem: str) -> str:
    """A sentence about settings with the names that the form gives them."""
    named = re.sub(
        r"[a-z0-9]+(?:_[a-z0-9]+)+",
        lambda name: within(field.label(name[0])) if name[0] in _names() else name[0],
        problem,
    )
    return re.sub(r"(?<=; )[a-z]", lambda first: first[0].upper(), named)


@cache
def _names() -> set[str]:
    return {name for kind in MODEL_CONFIGS for name in _schemas_of(kind)}


def flat(experiment: Experiment) -> dict[str, Any]:
    """Every setting by its bare name."""
    return {name: value for record in _groups(experiment).values() for name, value in record}


def _groups(experiment: Experiment) -> dict[str, Any]:
    return {"Model": experiment.model, "Data": experiment.data, "Training": experiment.train}


@cache
def _schemas_of(kind: str) -> dict[str, dict[str, Any]]:
    """The JSON schema of every setting that an experiment with this kind of model has."""
    experiment = Experiment().with_settings({"kind": kind})
    schemas = {}
    for record in _groups(experiment).values():
        schemas |= type(record).model_json_schema()["properties"]
    return schemas | {"kind": {**schemas["kind"], "enum": list(MODEL_CONFIGS)}}


def _schemas(experiment: Experiment) -> dict[str, dict[str, Any]]:
    return _schemas_of(experiment.model.kind)
