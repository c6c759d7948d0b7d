"""An app server without the app: `python tests/jobs_server.py` queues a long run and short ones, and waits.

Prints the ids of its runs once the first is in training (with `pause`, held there, which leaves the
processor to others). `Server` is such a process, seen from a test.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path

from jobs_engine import LONG, PATIENCE, alive, environment, eventually, family, reached, small, trained_for

SHORT_RUNS = 2


class Server:
    """A server at work in `home`, begun in the folder above it."""

    def __init__(self, home: Path, *words: str, **surroundings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, *words],
            cwd=home.parent,
            env=environment(Path(home.name), **surroundings),  # relative, as people write it
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.family = [] if self.process.poll() else family(self.process.pid)

    def runs(self) -> list[str]:
        """Waits until the first is in training, and looks who has been born for it."""
        assert self.process.stdout
        late = threading.Timer(2 * PATIENCE, self.process.kill)  # then the line is empty, and it says why
        late.start()
        line = self.process.stdout.readline()
        late.cancel()
        assert line, self.process.communicate()[1]
        self.family = family(self.process.pid)
        return json.loads(line)

    def end(self, signal: int) -> str:
        """Send a signal and wait until nothing is left of it; returns what it said on its way."""
        self.process.send_signal(signal)
        said = self.process.communicate(timeout=60)[1]
        eventually(lambda: alive(self.family), lambda left: not left)
        return said

    def close(self) -> None:
        for process in alive(self.family):
            process.kill()
        self.process.communicate()


def main() -> None:
    from aecore.jobs import Jobs

    jobs = Jobs()
    jobs.start()
    asked = [jobs.submit(small(LONG), owner="me", device="cpu")]
    for seed in range(SHORT_RUNS):
        asked.append(jobs.submit(small(seed=seed), owner="me", device="cpu"))
    trained_for(jobs, asked[0], 10)
    if "pause" in sys.argv:
        jobs.pause(asked[0], owner="me")
        reached(jobs, asked[0], "paused")
    print(json.dumps(asked), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
