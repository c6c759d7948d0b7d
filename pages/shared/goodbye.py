"""A server that is asked to end, ends: also where a tab has just been closed, or a laptop with a tab in it.

uvicorn 0.54 says goodbye to every browser, which raises where the browser has said it first; Streamlit 1.67
then waits for ever. And it waits for browsers that do not read what was sent to them.

Python before 3.14 cuts off the threads that still draw pages, and one that is inside PyTorch takes the
process down with "Fatal Python error: Aborted". So it ends without them, and whatever else it still waits
for after a moment.
"""

import atexit

# the queue's thread imports Dask, which imports this; it cannot be imported once a server has begun to end
import concurrent.futures.process  # noqa: F401
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Timer
from typing import Any

from streamlit.runtime import Runtime
from streamlit.web.server import Server

from pages.shared import server

SECONDS_TO_END = 5
"""From being asked to; without pages that compute or browsers that hang it takes less than one."""


def do_not_wait() -> None:
    """Mend this once per server; where uvicorn has changed, there is nothing to mend."""
    server.kept("goodbye", _mend)


def _mend() -> bool:
    if Runtime.exists() and type(Runtime.instance()) is Runtime:  # not where a test only pretends
        atexit.register(_end_at_once)  # the first to be registered is the last to be called
        Server.stop = _with_little_time(Server.stop)
    try:
        from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Socket
    except ImportError:
        return False
    Socket.shutdown = _without_waiting(Socket.shutdown)
    return True


def _without_waiting(say_goodbye: Callable[[Any], None]) -> Callable[[Any], None]:
    from websockets.exceptions import InvalidState

    def shutdown(socket: Any) -> None:
        with suppress(InvalidState):  # the browser has said it first
            say_goodbye(socket)
        if socket.transport.get_write_buffer_size():
            socket.transport.abort()

    return shutdown


def _with_little_time(stop: Callable[[Server], None]) -> Callable[[Server], None]:
    def stop_soon(server: Server) -> None:
        late = Timer(SECONDS_TO_END, _end_at_once)
        late.daemon = True
        late.start()
        stop(server)

    return stop_soon


def _end_at_once() -> None:
    """Leave without waiting for threads, when all that has to be put in order is."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
