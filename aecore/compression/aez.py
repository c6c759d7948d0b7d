"""The bytes of an `.aez` file; docs/aez.md has them in a table.

A file that is not one, of another version, cut off, or changed in a single bit is refused before anything of
it is believed; what a forger could write is refused before memory is taken for it.
"""

import struct
import zlib
from dataclasses import dataclass

from aecore.compression.coders import CODERS
from aecore.compression.quantiser import BITS, FLOAT
from aecore.errors import LabError

MAGIC = b"\x93AEZ"
"""The first byte is no letter: a text file cannot begin so."""

VERSION = 1

HEAD = struct.Struct("<4sBBBBBHHIII8sI")
TAIL = struct.Struct("<I")
NUMBERS = {coder.number: name for name, coder in CODERS.items()}

MOST_IMAGES = 100_000
MOST_NUMBERS = 2**26
"""In all codes of a file together, and in all its images: 67 million."""

LONGEST_NAME = 200
FINGERPRINT = 8
"""Bytes."""


class AezError(LabError):
    """A compressed file that cannot be opened: one sentence why."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What is in a file, its levels still coded."""

    run: str
    """Id of the run whose model made it."""

    dataset: str
    """What that model was trained on."""

    image_shape: tuple[int, int, int]
    code_size: int
    count: int
    """Images."""

    bits: int
    """Of each level; 16 is float16."""

    coder: str
    """A name in CODERS."""

    fingerprint: bytes
    """Of the model and what was learnt of its codes: 8 bytes."""

    levels_sum: int
    """CRC-32 of the levels before they were coded."""

    coded: bytes


def write(contents: Contents) -> bytes:
    """The file. Raises AezError for more than a file may hold."""
    check(contents)
    name = f"{contents.run}\n{contents.dataset}".encode("ascii")
    head = HEAD.pack(
        MAGIC,
        VERSION,
        contents.bits,
        CODERS[contents.coder].number,
        len(name),
        *contents.image_shape,
        contents.code_size,
        contents.count,
        len(contents.coded),
        contents.fingerprint,
        contents.levels_sum,
    )
    body = head + name + contents.coded
    return body + TAIL.pack(zlib.crc32(body))


def read(content: bytes) -> Contents:
    """What a file says of itself. Raises AezError where it is damaged, or no lab would have written it."""
    if content[: len(MAGIC)] != MAGIC:
        raise AezError("this is no .aez file: choose one that was made by Compress")
    if len(content) > len(MAGIC) and content[len(MAGIC)] != VERSION:
        raise AezError(
            f"this .aez file has version {content[len(MAGIC)]} and this lab reads version {VERSION}: open it "
            "with the lab that made it, or make it again"
        )
    if len(content) < HEAD.size:
        raise AezError(f"this .aez file is cut off after {len(content)} bytes: get it again, whole")
    _, _, bits, coder, named, *shape, code_size, count, coded, fingerprint, levels_sum = HEAD.unpack_from(
        content
    )
    whole = HEAD.size + named + coded + TAIL.size
    if len(content) < whole:
        raise AezError(
            f"this .aez file is damaged or cut off: it has {len(content):,} bytes of {whole:,}, get it again"
        )
    body, [crc] = content[: -TAIL.size], TAIL.unpack(content[-TAIL.size :])
    if len(content) != whole or zlib.crc32(body) != crc:
        raise AezError("this .aez file is damaged (its checksum is another): get it again")
    try:
        run, dataset = body[HEAD.size : HEAD.size + named].decode("ascii").split("\n")
        contents = Contents(
            run=run,
            dataset=dataset,
            image_shape=(shape[0], shape[1], shape[2]),
            code_size=code_size,
            count=count,
            bits=bits,
            coder=NUMBERS[coder],
            fingerprint=fingerprint,
            levels_sum=levels_sum,
            coded=body[HEAD.size + named :],
        )
    except (ValueError, KeyError):  # a right sum over a wrong content: a forger's
        raise AezError("this .aez file says what no lab would have written: make it again") from None
    check(contents)
    return contents


def check(contents: Contents) -> None:
    """Raise AezError for what no file may hold."""
    channels, height, width = contents.image_shape
    numbers = contents.count * max(contents.code_size, channels * height * width)
    if not 1 <= contents.count <= MOST_IMAGES or numbers > MOST_NUMBERS or not contents.code_size:
        raise AezError(
            f"{contents.count:,} images of {channels}×{height}×{width} in codes of {contents.code_size:,} "
            f"are not for one .aez file: choose 1 to {MOST_IMAGES:,} images, and at most {MOST_NUMBERS:,} "
            "numbers in them"
        )
    if contents.bits not in BITS or (contents.bits == FLOAT and not CODERS[contents.coder].floats):
        raise AezError(f"{contents.bits} bits by the coder {contents.coder} are not to be had: choose others")
    if not (name := contents.run + contents.dataset).isascii() or not name.isprintable():
        raise AezError(
            f"an .aez file cannot say that {contents.run!a} made it: give its folder an ASCII name"
        )
    if len(name) >= LONGEST_NAME:
        raise AezError(f"the model's id has {len(contents.run)} letters: give its folder a shorter name")
