"""MNIST and its family: four IDX files, checked whole before any of it is used.

An IDX file is a type code, the length of each dimension, then the bytes themselves. Its header is
not parsed: the checksum of the whole file already says what is in it.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
import torch

from aecore.data import archive
from aecore.data.archive import IdxFile
from aecore.data.imageset import DataError, ImageSet, Progress
from aecore.data.sources import IdxSource

CHUNK = 2**20


def load(source: IdxSource, progress: Progress | None) -> ImageSet:
    """The source's images and labels, downloaded first where no folder holds them.

    Raises DataError naming the first damaged file, or saying why nothing could be downloaded.
    """
    paths = archive.find(source.archive)
    if paths is None:
        from aecore.data import download  # here: it imports torchvision, which takes two seconds

        paths = download.fetch(source, progress)
    train_images, train_labels, test_images, test_labels = (
        torch.from_numpy(read(path, file)) for path, file in zip(paths, source.archive.files, strict=True)
    )
    return ImageSet(
        name=source.name,
        train_images=train_images.unsqueeze(1),
        train_labels=train_labels.long(),
        test_images=test_images.unsqueeze(1),
        test_labels=test_labels.long(),
        class_names=source.class_names,
    )


def read(path: Path, file: IdxFile) -> np.ndarray:
    """The uint8 array of `file.shape` stored at `path`, plain or `.gz`, and writable.

    Raises DataError naming `path` when it is not, byte for byte, the published file.
    """
    content = bytearray(file.size + 1)  # the extra byte is filled only by a file too long
    try:
        found = _fill(content, path)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): delete it or replace it") from error
    if found != file.size:
        size = f"more than {file.size:,}" if found > file.size else f"{found:,}"
        raise DataError(f"{path} holds {size} bytes instead of {file.size:,}: delete it or replace it")
    checksum = hashlib.sha256(memoryview(content)[:found]).hexdigest()
    if checksum != file.sha256:
        raise DataError(
            f"{path} is not the published file (its SHA-256 checksum is {checksum[:8]}… "
            f"instead of {file.sha256[:8]}…): delete it or replace it"
        )
    return np.frombuffer(content, np.uint8)[file.header_size : found].reshape(file.shape)


def _fill(content: bytearray, path: Path) -> int:
    """Fill `content` with what `path` unpacks to and return the bytes found.

    Reading stops when `content` is full, so a small file that unpacks to gigabytes does no harm.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    found = 0
    with opened(path, "rb") as file:
        while count := file.readinto(memoryview(content)[found : found + CHUNK]):
            found += count
    return found
