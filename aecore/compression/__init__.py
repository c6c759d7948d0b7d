"""Images as a file of codes: quantised, entropy-coded, and refused where anything about the file is wrong.

`compress(codec_of(run, "cpu"), images)` gives the bytes of an `.aez` file, `decompress` the images again. The
format is described byte by byte in docs/aez.md.
"""

from aecore.compression.aez import AezError, Contents
from aecore.compression.codec import Codec, Decompressed, codec_of, compress, decompress, unpack
from aecore.compression.coders import CODERS
from aecore.compression.quantiser import BITS, FLOAT, Quantiser

__all__ = [
    "BITS",
    "CODERS",
    "FLOAT",
    "AezError",
    "Codec",
    "Contents",
    "Decompressed",
    "Quantiser",
    "codec_of",
    "compress",
    "decompress",
    "unpack",
]
