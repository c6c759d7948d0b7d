"""IDX files: found in the right folder, refused when damaged, downloaded when absent.

A tiny data set stands in for MNIST: two training images and one test image of 2 x 3 pixels.
"""

import gzip
import hashlib
import os
import socket
import struct
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import torchvision

from aecore import data
from aecore.data import archive
from aecore.data.archive import Archive, IdxFile
from aecore.data.sources import IdxSource

CONTENTS = {
    "train-images": struct.pack(">4B3I", 0, 0, 8, 3, 2, 2, 3) + bytes(range(100, 112)),
    "train-labels": struct.pack(">4BI", 0, 0, 8, 1, 2) + bytes([1, 0]),
    "test-images": struct.pack(">4B3I", 0, 0, 8, 3, 1, 2, 3) + bytes([0, 255, 0, 255, 0, 255]),
    "test-labels": struct.pack(">4BI", 0, 0, 8, 1, 1) + bytes([1]),
}
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}
SHAPES = {"train-images": (2, 2, 3), "train-labels": (2,), "test-images": (1, 2, 3), "test-labels": (1,)}
TINY = Archive(
    files=tuple(IdxFile(name, SHAPES[name], hashlib.sha256(CONTENTS[name]).hexdigest()) for name in CONTENTS),
    layouts=("Tiny/raw", "tiny"),
    torchvision="Tiny",
    debian_package="dataset-tiny",
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """The tiny data set, known to aecore and to torchvision; folders `mine`, `home` and `debian`."""
    source = IdxSource(
        name="tiny",
        title="Tiny",
        image_shape=(1, 2, 3),
        train_count=2,
        test_count=1,
        class_names=("a", "b"),
        about="",
        origin="",
        reader="idx",
        archive=TINY,
    )
    monkeypatch.setitem(data.SOURCES, "tiny", source)
    monkeypatch.setattr(archive, "DEBIAN_FOLDER", tmp_path / "debian")
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "mine"))
    monkeypatch.setenv("AECORE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    resources = [(name, hashlib.md5(packed).hexdigest()) for name, packed in PACKED.items()]
    known = SimpleNamespace(mirrors=[closed_port()], resources=resources)
    monkeypatch.setattr(torchvision.datasets, "Tiny", known, raising=False)
    return known


def closed_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def store(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class HangsUp(Files):
    """Sends half of the third file."""

    def copyfile(self, source, outputfile):
        content = source.read()
        outputfile.write(content[: len(content) // 2] if "test-images" in self.path else content)


@pytest.fixture
def serve(tmp_path):
    """A function that serves `files` on 127.0.0.1 until the test ends, and returns the address."""
    servers = []

    def start(files, handler=Files):
        folder = store(tmp_path / f"server{len(servers)}", files)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("files", [CONTENTS, PACKED], ids=["plain", "gz"])
def test_a_known_file_gives_its_pixels_and_labels(tmp_path, files):
    store(tmp_path / "mine" / "tiny", files)
    images = data.load("tiny")
    assert images.train_images.tolist() == [
        [[[100, 101, 102], [103, 104, 105]]],
        [[[106, 107, 108], [109, 110, 111]]],
    ]
    assert images.train_labels.tolist() == [1, 0]
    assert images.test_images.tolist() == [[[[0, 255, 0], [255, 0, 255]]]]
    assert images.test_labels.tolist() == [1]


def test_folders_are_searched_in_order(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_DATA", os.pathsep.join([str(tmp_path / "one"), str(tmp_path / "two")]))
    assert not data.available("tiny")
    for folder in ("debian/tiny", "home/data/Tiny/raw", "two/tiny", "two/Tiny/raw", "one/tiny"):
        here = store(tmp_path / folder, PACKED)
        assert archive.find(TINY) == [here / name for name in PACKED]
    store(here, CONTENTS)
    assert archive.find(TINY) == [here / name for name in CONTENTS]  # plain files need no unpacking


def test_all_four_files_come_from_one_folder(tmp_path):
    halves = [dict(list(PACKED.items())[:2]), dict(list(PACKED.items())[2:])]
    store(tmp_path / "mine" / "tiny", halves[0])
    store(tmp_path / "home" / "data" / "tiny", halves[1])
    assert not data.available("tiny")
    whole = store(tmp_path / "debian" / "tiny", PACKED)
    assert archive.find(TINY)[0].parent == whole


IMAGES, LABELS = CONTENTS["train-images"], CONTENTS["train-labels"]
ZIPPED = PACKED["train-images.gz"]


@pytest.mark.parametrize(
    ("name", "damaged", "cause"),
    [
        ("train-images", IMAGES[:-1], "27 bytes instead of 28"),
        ("train-images", IMAGES + b"\0", "more than 28 bytes"),
        ("train-images", IMAGES[:-1] + b"\0", "checksum"),
        ("train-images", b"\1" + IMAGES[1:], "checksum"),
        ("train-images", b"", "0 bytes instead of 28"),
        ("train-images", LABELS, "10 bytes instead of 28"),
        ("train-labels", IMAGES, "more than 10 bytes"),
        ("train-images", CONTENTS["test-images"], "22 bytes instead of 28"),
        ("train-images.gz", ZIPPED[:-9], "cannot be read"),
        ("train-images.gz", ZIPPED[:-8] + b"\0" * 8, "cannot be read"),
        ("train-images.gz", ZIPPED[:12] + b"\xff" + ZIPPED[13:], "cannot be read"),
        ("train-images.gz", b"<html>Sign in to the network</html>", "cannot be read"),
    ],
    ids=[
        "truncated",
        "too long",
        "changed byte",
        "wrong type",
        "empty",
        "labels for images",
        "images for labels",
        "test for training images",
        "gz truncated",
        "gz without its checksum",
        "gz changed byte",
        "gz in name only",
    ],
)
def test_a_damaged_file_is_named_and_refused(tmp_path, name, damaged, cause):
    folder = store(tmp_path / "mine" / "tiny", {**CONTENTS, name: damaged})
    if name.endswith(".gz"):
        (folder / name.removesuffix(".gz")).unlink()
    store(tmp_path / "home" / "data" / "tiny", CONTENTS)  # a sound copy elsewhere is no excuse
    with pytest.raises(data.DataError) as error:
        data.load("tiny")
    assert f"{folder / name} " in str(error.value)
    assert cause in str(error.value)
    assert str(error.value).endswith("delete it or replace it")


def test_a_file_that_unpacks_to_far_too_much_is_not_unpacked(tmp_path):
    bomb = gzip.compress(bytes(2**26), compresslevel=1)
    store(tmp_path / "mine" / "tiny", {**PACKED, "train-images.gz": bomb})
    tracemalloc.start()
    with pytest.raises(data.DataError, match="more than 28 bytes"):
        data.load("tiny")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


def test_without_a_network_one_sentence_says_what_to_do(tmp_path):
    with pytest.raises(data.DataError) as error:
        data.load("tiny")
    sentence = str(error.value)
    assert sentence.startswith(
        "Tiny is not on this machine and could not be downloaded (the connection to 127.0.0.1 failed)"
    )
    for way_out in (
        f"{tmp_path / 'home' / 'data' / 'Tiny' / 'raw'}",
        "AECORE_DATA",
        "dataset-tiny",
        "digits",
    ):
        assert way_out in sentence


def test_a_download_reports_progress_and_is_found_again(tiny, serve, tmp_path):
    tiny.mirrors = [closed_port(), serve({}), serve(PACKED)]  # the first two have nothing
    calls = []
    first = data.load("tiny", progress=lambda share, what: calls.append((share, what)))
    shares = [share for share, _ in calls]
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)
    assert shares[-1] == 1
    assert {what for _, what in calls} == {"Downloading Tiny"}
    folder = tmp_path / "home" / "data" / "Tiny" / "raw"
    assert sorted(path.name for path in folder.iterdir()) == sorted(PACKED)

    tiny.mirrors = []
    assert data.available("tiny")
    assert data.load("tiny").train_images.equal(first.train_images)


@pytest.mark.parametrize(
    ("files", "handler", "cause"),
    [
        (PACKED, HangsUp, "connection to 127.0.0.1 failed"),
        ({**PACKED, "test-images.gz": b"?"}, Files, "wrong checksum"),
    ],
    ids=["interrupted", "wrong content"],
)
def test_a_failed_download_leaves_only_whole_files(tiny, serve, tmp_path, files, handler, cause):
    tiny.mirrors = [serve(files, handler)]
    with pytest.raises(data.DataError, match=cause):
        data.load("tiny")
    assert not data.available("tiny")
    folder = tmp_path / "home" / "data" / "Tiny" / "raw"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == dict(list(PACKED.items())[:2])

    tiny.mirrors = [serve(PACKED)]
    assert data.load("tiny").test_labels.tolist() == [1]


def test_downloads_at_the_same_time_do_not_disturb_each_other(tiny, serve):
    tiny.mirrors = [serve(PACKED)]
    with ThreadPoolExecutor(8) as threads:
        loaded = list(threads.map(data.load, ["tiny"] * 8))
    assert all(images.train_labels.tolist() == [1, 0] for images in loaded)
