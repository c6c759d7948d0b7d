"""A data set published as four IDX files, and where on this machine they may lie."""

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path

from aecore.home import home

DEBIAN_FOLDER = Path("/usr/share/datasets")


@dataclass(frozen=True)
class IdxFile:
    """One published file, described without reading it."""

    name: str
    """Name of the unpacked file; `.gz` is added where it is packed."""

    shape: tuple[int, ...]
    """(N, H, W) for images, (N,) for labels."""

    sha256: str
    """Checksum of the unpacked content: packing again gives other bytes, and distributors do."""

    @property
    def header_size(self) -> int:
        """Bytes before the first pixel or label: a type code, then four bytes per dimension."""
        return 4 + 4 * len(self.shape)

    @property
    def size(self) -> int:
        """Bytes of the unpacked file."""
        return self.header_size + prod(self.shape)


@dataclass(frozen=True)
class Archive:
    """The four files of a data set and who distributes them."""

    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]
    """Train images, train labels, test images, test labels."""

    layouts: tuple[str, ...]
    """Folders inside a data folder that may hold the files; downloads go to the first."""

    torchvision: str
    """The class of torchvision.datasets that knows the mirrors."""

    debian_package: str | None = None
    """The Debian package that installs the files, if there is one."""


def download_folder(archive: Archive) -> Path:
    """Where a download puts the files, and where they may be put by hand."""
    return home() / "data" / archive.layouts[0]


def find(archive: Archive) -> list[Path] | None:
    """Paths of the four files, all from the first folder that holds all four, or None.

    Folders are searched in this order: those of AECORE_DATA, the lab's own data folder, Debian's.
    Only names are looked at: reading the files is what checks them.
    """
    for folder in _data_folders():
        for layout in archive.layouts:
            stored = [_stored(folder / layout / file.name) for file in archive.files]
            paths = [path for path in stored if path]
            if len(paths) == len(archive.files):
                return paths
    return None


def _data_folders() -> list[Path]:
    named = os.environ.get("AECORE_DATA", "").split(os.pathsep)
    return [Path(folder) for folder in named if folder] + [home() / "data", DEBIAN_FOLDER]


def _stored(unpacked: Path) -> Path | None:
    packed = unpacked.with_name(unpacked.name + ".gz")
    return next((path for path in (unpacked, packed) if path.is_file()), None)
