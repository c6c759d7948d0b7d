"""How few bytes a digit of MNIST can be, with the lab's own code of 32 numbers."""

from collections.abc import Callable, Sequence

from aecore import data, runs
from aecore.analysis.reconstruction import psnr
from aecore.compression import codec_of, compress, decompress
from aecore.compression.decoder import decoder_bytes
from aecore.compression.formats import singly
from aecore.compression.quality import mean_error
from aecore.compression.quantiser import FINEST
from aecore.compression.samples import sample
from aecore.reproduction.goals import Table

MODEL = "zoo-mnist-32"
MOST_BYTES, LEAST_PSNR = 32, 22.5


def measure(_seeds: Sequence[int], device: str, _listener: Callable[[str], Callable[..., None]]) -> Table:
    """A row for each number of bits: bytes of a digit, and PSNR of the mean error. Nothing is trained.

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
    best = max((decibels for _, size, decibels in rows if size <= MOST_BYTES), default=0.0)
    few = sample(tests).numpy()
    webp = singly(few, "WebP", 1)
    return Table(
        columns=["Bits a number", "Bytes a digit", "PSNR, dB"],
        rows=rows,
        values=[best],
        reached=best >= LEAST_PSNR,
        remark=f"PNG needs {singly(few, 'PNG').bytes_each:.0f} bytes a digit and loses nothing; WebP at its "
        f"lowest quality {webp.bytes_each:.0f}, at {psnr(mean_error(few, webp.pictures)):.2f} dB. The "
        f"decoder's own {decoder_bytes(run, codec.model) / 1000:.0f} kB are not counted.",
    )
