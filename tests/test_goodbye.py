"""A server that is asked to end does so, whatever the browsers at its other end are doing."""

import base64
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from browsing import REPOSITORY, Server, eventually
from streamlit.proto.BackMsg_pb2 import BackMsg

from pages.shared import goodbye, server

pytestmark = pytest.mark.slow

TALKS = """
import streamlit as st
from pages.shared import goodbye

goodbye.do_not_wait()
st.write("more than a socket holds" * 1_000_000)
"""
HOLDS_ON = """
import streamlit as st
from pages.shared import goodbye
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Socket

goodbye.do_not_wait()
Socket.shutdown = lambda socket: None
st.write("begun")
"""
COMPUTES = """
from threading import Thread

import streamlit as st
import torch
from pages.shared import goodbye

goodbye.do_not_wait()
def compute():
    matrix = torch.rand(100, 100)
    while True:
        matrix @ matrix

for _ in range(8):
    Thread(target=compute, daemon=True).start()
st.write("begun")
print("it computes", flush=True)
compute()
"""
LOADS = """
import gc

import streamlit as st
from pages.shared import goodbye, warm

goodbye.SECONDS_TO_END = 60
gc.freeze = lambda: print("all is loaded", flush=True)
goodbye.do_not_wait()
if not warm.ready():
    warm.wait()
st.write("begun")
"""
MASK = bytes(4)
FRAME, CLOSE = 0x82, 0x88
GONE = (1001).to_bytes(2)
"""What a browser says whose tab is closed."""


def send(browser, kind, payload):
    browser.sendall(bytes([kind, 0x80 | len(payload)]) + MASK + payload)


@pytest.fixture
def serve(own_home, tmp_path, monkeypatch):
    """Starts a server of an app given as text, and ends it with the test."""
    servers = []

    def serve(app):
        (tmp_path / "app.py").write_text(app)
        monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
        servers.append(Server(own_home, tmp_path / "server.log", app=tmp_path / "app.py"))
        return servers[0]

    yield serve
    servers[0].end()


@contextmanager
def browser(server, until):
    """One that has asked for the page, and reads no more of it than up to these words."""
    parts = urlsplit(server.address)
    with socket.socket() as browser:
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        browser.settimeout(60)
        browser.connect((parts.hostname, parts.port))
        key = base64.b64encode(os.urandom(16)).decode()
        asks = [
            *("GET /_stcore/stream HTTP/1.1", f"Host: {parts.netloc}", f"Origin: {server.address}"),
            *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
            *(f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: streamlit", "", ""),
        ]
        browser.sendall("\r\n".join(asks).encode())
        assert browser.recv(1000).startswith(b"HTTP/1.1 101")
        message = BackMsg()
        message.rerun_script.query_string = ""
        send(browser, FRAME, message.SerializeToString())
        read = b""
        while until not in read:
            read = read[-100:] + browser.recv(1000)
        yield browser


@pytest.mark.parametrize("last_words", [b"", GONE], ids=["still there", "just gone"])
def test_a_server_ends_though_a_browser_does_not_read(serve, last_words):
    talkative = serve(TALKS)
    with browser(talkative, until=b"more than a socket holds") as reader:
        if last_words:
            send(reader, CLOSE, last_words)
        urlopen(f"{talkative.address}/_stcore/health").close()  # it has been read when this is answered
        talkative.end()
    assert "Traceback" not in talkative.log


def test_a_server_ends_well_though_pages_compute(serve):
    busy = serve(COMPUTES)
    with browser(busy, until=b"begun"):
        eventually(lambda: "it computes" in busy.log)
        busy.end()
    assert "Fatal" not in busy.log
    assert busy.process.returncode == 0


def test_a_server_ends_well_though_pytorch_is_being_loaded(serve):
    fresh = serve(LOADS)
    with browser(fresh, until=b"begun"):
        fresh.end()
    assert "Traceback" not in fresh.log
    assert "all is loaded" in fresh.log


def test_a_server_ends_though_nobody_says_goodbye_to_a_browser(serve):
    rude = serve(HOLDS_ON)
    with browser(rude, until=b"begun"):
        rude.end()
    assert rude.process.returncode == 0


def test_what_only_pretends_to_be_a_server_keeps_its_exit_status():
    program = (
        "from streamlit.testing.v1 import AppTest; "
        "AppTest.from_string('from pages.shared import goodbye; goodbye.do_not_wait()').run(); "
        "raise SystemExit(3)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY).returncode == 3


def test_it_is_mended_once(monkeypatch):
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol as Socket

    monkeypatch.setattr(server.place(), "things", {})
    monkeypatch.setattr(Socket, "shutdown", Socket.shutdown)
    goodbye.do_not_wait()
    mended = Socket.shutdown
    goodbye.do_not_wait()
    assert Socket.shutdown is mended
