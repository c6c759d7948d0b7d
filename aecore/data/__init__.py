"""Image data sets: what there is, what is on this machine, and loading one.

Importing this package imports neither torch nor numpy, so the first paint can list the sources.
"""

from importlib import import_module

from aecore.data import archive
from aecore.data.imageset import DataError, ImageSet, Progress
from aecore.data.sources import SOURCES, IdxSource, Source

__all__ = ["SOURCES", "DataError", "ImageSet", "Progress", "Source", "available", "load"]


def load(name: str, *, progress: Progress | None = None) -> ImageSet:
    """The data set `name`, on the CPU; downloaded first where it is not on this machine.

    `progress` hears about the download only: everything else takes well under a second. Raises
    DataError for an unknown name, a damaged file, or a download that fails.
    """
    source = _source(name)
    reader = import_module(f"aecore.data.{source.reader}")  # not before: readers import torch
    return reader.load(source, progress)


def available(name: str) -> bool:
    """Whether `load(name)` can do without the network; only looks whether files exist.

    Raises DataError for an unknown name.
    """
    source = _source(name)
    return not isinstance(source, IdxSource) or archive.find(source.archive) is not None


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise DataError(f"there is no data set {name!r}: choose one of {', '.join(SOURCES)}")
    return SOURCES[name]
