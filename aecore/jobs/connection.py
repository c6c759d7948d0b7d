"""The way to the workers that train: of an engine of one's own, or of the cluster in AECORE_SCHEDULER."""

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from aecore.jobs.engine import Engine
from aecore.jobs.limits import JobError

WORKER = "aecore.jobs.worker"
SECONDS_TO_CONNECT = 10
SECONDS_TO_ANSWER = 2
"""Whoever pressed a button waits for it."""

ENGINE_DIED = (
    "the process that trained this run was ended from outside, most likely because memory ran out: "
    "resume it, or train one with a smaller batch_size or model"
)
CONNECTION_LOST = "the connection to the training engine was lost: resume the run"


class Connection:
    """To a scheduler and its workers."""

    def __init__(self, client: Any, engine: Engine | None) -> None:
        self._client = client
        self.engine = engine
        self.why_lost = ""
        """Once it is closed, why the runs that were being trained are not any more."""

    @property
    def working(self) -> bool:
        return (self.engine is None or self.engine.running) and self._client.status == "running"

    def tasks(self) -> dict[str, Any]:
        """What each worker has to do, by its address; what other apps asked for, too.

        Raises TimeoutError where there is no answer now, another OSError where the connection is lost.
        """
        return self._client.sync(self._client.processing, callback_timeout=SECONDS_TO_ANSWER)

    def train(self, run_id: str, attempt: str, device: str, *, worker: str) -> Any:
        """Hand a run to a worker; returns Dask's future of what it answers."""
        return self._client.submit(
            call,
            WORKER,
            "train",
            run_id,
            attempt,
            device,
            key=f"aecore-{run_id}-{attempt}",
            workers=[worker],
            pure=False,
            retries=0,
        )

    def ask(self, module: str, function: str, *arguments: Any) -> Any:
        """Have any worker call a function of a module; returns Dask's future of what it answers."""
        return self._client.submit(call, module, function, *arguments, pure=False, retries=0)

    def tell(self, run_id: str, attempt: str, wish: str, *values: Any, worker: str) -> bool:
        """Pass a wish on; returns whether the worker has heard it."""

        def ask() -> Any:
            wanted = (WORKER, "tell", run_id, attempt, wish, *values)
            return self._client.run(call, *wanted, workers=[worker], on_error="ignore")

        try:
            return bool(self._client.sync(ask, callback_timeout=SECONDS_TO_ANSWER))
        except Exception:  # whatever Dask raises where the client is closing, or just closed
            return False

    def close(self) -> None:
        with suppress(OSError, TimeoutError, RuntimeError):
            self._client.close(timeout=2)
        died = self.engine is not None and not self.engine.running
        self.why_lost = ENGINE_DIED if died else CONNECTION_LOST


@contextmanager
def connected(hear: Callable[[Any], None], address: str = "") -> Iterator[Connection]:
    """A connection to a scheduler, or to an engine started for it where none is named; ends with the block.

    `hear` gets the workers' events, in Dask's own thread. Raises JobError or OSError where there is none.
    """
    from distributed import Client

    from aecore.jobs.worker import TOPIC

    engine = None
    if address:
        _check_address(address)
    else:
        engine = Engine()
        address = engine.address
    try:
        with _event_loop() as loop:
            client = Client(
                address, timeout=SECONDS_TO_CONNECT, loop=loop, set_as_default=False, name="aecore"
            )
            connection = Connection(client, engine)
            try:
                client.subscribe_topic(TOPIC, hear)
                yield connection
            finally:
                connection.close()
    finally:
        if engine:
            engine.close()


@contextmanager
def _event_loop() -> Iterator[Any]:
    """Dask's event loop, in a thread that ends with the block.

    A client makes one of its own otherwise, and leaves it behind, thread, descriptors and all, when it
    finds no scheduler.
    """
    from tornado.ioloop import IOLoop

    begun: Future[tuple[IOLoop, asyncio.Event]] = Future()

    async def live() -> None:
        ended = asyncio.Event()
        begun.set_result((IOLoop.current(), ended))
        await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="dask", daemon=True)
    thread.start()
    loop, ended = begun.result()
    try:
        yield loop
    finally:
        loop.add_callback(ended.set)
        thread.join(timeout=SECONDS_TO_CONNECT)  # looking up a name cannot be cut short


def _check_address(address: str) -> None:
    """Raise JobError where there can be no scheduler: a Dask client that fails over its address hangs."""
    from dask import config

    parts = re.fullmatch(r"((?:tcp|tls)://)?(?:\[[\da-f:]+\]|[^\s/:]+):(\d{1,5})", address)
    if not parts or int(parts[2]) > 65_535:
        raise JobError(f"AECORE_SCHEDULER is {address!r}: write it like tcp://192.168.0.1:8786")
    if parts[1] == "tls://" and not config.get("distributed.comm.tls.ca-file", None):
        raise JobError(f"AECORE_SCHEDULER is {address!r}: set Dask's distributed.comm.tls as well")


def outcome(future: Any) -> str:
    """Why a training that has left its worker failed; empty where it came to its own end."""
    from distributed import KilledWorker

    from aecore.jobs.worker import DIED

    if future.status == "finished":
        failure = future.result(timeout=10)
        return ENGINE_DIED if failure == DIED else failure
    if future.status == "error":
        error = future.exception(timeout=10)
        return ENGINE_DIED if isinstance(error, KilledWorker) else f"the training failed ({error})"
    return CONNECTION_LOST


def call(module: str, function: str, *arguments: Any) -> Any:
    """Call a function of the worker's own copy of a module.

    Dask pickles this small function alone; pickling the module's own would bring a second copy of the
    module along where the app has reloaded it.
    """
    from importlib import import_module

    return getattr(import_module(module), function)(*arguments)
