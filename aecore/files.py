"""Files that are either whole or not there."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY = ".whole-"
"""What the names of unfinished files begin with; those of a killed process stay behind."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it takes the place of `path` only once the block has ended well.

    A crash at any moment leaves the old file or the new one, never a part.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    temporary.touch(exist_ok=False)  # not mkstemp, whose files only their owner may read
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
