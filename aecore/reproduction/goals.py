"""What the lab set itself to reach, and what comes of it: measured, with the free baselines beside it."""

from collections.abc import Callable
from typing import Any

from aecore import data, runs
from aecore.analysis.reconstruction import psnr
from aecore.compression import codec_of, compress, decompress
from aecore.compression.decoder import decoder_bytes
from aecore.compression.formats import singly
from aecore.compression.quality import mean_error
from aecore.compression.quantiser import FINEST
from aecore.compression.samples import sample

MODEL = "zoo-mnist-32"
MOST_BYTES, LEAST_PSNR = 32, 22.5


def compression(device: str) -> dict[str, Any]:
    """All 10,000 test digits in one file, at each number of bits: bytes of each, and PSNR of the mean error.

    Raises LabError where MNIST is not to be had.
    """
    run = runs.get(MODEL)
    images = data.load("mnist")
    codec, tests = codec_of(run, device, images), images.test_images
    asked, rows = tests.numpy(), []
    for bits in range(1, FINEST + 1):
        content = compress(codec, tests, bits, "range")
        error = mean_error(asked, decompress(codec, content).pictures)
        rows.append((bits, len(content) / len(tests), psnr(error)))
    within = [row for row in rows if row[1] <= MOST_BYTES]
    enough = [row for row in rows if row[2] >= LEAST_PSNR]
    best = max(within, key=lambda row: row[2], default=None)
    least = min(enough, key=lambda row: row[1], default=None)
    few = sample(tests).numpy()
    webp = singly(few, "WebP", 1)
    return {
        "goal": "compression",
        "wanted": f"{MOST_BYTES} bytes a digit at {LEAST_PSNR} dB or more",
        "ours": "; ".join(
            f"{size:.1f} bytes at {decibels:.2f} dB ({bits} bits)"
            for bits, size, decibels in dict.fromkeys(row for row in (best, least) if row)
        ),
        "beside": f"PNG {singly(few, 'PNG').bytes_each:.0f} bytes; WebP at its lowest quality "
        f"{webp.bytes_each:.0f} at {psnr(mean_error(few, webp.pictures)):.2f} dB; "
        f"the decoder's own {decoder_bytes(run, codec.model) / 1000:.0f} kB are not counted",
        "verdict": "reached" if best and best[2] >= LEAST_PSNR else "short",
        "model": MODEL,
        "points": [{"bits": bits, "bytes": size, "psnr": decibels} for bits, size, decibels in rows],
    }


GOALS: dict[str, Callable[[str], dict[str, Any]]] = {"compression": compression}
"""By name, what measures it on a device."""
