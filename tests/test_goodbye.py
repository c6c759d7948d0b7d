"""A server that is asked to end does so, whatever the browsers at its other end are doing."""

import base64
import os
import socket
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from browsing import REPOSITORY, Server
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.shared import goodbye, server

pytestmark = pytest.mark.slow

APP = """
import streamlit as st
from pages.shared import goodbye

goodbye.do_not_wait()
st.write("more than a socket holds" * 1_000_000)
"""
MASK = bytes(4)
FRAME, CLOSE = 0x82, 0x88
GONE = (1001).to_bytes(2)
"""What a browser says whose tab is closed."""


def send(browser, kind, payload):
    browser.sendall(bytes([kind, 0x80 | len(payload)]) + MASK + payload)


@pytest.fixture
def talkative(own_home, tmp_path, monkeypatch):
    """A server with a page that is too long for whoever does not read it."""
    (tmp_path / "app.py").write_text(APP)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    server = Server(own_home, tmp_path / "server.log", app=tmp_path / "app.py")
    yield server
    server.end()


@pytest.fixture
def browser(talkative):
    """One that has asked for the page, and reads no more than its beginning."""
    parts = urlsplit(talkative.address)
    with socket.socket() as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        browser.settimeout(60)
        browser.connect((parts.hostname, parts.port))
        key = base64.b64encode(os.urandom(16)).decode()
        asks = [
            *("GET /_stcore/stream HTTP/1.1", f"Host: {parts.netloc}", f"Origin: {talkative.address}"),
            *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            *(f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: streamlit", "", ""),
        ]
        browser.sendall("\r\n".join(asks).encode())
        assert browser.recv(1000).startswith(b"HTTP/1.1 101")
        message = BackMsg()
        message.rerun_script.query_string = ""
        send(browser, FRAME, message.SerializeToString())
        read = b""
        while b"more than a socket holds" not in read:
            read = read[-100:] + browser.recv(1000)
        yield browser


@pytest.mark.parametrize("last_words", [b"", GONE], ids=["still there", "just gone"])
def test_a_server_ends_though_a_browser_does_not_read(talkative, browser, last_words):
    if last_words:
        send(browser, CLOSE, last_words)
    urlopen(f"{talkative.address}/_stcore/health").close()  # it has been read when this is answered
    talkative.end()
    assert "Traceback" not in talkative.log


def test_it_is_mended_once(monkeypatch):
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Socket

    monkeypatch.setattr(server.place(), "things", {})
    monkeypatch.setattr(Socket, "shutdown", Socket.shutdown)
    goodbye.do_not_wait()
    mended = Socket.shutdown
    goodbye.do_not_wait()
    assert Socket.shutdown is mended
