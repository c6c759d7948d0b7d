"""Fetching a data set from the mirrors torchvision knows, into the lab's own data folder."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pooch
import requests
import torchvision

from aecore.data.archive import download_folder
from aecore.data.imageset import DataError, Progress
from aecore.data.sources import IdxSource

TIMEOUT = 10  # seconds without an answer, or between two pieces of a file
CHUNK = 2**16


def fetch(source: IdxSource, progress: Progress | None) -> list[Path]:
    """Download the four files of `source` and return their paths.

    A file appears under its name only when it is whole and its checksum right, so an interrupted
    download leaves nothing half-done and two at once do not disturb each other; files already
    there are kept. Raises DataError when no mirror delivers.
    """
    report = progress or (lambda _share, _what: None)
    published = getattr(torchvision.datasets, source.archive.torchvision)
    checksums = dict(published.resources)
    total = sum(file.size for file in source.archive.files)
    paths, done = [], 0
    for file in source.archive.files:
        name = f"{file.name}.gz"
        bar = _Bar(report, f"Downloading {source.title}", done / total, file.size / total)
        paths.append(_fetch_file(source, published.mirrors, name, checksums[name], bar))
        done += file.size
        report(done / total, f"Downloading {source.title}")
    return paths


def _fetch_file(source: IdxSource, mirrors: list[str], name: str, md5: str, bar: _Bar) -> Path:
    pooch.get_logger().setLevel("WARNING")  # the caller reports progress; pooch would, on stderr, too
    # pooch takes any object with a bar's methods, and its own downloader; its annotations say less
    downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=TIMEOUT)  # pyright: ignore
    folder, failures = download_folder(source.archive), []
    for mirror in mirrors:
        bar.begin()  # what another mirror sent of the file does not count
        try:
            path = pooch.retrieve(mirror + name, f"md5:{md5}", name, folder, downloader=downloader)  # pyright: ignore
            return Path(path)
        except (OSError, ValueError) as error:
            failures.append(_reason(error, urlsplit(mirror).hostname))
    raise DataError(_advice(source, failures))


def _reason(error: Exception, host: str | None) -> str:
    """Why a download failed, in a few words; requests' own messages fill a screen."""
    match error:
        case requests.Timeout():
            return f"{host} did not answer within {TIMEOUT} s"
        case requests.HTTPError(response=requests.Response(status_code=status)):
            return f"{host} answered {status}"
        case requests.RequestException():
            return f"the connection to {host} failed"
        case OSError():  # a full disk, a folder that cannot be written
            return str(error)
        case _:
            return f"{host} sent a file with a wrong checksum"


def _advice(source: IdxSource, failures: list[str]) -> str:
    archive = source.archive
    package = f", run `apt install {archive.debian_package}`" if archive.debian_package else ""
    return (
        f"{source.title} is not on this machine and could not be downloaded ({', '.join(failures)}): "
        f"put {', '.join(file.name for file in archive.files)} (or the same with .gz) into "
        f"{download_folder(archive)}{package}, or set AECORE_DATA to a folder that holds "
        f"{archive.layouts[0]}; meanwhile the data set `digits` is always here"
    )


class _Bar:
    """What pooch wants of a progress bar, as calls of `report` for one file's share of the whole."""

    def __init__(self, report: Progress, what: str, start: float, share: float):
        self.report, self.what = report, what
        self.start, self.share = start, share
        self.total = 0  # bytes of the packed file, set by pooch when the server answers
        self.received = 0

    def begin(self) -> None:
        self.reset()
        self.update(0)

    def update(self, count: int) -> None:
        self.received += count
        part = self.received / self.total if self.total else 0  # 0 where the server does not say
        # pooch counts the last piece as a full one
        self.report(self.start + self.share * min(1, part), self.what)

    def reset(self) -> None:
        self.received = 0

    def close(self) -> None:
        pass
