"""Imports point one way, and the core needs no screen; listing and configuring need no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
CORE = REPOSITORY / "aecore"

LAYERS = [
    {"aecore"},  # the version
    {"aecore.errors", "aecore.home", "aecore.files"},
    {"aecore.settings"},
    {"aecore.config", "aecore.device"},
    {"aecore.data"},
    {"aecore.losses", "aecore.control", "aecore.progress"},
    {"aecore.models"},
    {"aecore.state", "aecore.objective"},
    {"aecore.training"},
    {"aecore.runs"},
    {"aecore.analysis"},
    {"aecore.compression"},
    {"aecore.recipes"},
    {"aecore.bench", "aecore.jobs", "aecore.reproduction", "aecore.zoo"},
    {"aecore.cli"},
    {"aecore.__main__"},
]
"""A module may import from its own layer and from those above it in this list."""

FILES = sorted(CORE.rglob("*.py"))


def module_of(path):
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


def layer_of(module):
    """Number of the layer that names the module or a package it is in, or None."""
    parents = [".".join(module.split(".")[:count]) for count in (3, 2)]
    for number, layer in enumerate(LAYERS):
        if (module in layer and module == "aecore") or layer & set(parents):
            return number
    return None


def imported(path):
    """Every module that a file imports anywhere in it, in functions and for type checks too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_layer_and_imports_none_below_it(module):
    own = layer_of(module)
    assert own is not None, f"{module} is in no layer: name it in LAYERS"
    for other in imported(MODULES[module]):
        if other.partition(".")[0] == "aecore":
            layer = layer_of(other)
            assert layer is not None
            assert layer <= own, f"{module} imports {other}, which stands on it"


@pytest.mark.parametrize("module", MODULES)
def test_the_core_imports_no_screen(module):
    packages = {other.partition(".")[0] for other in imported(MODULES[module])}
    assert not packages & {"streamlit", "plotly", "pages", "app"}


def fresh_process(program, *arguments):
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=REPOSITORY
    )


def test_every_module_of_the_core_imports_where_streamlit_is_not_installed():
    program = """
import importlib, sys

class NotInstalled:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"streamlit", "plotly", "pages"}:
            raise ModuleNotFoundError(f"No module named {name!r}")

sys.meta_path.insert(0, NotInstalled())
for name in sys.argv[1:]:
    importlib.import_module(name)
print("all of them")
"""
    answer = fresh_process(program, *MODULES)
    assert answer.stdout == "all of them\n", answer.stderr


def test_configuring_and_listing_need_no_torch():
    program = """
import sys
import aecore.config, aecore.control, aecore.data, aecore.progress, aecore.recipes, aecore.runs
aecore.runs.list_runs(), aecore.runs.zoo(), aecore.runs.damaged_runs()
print(sorted({"torch", "torchvision", "sklearn"} & sys.modules.keys()))
"""
    answer = fresh_process(program)
    assert answer.stdout == "[]\n", answer.stderr


def test_looking_at_the_queue_needs_neither_torch_nor_a_cluster():
    program = """
import sys
import aecore.runs
from aecore.jobs import Jobs
jobs = Jobs()
jobs.active(), jobs.position("run"), jobs.live("run"), jobs.message("run"), jobs.may_change("run", owner="me")
print({jobs.status(run) for run in aecore.runs.zoo()})
print(sorted({"torch", "torchvision", "sklearn", "distributed", "dask"} & sys.modules.keys()))
"""
    answer = fresh_process(program)
    assert answer.stdout == "{'finished'}\n[]\n", answer.stderr
