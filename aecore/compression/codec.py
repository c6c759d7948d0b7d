"""A run's model with all that is needed to write its codes into a file, and to read them on any machine."""

import hashlib
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from aecore import data, runs
from aecore.analysis import estimate
from aecore.analysis.codes import codes_of, pictures_of
from aecore.analysis.comparison import Versions, versions
from aecore.analysis.questions import Arrays, Say, to_nobody
from aecore.analysis.reconstruction import check_shape
from aecore.compression import aez
from aecore.compression.aez import AezError, Contents
from aecore.compression.coders import CODERS, CodingError
from aecore.compression.quantiser import FLOAT, OUTERMOST, PLACES, Quantiser, how_many, learn, sharing
from aecore.config import Experiment
from aecore.data import ImageSet
from aecore.data.batches import hold_out
from aecore.files import whole
from aecore.home import home
from aecore.models.base import Autoencoder
from aecore.runs import Run

NAME = "codec.safetensors"

MOST_LEARNT = 20_000
"""Training images whose codes are looked at."""

MOST_NUMBERS = 5_000_000
"""Numbers in those codes: a code of thousands of units needs fewer images, its units share their tables."""

TRIED = 1_000
"""Those of them that are drawn again, to find the ranges."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Codec:
    """What writes and reads the files of one run."""

    run: Run
    model: Autoencoder
    quantiser: Quantiser
    fingerprint: bytes
    """Of the stored weights and of what was learnt: another model's files are told by it."""

    def versions(self, images: torch.Tensor) -> Versions:
        """What the model sees of uint8 images (N, C, H, W), and what it is asked for; no noise is added."""
        return _clean(self.run, images)


@dataclass(frozen=True, kw_only=True, eq=False)
class Decompressed:
    """What came out of a file."""

    contents: Contents
    codes: np.ndarray
    """float32 (N, K)."""

    pictures: np.ndarray
    """uint8 (N, C, H, W)."""


def codec_of(
    run: Run,
    device: str,
    images: ImageSet | None = None,
    model: Autoencoder | None = None,
    say: Say = to_nobody,
) -> Codec:
    """The codec of a run: the one that is kept, or else learnt on its training images, and kept.

    `images` are its data set, and `model` is its model on the device, if they are at hand. Raises LabError
    where the run's weights or its data set cannot be had.
    """
    model = model or runs.load(run, device)
    file = find(run)
    if file is None:
        file = kept_at(run)
        keep(learn_codec(run, model, images or data.load(run.experiment.data.dataset), say), file)
    quantiser = _read(file, run)
    digest = hashlib.sha256((run.folder / "weights.safetensors").read_bytes() + file.read_bytes()).digest()
    return Codec(run=run, model=model, quantiser=quantiser, fingerprint=digest[: aez.FINGERPRINT])


def takes_long(experiment: Experiment, device: str) -> bool:
    """Whether learning is a question because a page could not wait for it."""
    model = experiment.model
    drawn = len(OUTERMOST) * min(_looked_at(model.code_size), TRIED)
    return estimate.takes_long(model, (_looked_at(model.code_size) + drawn) // 2, device)


def of_run(subject: str, device: str, say: Say) -> Arrays:
    """What there is to know of a run's codes, learnt and kept where `find` looks: the arrays of a Quantiser.

    Raises LabError.
    """
    quantiser = codec_of(runs.get(subject), device, say=say).quantiser
    return {"low": quantiser.low, "high": quantiser.high, "counts": quantiser.counts}


def find(run: Run) -> Path | None:
    """The file with what was learnt of a run's codes, if it was."""
    files = (run.folder / NAME, kept_at(run))
    return next((file for file in files if file.exists()), None)


def kept_at(run: Run) -> Path:
    """In the run's folder; what is learnt of the lab's own runs is apart, as their analyses are."""
    own = run.folder.parent == runs.runs_folder()
    return (run.folder if own else home() / "analyses" / run.id) / NAME


def learn_codec(run: Run, model: Autoencoder, images: ImageSet, say: Say = to_nobody) -> Quantiser:
    """What there is to know of a model's codes, from training images at random, 20,000 at most.

    A second or two, however wide the code is.
    """
    data = run.experiment.data
    training, _ = hold_out(images.only(data.classes).train_images, data)
    count = min(len(training), _looked_at(model.config.code_size))
    chosen = np.random.default_rng(0).permutation(len(training))[:count].tolist()
    device = next(model.parameters()).device
    seen = _clean(run, training[chosen].to(device))
    codes = codes_of(model, seen.inputs, lambda share, doing: say(share / 2, doing))
    say(0.5, "Finding their ranges")
    return learn(codes, partial(pictures_of, model), seen.targets[:TRIED].cpu().numpy())


def _looked_at(code_size: int) -> int:
    """How many training images, where there are as many."""
    return min(MOST_LEARNT, how_many(code_size), max(MOST_NUMBERS // code_size, 1))


def keep(quantiser: Quantiser, file: Path) -> None:
    """Write what was learnt, once: files that were made with it would be of no use with another."""
    arrays = {"low": quantiser.low, "high": quantiser.high, "counts": quantiser.counts}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as temporary:
            save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, temporary)
    except OSError as error:
        raise AezError(f"{file} cannot be written ({error}): make room for it") from None


def compress(codec: Codec, images: torch.Tensor, bits: int = 8, coder: str = "range") -> bytes:
    """An `.aez` file of uint8 images (N, C, H, W), N at least 1, anywhere.

    Raises LabError where they have another shape than the model's, or are too many for a file.
    """
    check_shape(codec.model, images)
    inputs = codec.versions(images).inputs.to(next(codec.model.parameters()).device)
    return pack(codec, codes_of(codec.model, inputs), bits, coder)


def pack(codec: Codec, codes: np.ndarray, bits: int, coder: str) -> bytes:
    """An `.aez` file of codes (N, K), float32."""
    run, quantiser = codec.run, codec.quantiser
    contents = {
        "run": run.id,
        "dataset": run.experiment.data.dataset,
        "image_shape": run.experiment.model.image_shape,
        "code_size": quantiser.code_size,
        "count": len(codes),
        "bits": bits,
        "coder": coder,
        "fingerprint": codec.fingerprint,
    }
    aez.check(Contents(**contents, levels_sum=0, coded=b""))
    levels = quantiser.levels(codes, bits)
    coded = CODERS[coder].write(levels, bits, quantiser)
    return aez.write(Contents(**contents, levels_sum=_sum(levels), coded=coded))


def decompress(codec: Codec, content: bytes) -> Decompressed:
    """Codes and images again. Raises AezError where the file is damaged, or another model's."""
    contents = aez.read(content)
    codes = unpack(codec, contents)
    return Decompressed(contents=contents, codes=codes, pictures=pictures_of(codec.model, codes))


def unpack(codec: Codec, contents: Contents) -> np.ndarray:
    """The codes (N, K), float32. Raises AezError where they are another model's, or not what they were."""
    if contents.run != codec.run.id:
        raise AezError(f"this .aez file was made by {contents.run}, not by {codec.run.id}: choose that model")
    config = codec.model.config
    if (contents.fingerprint, contents.code_size, contents.image_shape) != (
        codec.fingerprint,
        config.code_size,
        config.image_shape,
    ):
        raise AezError(
            f"this .aez file was made by another model than {contents.run} is here: only the "
            "one that made it can open it"
        )
    shape = contents.count, contents.code_size
    try:
        levels = CODERS[contents.coder].read(contents.coded, shape, contents.bits, codec.quantiser)
    except CodingError as error:
        raise AezError(f"this .aez file holds no codes ({error}): make it again") from None
    if _sum(levels) != contents.levels_sum:
        raise AezError("the codes in this .aez file are not those that were put into it: make it again")
    codes = codec.quantiser.codes(levels, contents.bits)
    if contents.bits == FLOAT and not np.isfinite(codes).all():
        raise AezError("this .aez file holds codes that are not finite numbers: make it again")
    return codes


def _sum(levels: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(levels).tobytes())


def _clean(run: Run, images: torch.Tensor) -> Versions:
    return versions(images, run.experiment.data.replace(noise="none"))


def _read(file: Path, run: Run) -> Quantiser:
    """Raises AezError where the file is damaged, or of another code than the run's."""
    size = run.experiment.model.code_size
    tables = -(-size // sharing(size))
    wanted = {
        "low": ((size,), np.float32),
        "high": ((size,), np.float32),
        "counts": ((tables, PLACES), np.uint16),
    }
    try:
        arrays = load_file(file)
        fits = {name: (values.shape, values.dtype.type) for name, values in arrays.items()} == wanted
    except (SafetensorError, OSError) as error:
        raise AezError(
            f"{file} is damaged ({error}): restore it, files made with it cannot be read"
        ) from None
    if not fits or not np.isfinite(arrays["low"] + arrays["high"]).all():
        raise AezError(f"{file} is not of this model: restore it, files made with it cannot be read")
    return Quantiser(**arrays)
