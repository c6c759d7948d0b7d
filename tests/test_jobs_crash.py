"""Killed while it writes the database or replaces a zoo run, the lab loses neither.

`python tests/test_jobs_crash.py` is the process whose forks die, of a signal at a moment that nobody chose
(the database) or before each renaming in turn (the zoo).
"""

import dataclasses
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from jobs_engine import REPOSITORY, environment

from aecore import runs, zoo
from aecore.analysis import questions
from aecore.jobs.book import Book, entries
from aecore.recipes import RECIPES
from aecore.runs import shelf
from aecore.runs.notebook import read_notes, write_name, write_note

DATABASE_DEATHS = 25
ENTRY = "zoo-digits-32"


def main(folder: Path) -> None:
    torch.set_num_threads(1)  # its other threads would be missing in a child
    for number in range(DATABASE_DEATHS):
        os.environ["AECORE_HOME"] = str(folder / f"home-{number:02}")
        confirmed = write_until_killed(1 + number // 4, random.Random(number).uniform(0, 0.02))
        (folder / f"home-{number:02}" / "confirmed.json").write_text(json.dumps(confirmed))
    os.environ["AECORE_HOME"] = str(folder / "home")
    tiny = {"digits": {"epochs": 2, "train_count": 100}}
    RECIPES["lab-32"] = dataclasses.replace(RECIPES["lab-32"], adapted=tiny)
    put_zoo_in(folder / "zoo-uncut")
    zoo.make(ENTRY, "cpu", lambda _: None)  # imports what each child would import again
    for number in itertools.count(1):
        put_zoo_in(folder / f"zoo-{number:02}")
        if not killed_before_renaming(number):
            break


def put_zoo_in(folder: Path) -> None:
    shelf.ZOO = zoo.ZOO = folder
    questions.SHIPPED = folder.parent / "answers"  # those of a run that is made again are removed
    shutil.copytree(REPOSITORY / "aecore" / "zoo" / ENTRY, folder / ENTRY)


def write_until_killed(least: int, seconds: float) -> int:
    """How many rounds of writing a child had confirmed when it died, so long after the `least`th."""
    heard, said = os.pipe()
    child = os.fork()
    if not child:
        book = Book()
        for number in itertools.count():
            run = f"run-{number}"
            write_name(run, f"name of {run}")
            write_note(run, "note " * 500, "")
            book.enter(run, "me", "cpu")
            if number % 2:
                book.mark(run, "training")
            os.write(said, b".")
            if number + 1 == least:  # nobody chose what it does when the alarm ends it, as at once as SIGKILL
                signal.setitimer(signal.ITIMER_REAL, seconds)
    os.close(said)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGALRM
    confirmed = 0
    while rounds := os.read(heard, 4096):
        confirmed += len(rounds)
    os.close(heard)
    return confirmed


def killed_before_renaming(number: int) -> bool:
    """Whether a child that makes the zoo's entry afresh died before its `number`th renaming of a folder."""
    child = os.fork()
    if not child:
        rename, left = os.rename, iter(range(number - 1))

        def rename_or_die(*paths: str) -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            rename(*paths)

        os.rename = rename_or_die
        try:
            zoo.make(ENTRY, "cpu", lambda _: None)
        except BaseException:  # in a fork nothing else would say what went wrong
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@pytest.fixture(scope="module")
def deaths(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("deaths")
    program = [sys.executable, __file__, str(folder)]
    subprocess.run(program, cwd=REPOSITORY, env=environment(folder), check=True)
    return folder


def test_a_process_killed_while_it_writes_the_database_loses_nothing_it_has_confirmed(monkeypatch, deaths):
    for number in range(DATABASE_DEATHS):
        home = deaths / f"home-{number:02}"
        monkeypatch.setenv("AECORE_HOME", str(home))
        confirmed = json.loads((home / "confirmed.json").read_text())
        names, queue = read_notes(), entries()
        for one in range(confirmed):
            run = f"run-{one}"
            assert (names[run].name, names[run].note) == (f"name of {run}", "note " * 500)
            assert (queue[run].owner, queue[run].state) == ("me", "training" if one % 2 else "queued")
        assert len(names) <= confirmed + 1  # at most what was being written
        assert len(queue) <= confirmed + 1
        with sqlite3.connect(home / "lab.sqlite") as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()

        heir = Book()  # the next server takes it up and writes on
        left = {entry.run for entry in heir.adopt()}
        assert {f"run-{one}" for one in range(0, confirmed, 2)} <= left
        assert "the lab was ended" in entries()["run-1"].message if confirmed > 1 else True
        heir.enter("another", "me", "cpu")
        write_name("another", "its name")
        assert entries()["another"].server == heir.server
        assert read_notes()["another"].name == "its name"
        heir.close()


@pytest.mark.slow
def test_a_process_killed_while_it_replaces_a_zoo_run_leaves_the_old_one_or_the_new(monkeypatch, deaths):
    old = (shelf.ZOO / ENTRY / "weights.safetensors").read_bytes()
    zoos = sorted(deaths.glob("zoo-[0-9]*"))
    assert len(zoos) > 3  # the old one away, the new one in place, its training removed; and the survivor
    kept = []
    for folder in zoos:
        monkeypatch.setattr(shelf, "ZOO", folder)
        (run,) = runs.zoo()
        assert run.id == ENTRY
        assert runs.get(ENTRY).status == "finished"
        assert runs.load(run, "cpu")
        kept.append((run.folder / "weights.safetensors").read_bytes() == old)
    assert kept == sorted(kept, reverse=True)  # the old one up to some moment, the new one from then on
    assert (kept[0], kept[-1]) == (True, False)
    assert [path.name for path in zoos[-1].iterdir()] == [ENTRY]
    for folder in zoos:  # nor is the next replacement in the way of what a cut one has left
        monkeypatch.setattr(shelf, "ZOO", folder)
        monkeypatch.setattr("aecore.zoo.ZOO", folder)
        fresh = shutil.copytree(REPOSITORY / "aecore" / "zoo" / ENTRY, folder / ".fresh" / ENTRY)
        zoo._replace(folder / ENTRY, fresh)
        (run,) = runs.zoo()
        assert run.folder == folder / ENTRY
        assert (run.folder / "weights.safetensors").read_bytes() == old
        assert not (folder / shelf.ASIDE).exists()


def test_a_replacement_spares_what_another_one_that_was_cut_left_aside(monkeypatch, tmp_path):
    monkeypatch.setattr(shelf, "ZOO", tmp_path)
    monkeypatch.setattr(zoo, "ZOO", tmp_path)
    shipped = REPOSITORY / "aecore" / "zoo" / ENTRY
    cut = shutil.copytree(shipped, tmp_path / shelf.ASIDE / "zoo-mnist-32")
    zoo._replace(tmp_path / ENTRY, shutil.copytree(shipped, tmp_path / ".fresh" / ENTRY))
    assert [run.folder for run in runs.zoo()] == [tmp_path / ENTRY, cut]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
