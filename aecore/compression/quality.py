"""What compressing images costs and leaves: bytes, PSNR, SSIM and seconds, of real files."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch

from aecore.analysis.reconstruction import picture_errors, psnr, ssim
from aecore.compression.codec import Codec, compress, decompress


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """Images compressed into a file and read from it again."""

    content: bytes
    """The file."""

    asked: np.ndarray
    """The images as the model should draw them: uint8 (N, C, H, W)."""

    pictures: np.ndarray
    """What came out of the file, like them."""

    codes: np.ndarray
    """float32 (N, K)."""

    mse: float
    """Mean squared error per pixel of all images, pixels in [0, 1], of what came out as 8-bit pictures."""

    ssim: float
    """Mean over the images."""

    encode_seconds: float
    decode_seconds: float

    @property
    def psnr(self) -> float:
        """Decibels, of the mean error; infinite where nothing differs."""
        return psnr(self.mse)

    @property
    def bytes_each(self) -> float:
        """Of the whole file, its head counted."""
        return len(self.content) / len(self.asked)

    @property
    def bits_per_pixel(self) -> float:
        """A pixel of three colours is one pixel."""
        return 8 * self.bytes_each / self.asked[0, 0].size


def trial(codec: Codec, images: np.ndarray, bits: int, coder: str) -> Trial:
    """Compress uint8 images (N, C, H, W), N at least 1, and read the file again.

    Raises LabError where they have another shape than the model's, or are too many for a file.
    """
    given = torch.from_numpy(np.ascontiguousarray(images))
    begun = perf_counter()
    content = compress(codec, given, bits, coder)
    written = perf_counter()
    found = decompress(codec, content)
    read = perf_counter()
    asked = codec.versions(given).targets.numpy()
    return Trial(
        content=content,
        asked=asked,
        pictures=found.pictures,
        codes=found.codes,
        mse=mean_error(asked, found.pictures),
        ssim=float(ssim(asked, found.pictures).mean()),
        encode_seconds=written - begun,
        decode_seconds=read - written,
    )


def mean_error(asked: np.ndarray, pictures: np.ndarray) -> float:
    """Mean squared error per pixel of uint8 images (N, C, H, W), pixels in [0, 1]."""
    return float(picture_errors(asked, pictures).mean())
