"""The engine: a Dask cluster of one worker, in a process of its own that ends with whoever started it.

`python -m aecore engine` prints the scheduler's address and lives until its standard input ends, so it
outlives its owner by no more than a moment, however that owner dies.
"""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Event, Timer

import psutil

from aecore.home import REPOSITORY, home
from aecore.jobs.limits import JobError

OLDEST_LOG_BYTES = 1_000_000

SECONDS_TO_START = 120
"""An engine that has no address by then is ended: a busy machine takes ten."""


class Engine:
    """A running engine process; `address` is its scheduler's."""

    def __init__(self) -> None:
        """Start one and wait for its address, about a second. Raises JobError where it does not come up."""
        home().mkdir(parents=True, exist_ok=True)
        self.log = home() / "engine.log"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
            # threads that wait for each other spin for some 20 µs, then sleep: sleeping at once, which is
            # OMP_WAIT_POLICY=PASSIVE, costs half the speed; spinning for milliseconds, the default,
            # starves the events and the app
            "GOMP_SPINCOUNT": "10000",
        }
        if self.log.exists() and self.log.stat().st_size > OLDEST_LOG_BYTES:
            self.log.unlink()
        with self.log.open("a") as log:
            said_before = log.tell()
            self.process = Popen(
                # -P: the folder it begins in may hold anything, but relative paths mean what they mean here
                [sys.executable, "-P", "-m", "aecore", "engine"],
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                env=environment,
                text=True,
                start_new_session=True,  # Ctrl-C in the app's terminal is the app's to hear
            )
        assert self.process.stdin and self.process.stdout
        late = Event()
        impatience = Timer(SECONDS_TO_START, self._give_up, (late,))
        impatience.start()
        self.address = self.process.stdout.readline().strip()
        impatience.cancel()
        if not self.address:
            self.process.wait()
            when = f" within {SECONDS_TO_START:g} s" if late.is_set() else ""
            reason = _last_line(self.log, said_before)
            raise JobError(f"the training engine did not start{when}: {reason} ({self.log} says more)")

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End it and everything it trains."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _give_up(self, late: Event) -> None:
        late.set()
        with suppress(psutil.NoSuchProcess):
            _kill_children(psutil.Process(self.process.pid))  # they hold its standard output open
        self.process.kill()


def serve() -> None:
    """Be the engine: start the cluster, print its address, end when standard input does."""
    import dask.config
    from dask.system import CPU_COUNT
    from distributed import LocalCluster

    threads = str(CPU_COUNT)  # Dask would set 1: its tasks usually share the cores, ours has them all
    dask.config.set(
        {
            "temporary-directory": str(home() / "dask"),
            "distributed.scheduler.allowed-failures": 0,  # no second try of a run whose worker died
            "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
            # a worker over its share of memory is ended by its nanny, not left waiting
            "distributed.worker.memory.target": False,
            "distributed.worker.memory.spill": False,
            "distributed.worker.memory.pause": False,
            # what Dask measures of itself for a dashboard; together 5 % of a core while nothing is trained
            "distributed.worker.profile.enabled": False,
            "distributed.admin.system-monitor.interval": "10s",
            "distributed.admin.tick.interval": "1s",
        }
    )
    cluster = LocalCluster(
        host="127.0.0.1",
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,  # pyright: ignore[reportArgumentType]  None is Dask's own word for none
        preload=["aecore.jobs.worker"],
    )
    print(cluster.scheduler_address, flush=True)  # noqa: T201
    while os.read(sys.stdin.fileno(), 1):
        pass
    _kill_children(psutil.Process())  # at once: a training may be in the middle of a step
    os._exit(0)


def _kill_children(process: psutil.Process) -> None:
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _last_line(log: Path, begin: int) -> str:
    """Of what the log holds from a byte on."""
    lines = log.read_bytes()[begin:].decode(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
