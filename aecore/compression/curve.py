"""Rate and distortion: how good images are at how many bytes, from models, PCA, PNG, JPEG and WebP.

These are questions of aecore.analysis.questions. An answer has `bytes`, of each image with its share of what
a file has besides, and `psnr`, in decibels of the mean error over all images, both (P,).
"""

import copy
from functools import partial

import numpy as np
import torch

from aecore import data, runs
from aecore.analysis.questions import Arrays, Say
from aecore.analysis.reconstruction import psnr
from aecore.compression import aez
from aecore.compression.aez import Contents
from aecore.compression.codec import MOST_LEARNT, TRIED, codec_of, compress, decompress
from aecore.compression.coders import CODERS
from aecore.compression.formats import QUALITIES, singly, together
from aecore.compression.quality import mean_error
from aecore.compression.quantiser import BITS, FINEST, FLOAT, Quantiser, learn
from aecore.compression.samples import COUNT, sample
from aecore.data.batches import pixels
from aecore.models.pca import PCA

COMPONENTS = (2, 4, 8, 16, 32, 64, 128, 256)
"""Code sizes of PCA; none as large as an image."""


def of_run(subject: str, device: str, say: Say) -> Arrays:
    """A run's model on test images of its own data set, by its best coder at each of `bits` (P,).

    Raises LabError where the model or the data set cannot be had.
    """
    run = runs.get(subject)
    say(0, f"Learning the codes of {run.name}")
    images = data.load(run.experiment.data.dataset)
    codec = codec_of(run, device, images)
    tests = sample(images.test_images)
    asked = codec.versions(tests).targets.cpu().numpy()
    sizes, errors = [], []
    for done, bits in enumerate(BITS):
        say((done + 1) / (len(BITS) + 1), f"Compressing {len(tests):,} pictures by {run.name}")
        content = compress(codec, tests, bits, "zlib" if bits == FLOAT else "range")
        sizes.append(len(content))
        errors.append(mean_error(asked, decompress(codec, content).pictures))
    return _points(np.array(sizes) / len(tests), np.array(errors)) | {"bits": np.array(BITS)}


def of_pca(subject: str, device: str, say: Say) -> Arrays:
    """PCA of the data set `subject` on its test images, quantised and coded as a model is, in the same file.

    All its components have one step, as their errors count alike. Also `components` and `bits` (P,).
    """
    images = data.load(subject)
    tests = sample(images.test_images)
    asked, most = tests.numpy(), images.train_images[0].numel()
    largest = PCA(images.train_images.to(device), min(max(COMPONENTS), most - 1))
    kinds = [count for count in COMPONENTS if count < most]
    rows = []
    for done, count in enumerate(kinds):
        say((done + 1) / (len(kinds) + 1), f"PCA with {count} numbers")
        pca = _first(largest, count)
        quantiser = _learnt(pca, images.train_images)
        codes = _codes(pca, tests)
        for bits in range(1, FINEST + 1):
            levels = quantiser.levels(codes, bits)
            coded = CODERS["range"].write(levels, bits, quantiser)
            drawn = _draw(pca, quantiser.codes(levels, bits))
            rows.append(
                (_file_size(subject, asked, count, bits, coded), mean_error(asked, drawn), count, bits)
            )
    sizes, errors, components, bits = (np.array(column) for column in zip(*rows, strict=True))
    return _points(sizes / len(tests), errors) | {"components": components, "bits": bits}


def of_formats(subject: str, _device: str, say: Say) -> Arrays:
    """PNG, JPEG and WebP on the test images of the data set `subject`.

    For each way by name a (P, 2) array of bytes and PSNR, infinite where nothing is lost: each image in a
    file of its own, and all in one.
    """
    images = sample(data.load(subject).test_images).numpy()
    ways = {f"{name}, {how.__name__}": (how, name) for how in (singly, together) for name in ("JPEG", "WebP")}
    steps, found = len(ways) * len(QUALITIES), {}
    for place, (title, (how, name)) in enumerate(ways.items()):
        points = []
        for done, quality in enumerate(QUALITIES):
            say((place * len(QUALITIES) + done) / (steps + 4), f"Compressing as {title}")
            written = how(images, name, quality)
            points.append((written.bytes_each, psnr(mean_error(images, written.pictures))))
        found[title] = np.array(points)
    lossless = [(name, how) for name in ("PNG", "WebP lossless") for how in (singly, together)]
    for done, (name, how) in enumerate(lossless):
        say((steps + done) / (steps + len(lossless)), f"Compressing as {name}")
        found[f"{name}, {how.__name__}"] = np.array([(how(images, name).bytes_each, np.inf)])
    return found


def best(sizes: np.ndarray, decibels: np.ndarray) -> np.ndarray:
    """Which points (P,) no other one beats in both, smallest first: the line that a method is drawn with."""
    order = np.lexsort((-decibels, sizes))
    highest = np.maximum.accumulate(np.concatenate([[-np.inf], decibels[order][:-1]]))
    return order[decibels[order] > highest]


def at_bytes(sizes: np.ndarray, decibels: np.ndarray, wanted: float) -> float | None:
    """The PSNR of a method's best line at so many bytes an image; None outside of its line."""
    line = best(sizes, decibels)
    if not len(line) or not sizes[line[0]] <= wanted <= sizes[line[-1]]:
        return None
    return float(np.interp(wanted, sizes[line], decibels[line]))


def _points(sizes: np.ndarray, errors: np.ndarray) -> Arrays:
    return {"bytes": sizes.astype(np.float64), "psnr": psnr(errors)}


def _first(pca: PCA, count: int) -> PCA:
    """The same with fewer components."""
    fewer = copy.copy(pca)
    fewer.components = pca.components[:count]
    return fewer


def _learnt(pca: PCA, images: torch.Tensor) -> Quantiser:
    training = images[np.random.default_rng(0).permutation(len(images))[:MOST_LEARNT].tolist()]
    return learn(_codes(pca, training), partial(_draw, pca), training[:TRIED].numpy(), one_step=True)


def _codes(pca: PCA, images: torch.Tensor) -> np.ndarray:
    device = pca.mean.device
    return torch.cat([pca.encode(pixels(batch.to(device))).cpu() for batch in images.split(COUNT)]).numpy()


def _draw(pca: PCA, codes: np.ndarray) -> np.ndarray:
    drawn = pca.decode(torch.from_numpy(np.ascontiguousarray(codes)).to(pca.mean.device))
    return drawn.clamp(0, 1).mul(255).round().to(torch.uint8).cpu().numpy()


def _file_size(dataset: str, images: np.ndarray, components: int, bits: int, coded: bytes) -> int:
    """Bytes of the file that a model would have been given for the same."""
    contents = Contents(
        run=f"pca-{components}",
        dataset=dataset,
        image_shape=images.shape[1:],
        code_size=components,
        count=len(images),
        bits=bits,
        coder="range",
        fingerprint=bytes(aez.FINGERPRINT),
        levels_sum=0,
        coded=coded,
    )
    return len(aez.write(contents))
