"""A training killed at any moment leaves every finished run as it was, and goes on as if never cut.

Killed for good, by SIGKILL: nothing in the process can tidy up after itself. `python tests/test_crash.py`
is the process that trains; it loads torch once and forks a child for every death.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import safetensors.torch
from images import TINY_DIGITS, experiment, image_set

from aecore import runs
from aecore.data import SOURCES
from aecore.losses import evaluate
from aecore.runs import execution
from aecore.runs.execution import create, execute

REPOSITORY = Path(__file__).resolve().parents[1]
IMAGES = image_set()
TRAINED_BEFORE = {"epochs": 1, "seed": 1}
CUT = {"epochs": 3, "schedule": "one-cycle"}

Die = Callable[[], None]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_on_call(number: int) -> Die:
    """A function whose `number`th call is the process's last."""
    calls = iter(range(1, number))
    return lambda: next(calls, None) is None and die()


def before_fsync(number: int) -> None:
    fsync, count = os.fsync, die_on_call(number)
    os.fsync = lambda handle: (count(), fsync(handle))


def before_replace(number: int) -> None:
    replace, count = os.replace, die_on_call(number)
    os.replace = lambda *paths: (count(), replace(*paths))


def after_replace(number: int) -> None:
    replace, count = os.replace, die_on_call(number)
    os.replace = lambda *paths: (replace(*paths), count())


def before_unlink(number: int) -> None:
    unlink, count = os.unlink, die_on_call(number)
    os.unlink = lambda *path, **how: (count(), unlink(*path, **how))


def half_written(number: int) -> None:
    """Leave rubbish in the `number`th file that is opened for writing, whichever way, and die."""
    home, serialize = os.environ["AECORE_HOME"], safetensors.torch.serialize_file
    left = number

    def write_half(path: str) -> None:
        nonlocal left
        left -= path.startswith(home)
        if not left:
            left = -1  # the next line is watched too
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.write(handle, b"half")
            die()

    def watch(event: str, arguments: tuple) -> None:
        # a folder is opened for a file that never gets a name: nothing of it is left behind
        if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR) and not os.path.isdir(arguments[0]):
            write_half(str(arguments[0]))

    def watched(tensors, path, **how):
        write_half(str(path))
        serialize(tensors, path, **how)

    sys.addaudithook(watch)
    safetensors.torch.serialize_file = watched


DEATHS = {
    death.__name__: death
    for death in (before_fsync, before_replace, after_replace, before_unlink, half_written)
}


def main(folder: Path) -> None:
    """Make homes `<death>-<number>`, in each of which a second run was killed, and `<death>-uncut`."""
    SOURCES["digits"] = TINY_DIGITS
    execution.SECONDS_BETWEEN_SAVES = 0
    before = folder / "before"
    os.environ["AECORE_HOME"] = str(before)
    list(execute(create(experiment(**TRAINED_BEFORE)), IMAGES, "cpu"))
    for name, death in DEATHS.items():
        number, killed = 0, True
        while killed:
            number += 1
            home = shutil.copytree(before, folder / f"{name}-{number:03}")
            killed = train_in_a_child(home, lambda death=death, number=number: death(number))
        home.rename(folder / f"{name}-uncut")  # it got away


def train_in_a_child(home: Path, prepare: Die) -> bool:
    """Whether it was killed; the last one is not, having fewer writes than that."""
    child = os.fork()
    if not child:
        os.environ["AECORE_HOME"] = str(home)
        prepare()
        try:
            list(execute(create(experiment(**CUT)), IMAGES, "cpu"))
        except BaseException:  # in a fork nothing else would say what went wrong
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def environment(home: Path) -> dict[str, str]:
    path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "tests")])
    return {**os.environ, "PYTHONPATH": path, "AECORE_HOME": str(home)}


@pytest.fixture(autouse=True)
def tiny_digits(monkeypatch):
    monkeypatch.setitem(SOURCES, "digits", TINY_DIGITS)


@pytest.fixture(scope="module")
def homes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("homes")
    subprocess.run(
        [sys.executable, __file__, str(folder)], cwd=REPOSITORY, env=environment(folder), check=True
    )
    return folder


def opened(monkeypatch, home: Path) -> Iterator[runs.Run]:
    monkeypatch.setenv("AECORE_HOME", str(home))
    assert runs.damaged_runs() == []
    return iter(sorted(runs.list_runs(), key=lambda run: run.experiment.train.seed == 0))


def facts(run: runs.Run) -> dict:
    """All that a run says but for the time it took."""
    history = runs.read_history(run.folder)
    return {
        "result": run.result.replace(seconds=1, images_per_second=1),
        "losses": history.losses,
        "epochs": [{**vars(epoch), "seconds": None} for epoch in history.epochs],
        "weights": (run.folder / "weights.safetensors").read_bytes(),
        "checkpoints": {path.name: path.read_bytes() for path in (run.folder / "checkpoints").iterdir()},
        "names": {str(path.relative_to(run.folder)) for path in run.folder.rglob("*")} - {".lock"},
    }


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("death", DEATHS)
def test_killed_at_any_write_a_run_is_absent_or_goes_on_as_if_never_cut(monkeypatch, homes, death):
    before, uncut = map(facts, opened(monkeypatch, homes / f"{death}-uncut"))
    cut = sorted(homes.glob(f"{death}-[0-9]*"))
    assert len(cut) >= 17  # as often as a run writes a file
    absent = interrupted = over = 0
    for home in cut:
        finished, *others = opened(monkeypatch, home)
        assert facts(finished) == before
        assert evaluate(runs.load(finished, "cpu"), IMAGES.test_images) == finished.result.test_mse
        if not others:
            absent += 1
            continue
        (run,) = others
        if run.status == "interrupted":
            interrupted += 1
            list(execute(run, IMAGES, "cpu"))
        else:
            over += 1
            with pytest.raises(runs.RunError, match="is over"):  # but for tidying up, which this does
                next(execute(run, IMAGES, "cpu"))
        run = runs.get(run.id)
        assert run.status == "finished"
        assert facts(run) == uncut
        assert evaluate(runs.load(run, "cpu"), IMAGES.test_images) == uncut["result"].test_mse
    late = death in ("after_replace", "before_unlink")  # when the file is already in its place
    assert (bool(absent), interrupted > 10, bool(over)) == (not late, True, late)


LONG = {"epochs": 10_000, "seed": 3}


def train_long() -> None:
    """Train for an hour, or until killed, saying so after each saved epoch."""
    SOURCES["digits"] = TINY_DIGITS
    execution.SECONDS_BETWEEN_SAVES = 0
    for record in execute(create(experiment(**LONG)), IMAGES, "cpu"):
        if record.epoch:
            print(record.epoch.epoch, flush=True)


def test_a_training_killed_from_outside_was_running_and_is_interrupted(own_home):
    program = "import test_crash; test_crash.train_long()"
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=environment(own_home),
    )
    try:
        for line in child.stdout:
            if line == "5\n":
                break
        (run,) = runs.list_runs()
        assert run.status == "running"
        with pytest.raises(runs.RunError, match="is being trained by another process"):
            next(execute(run, IMAGES, "cpu"))
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    assert runs.get(run.id).status == "interrupted"

    records = execute(run, IMAGES, "cpu")
    steps = next(records).step
    records.close()
    assert steps > 30  # it went on after the fifth epoch at least
    losses = runs.read_history(run.folder).losses
    expected = []
    for record in execute(create(experiment(**LONG)), IMAGES, "cpu"):
        expected += record.losses
        if len(expected) >= len(losses):
            break
    assert losses == expected[: len(losses)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
