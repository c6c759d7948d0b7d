"""Runs of the tiny data set, for the tests of what runs leave behind."""

import json
import subprocess
import sys
from pathlib import Path

from images import experiment, image_set

from aecore import runs
from aecore.runs.execution import create, execute

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES = image_set()


def trained(**settings):
    run = create(experiment(**settings))
    list(execute(run, IMAGES, "cpu"))
    return runs.get(run.id)


def interrupted(**settings):
    run = create(experiment(**settings))
    records = execute(run, IMAGES, "cpu")
    next(records)
    records.close()
    return run


def names_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def without_seconds(history):
    return [{**vars(epoch), "seconds": None} for epoch in history.epochs]


def fresh_process(program, *arguments):
    """Without torch: listing and noting need none, so this takes half a second."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def change_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
