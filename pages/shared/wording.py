"""Numbers and names in words, ready for a sentence."""

import re

from aecore.config import TrainConfig

MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Text from people or links, so that it is shown as it is where Markdown is read."""
    return MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def sentence(message: str) -> str:
    """A message from below as a sentence by itself, shown as it is; empty where there is none.

    A first word that is a file's or a run's name stays as it is.
    """
    if re.match(r"[a-z]+\b(?![-._/])", message):
        message = message[0].upper() + message[1:]
    return plain(message if message.endswith((".", "!", "?")) else f"{message}.") if message else ""


def duration(seconds: float) -> str:
    """A time to the precision people ask for: 8 s, 2 min 5 s, 3 h 10 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s".replace(" 0 s", "")
    return f"{whole // 3600:,} h {whole % 3600 // 60} min".replace(" 0 min", "")


def about(seconds: float) -> str:
    """A time that is only estimated, to one or two digits: 5 s, 50 s, 4 min."""
    if seconds < 1:
        return "1 s"
    if seconds < 10:
        return f"{seconds:.0f} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.0f} h"


def memory(size: float) -> str:
    """Bytes: 60 MB, 1.2 GB."""
    return f"{max(size / 1e6, 1):,.0f} MB" if size < 999.5e6 else f"{size / 1e9:,.1f} GB"


def error(value: float | None) -> str:
    """A reconstruction error, or a dash where there is none."""
    return "–" if value is None else f"{value:.5f}" if value >= 1e-4 or not value else f"{value:.1e}"


def learning_rate(config: TrainConfig, value: float) -> str:
    """A learning rate that is set by hand while a model trains with `config`."""
    return f"{'highest ' * (config.schedule == 'one-cycle')}learning rate {value:g}"


def within(text: str) -> str:
    """A name as it stands within a sentence; KL and PCA stay as they are."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
