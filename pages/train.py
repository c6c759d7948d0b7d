"""Train: choose an experiment, change what you like, see what it will be, and watch it learn."""

import streamlit as st
from streamlit.column_config import NumberColumn
from streamlit.delta_generator import DeltaGenerator

from aecore.config import Experiment
from aecore.data import SOURCES, available
from aecore.errors import LabError
from aecore.jobs import limits
from aecore.recipes import RECIPES, Recipe
from pages.shared import field, form, launch, network, training, warm
from pages.shared.engine import jobs
from pages.shared.frame import ensure_frame
from pages.shared.wording import about, memory, plain, sentence, within

ensure_frame()


def choice(place: DeltaGenerator, label: str, titles: dict[str, str], *, key: str, default: str) -> str:
    """One of `titles`, by its name in the address; another name there is the default's."""
    name = st.query_params.get(key, default)
    st.session_state[key] = name if name in titles else default
    place.selectbox(
        label, list(titles), format_func=lambda name: titles.get(name, name), key=key, on_change=anew
    )
    if name not in titles:
        st.warning(
            f"The linked {label.lower()} ({plain(name[:60])}) cannot be chosen here: "
            f"going on with {titles[default]}."
        )
    return name if name in titles else default


def anew() -> None:
    """Another experiment or data set: the address starts again from there, in one step that Back undoes."""
    if "run" in st.query_params:  # the browser looks at a run, and has not heard yet that the form is gone
        return
    st.query_params.from_dict({key: st.session_state[key] for key in ("recipe", "dataset")})


def refuse_unreadable(original: Experiment, *, arriving: bool) -> None:
    """Take out of the address what no widget can hold, and note it for `say_unreadable`."""
    asked = st.query_params.to_dict()
    if unreadable := form.unreadable(original, asked):
        if arriving:
            for name in unreadable:
                del st.query_params[name]
        else:  # by Back: the form's widgets hold on to what stands there, but for everything at once
            st.query_params.from_dict({key: asked[key] for key in ("recipe", "dataset") if key in asked})
            form.begin_anew()
        st.session_state["unreadable"] = {name: asked[name] for name in unreadable}
        st.rerun()  # widgets look into the address of a run's beginning; an infinite number breaks theirs


def say_unreadable() -> None:
    """To be called where the page is no longer drawn anew: what is said just before that is lost."""
    for name, text in st.session_state.pop("unreadable", {}).items():
        st.toast(
            f"The linked {within(field.label(name))} ({plain(text[:60])}) cannot be: "
            "going on with the experiment's own.",
            icon=":material/link_off:",
            duration="long",
        )


def usual_dataset(recipe: Recipe) -> str:
    return next((dataset for dataset in recipe.datasets if available(dataset)), recipe.datasets[0])


def train(last: str) -> None:
    """For the button: train what the form says by now, which may not have been drawn yet.

    A field sends what was typed when the mouse goes down on the button, just before the click.
    """
    recipe, dataset = RECIPES[st.session_state["recipe"]], st.session_state["dataset"]
    original = recipe.on(dataset if dataset in recipe.datasets else usual_dataset(recipe))
    try:
        experiment = st.session_state["as-left"] = form.as_it_stands(original)
    except LabError:
        return  # the form says what is wrong
    launch.train(experiment, last)


def choose() -> Experiment:
    """A recipe on a data set, from which the form begins."""
    arriving = "train" not in st.session_state  # a button's state goes when it is no longer drawn
    linked = bool(st.query_params.keys() - {"device"})
    opened = st.session_state.pop("opened", None)
    if arriving and not linked and not opened and (opened := st.session_state.get("as-left")):
        st.query_params.update(form.link(opened))

    upper, lower = st.columns(2)
    titles = {recipe.name: recipe.title for recipe in RECIPES.values()}
    recipe = RECIPES[choice(upper, "Experiment", titles, key="recipe", default=next(iter(RECIPES)))]
    titles = {
        name: SOURCES[name].title + ("" if available(name) else " (will be downloaded first)")
        for name in recipe.datasets
    }
    dataset = choice(lower, "Images", titles, key="dataset", default=usual_dataset(recipe))
    st.caption(
        " ".join([recipe.source, recipe.note, *(f"Published: {figure}." for figure in recipe.published)]),
    )
    original = recipe.on(dataset)
    refuse_unreadable(original, arriving=arriving)
    if opened:
        form.begin(opened, keep={})
    elif arriving and linked or not arriving and not form.shows(original):
        form.begin(original, keep=st.query_params if arriving else {})
    return original


def plan(original: Experiment) -> None:
    """The form, what it would train, and the button that trains it."""
    left, right = st.columns([3, 2], gap="large")
    first = left.grid(min_column_width=130, gap=("xsmall", "small"), key="first-settings")
    below = left.container()
    others = st.expander(
        "All settings", icon=":material/tune:", expanded=st.session_state.get("wrong-below", False)
    )
    cells: form.Cells = {}
    experiment, problem, cost, made_of = original, "", None, []
    device = ""
    try:
        experiment = st.session_state["as-left"] = form.settings(original, first, others, cells)
        if not warm.ready():
            below.button("Train", key="not-yet", icon=":material/play_arrow:", disabled=True)
        with right:
            warm.wait()
        from aecore.analysis.estimate import estimate
        from aecore.analysis.layers import layers
        from aecore.device import choose as choose_device
        from aecore.runs.execution import check

        device = choose_device(st.session_state.get("device"))
        check(experiment)
        if limits.public():
            limits.check_experiment(experiment)
        made_of = layers(experiment.model)
        cost = estimate(experiment, device)
    except LabError as error:
        problem = str(error)
        if form.mark(cells, problem) - set(form.FIRST) and not st.session_state.get("wrong-below"):
            st.session_state["wrong-below"] = True  # opens the others, and leaves them open
            st.rerun()

    say_unreadable()
    with below:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                "Train",
                key="train",
                type="primary",
                icon=":material/play_arrow:",
                on_click=train,
                args=(launch.launched().run,),
                disabled=bool(problem),
            )
            if cost:
                st.markdown(
                    f"About **{about(cost.seconds)}** and **{memory(cost.memory)}** on `{device}`, "
                    f"{cost.parameters:,} parameters"
                )
        if problem:
            st.error(sentence(form.in_labels(problem)), icon=":material/block:")
        for warning in experiment.warnings if not problem else ():
            st.warning(warning, icon=":material/content_copy:")
        if cost and (too_long := limits.time_warning(cost.seconds)):
            st.warning(sentence(too_long), icon=":material/timer:")
        refused = st.session_state.pop("refused", "")
        if refused and refused != problem:
            st.error(sentence(form.in_labels(refused)), icon=":material/block:")
        if trouble := jobs().trouble:
            st.warning(sentence(trouble), icon=":material/warning:")
        form.compare(cells, experiment, original)
        if changed := form.changes(experiment, original):
            st.caption(f"Changed: {plain(form.told(changed))}. The address of this page carries it along.")

    if made_of:
        rows = network.bars(experiment.model, made_of)
        with right:
            st.echarts_chart(
                network.drawing(rows), height=network.height(rows), key="network", alt=network.in_words(rows)
            )
            st.caption(
                "A bar for what each layer hands on: the more numbers, the longer (four times as many, twice "
                "as long). On the right, the layer's parameters."
            )
        with others:
            st.caption("Layers")
            st.dataframe(
                network.table(made_of),
                column_config={"Parameters": NumberColumn(format="localized")},
                hide_index=True,
                alt="The layers, one per row",
            )


st.title("Train")
launch.lead_on()
if "run" in st.query_params:
    training.show(st.query_params["run"])
else:  # and no st.stop() above: after one, Streamlit leaves the form's settings bound to the address
    st.markdown(
        "Find out here what each setting does: choose an experiment, change what you like, watch it learn."
    )
    launch.offer_to_watch()
    plan(choose())
