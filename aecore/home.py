"""Where the lab keeps everything it writes."""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The one folder the lab writes to: AECORE_HOME, or `aecore-home` beside app.py.

    The folder may not exist yet; whoever writes first creates it.
    """
    return Path(os.environ.get("AECORE_HOME") or REPOSITORY / "aecore-home").absolute()
