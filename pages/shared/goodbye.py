"""A server that is asked to end, ends: also where a tab has just been closed, or a laptop with a tab in it.

uvicorn 0.54 says goodbye to every browser, which raises where the browser has said it first; Streamlit 1.67
then waits for ever. And it waits for browsers that do not read what was sent to them.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pages.shared import server


def do_not_wait() -> None:
    """Mend this once per server; where uvicorn has changed, there is nothing to mend."""
    server.kept("goodbye", _mend)


def _mend() -> bool:
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
