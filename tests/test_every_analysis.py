"""Every analysis of a look inside, for every kind of model, on grey digits and colour patches: the same
numbers as arithmetic on one image, one unit or one pair at a time."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from every_model import small_config
from sklearn.neighbors import KNeighborsClassifier

from aecore import data
from aecore.analysis import (
    activity,
    codes,
    comparison,
    denoising,
    dictionary,
    features,
    neighbourhoods,
    plane,
    reconstruction,
    selection,
    similarity,
    transform_quality,
    transformation,
    undoing,
)
from aecore.analysis.questions import to_nobody
from aecore.config import MODEL_CONFIGS, DataConfig
from aecore.models import build
from aecore.models.base import Autoencoder

COUNT = 24


class Case:
    """A model that was never trained, and some test images of a data set."""

    def __init__(self, kind: str, dataset: str) -> None:
        images = data.load(dataset)
        chosen = torch.linspace(0, len(images.test_images) - 1, COUNT).long()
        self.config = DataConfig(dataset=dataset)
        self.model: Autoencoder = build(small_config(kind, images.image_shape, 6), seed=1).eval()
        self.model.requires_grad_(False)
        self.images, self.labels = images.test_images[chosen], images.test_labels[chosen].numpy()
        self.classes = len(images.class_names)
        self.floats = self.images / 255
        self.codes = np.stack([self.model.encode(each[None])[0].numpy() for each in self.floats])
        self.redrawn = np.stack([self.decoded(code) for code in self.codes])

    def decoded(self, code: np.ndarray) -> np.ndarray:
        return self.model.decode(torch.from_numpy(code)[None])[0].numpy()


case = cache(Case)


def close(found, expected, **limits) -> None:
    np.testing.assert_allclose(found, expected, **({"rtol": 1e-3, "atol": 1e-5} | limits))


def check_codes(of: Case) -> None:
    close(codes.codes_of(of.model, of.images), of.codes)
    pictures = codes.pictures_of(of.model, of.codes[:5])
    close(pictures, np.round(np.clip(of.redrawn[:5], 0, 1) * 255), atol=1)


def check_errors(of: Case) -> None:
    each = [np.mean((of.redrawn[i] - of.floats[i].numpy()) ** 2) for i in range(COUNT)]
    found = reconstruction.errors(of.model, of.images).numpy()
    close(found, each)
    best, worst = reconstruction.extremes(found, 3)
    assert found[best].max() <= np.sort(each)[2] * 1.001
    assert found[worst].min() >= np.sort(each)[-3] * 0.999


def check_differences(of: Case) -> None:
    seen = comparison.versions(of.images, of.config)
    after, difference = comparison.redraw(of.model, seen)
    close(difference, (after.astype(float) - of.images.numpy()) / 255)
    close(after, np.round(np.clip(of.redrawn, 0, 1) * 255), atol=1)


def check_denoising(of: Case) -> None:
    noisy, answer = denoising.restored(of.images[0].numpy(), "gaussian", 0.4, 3, [of.model], "cpu")
    shown = denoising.with_noise(of.floats[:1], "gaussian", 0.4, 3)
    for found, image in ((noisy, shown[0]), (answer, of.model(shown)[0])):
        error = np.mean((np.clip(image.numpy(), 0, 1) - of.floats[0].numpy()) ** 2)
        assert found.psnr == pytest.approx(-10 * np.log10(error), rel=1e-3)


def check_activity(of: Case) -> None:
    told = activity.activity(of.codes, of.labels, of.classes)
    active = [sum(code[unit] != 0 for code in of.codes) / COUNT for unit in range(of.codes.shape[1])]
    close(told.density, active)
    assert told.active_units == pytest.approx(np.mean([np.count_nonzero(code) for code in of.codes]))
    first = of.labels == of.labels[0]
    close(told.profile[:, of.labels[0]], np.abs(of.codes[first]).mean(0))


def check_typical(of: Case) -> None:
    for unit, found in enumerate(activity.typical(of.codes)[:20]):
        own = of.codes[:, unit][of.codes[:, unit] != 0]
        expected = np.sqrt(np.mean(own.astype(float) ** 2)) if len(own) else 0
        assert abs(found) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def check_responses(of: Case) -> None:
    size = of.codes.shape[1]
    amounts = activity.typical(of.codes)
    found = features.responses(of.model, amounts)
    silent = of.decoded(np.zeros(size, np.float32))
    for unit in range(0, size, max(1, size // 5)):
        alone = np.zeros(size, np.float32)
        alone[unit] = amounts[unit]
        close(found[unit], of.decoded(alone) - silent, atol=1e-4)


def check_boost(of: Case) -> None:
    changed = of.codes[2].copy()
    changed[0] = 3
    before, after = features.with_activation(of.model, of.codes[2], 0, 3)
    close(before, np.clip(of.redrawn[2], 0, 1), atol=1e-4)
    close(after, np.clip(of.decoded(changed), 0, 1), atol=1e-4)


def check_dictionary(of: Case) -> None:
    found = dictionary.look_into(of.model, comparison.versions(of.images, of.config))
    rows = of.floats[found.indices].numpy().reshape(len(found.indices), -1)
    missed = ((of.redrawn[found.indices].reshape(rows.shape) - rows) ** 2).sum()
    variance = ((rows - rows.mean(0)) ** 2).sum()
    assert found.explained_variance == pytest.approx(1 - missed / variance, rel=1e-3, abs=1e-3)
    close(found.norms[:4], [np.sqrt((atom.astype(float) ** 2).sum()) for atom in found.atoms[:4]])


def check_similarity(of: Case) -> None:
    found = features.responses(of.model, activity.typical(of.codes))
    one, rest = found[0].ravel(), found[:30].reshape(min(30, len(found)), -1)
    lengths = np.linalg.norm(one) * np.linalg.norm(rest, axis=1)
    expected = np.divide(rest @ one, lengths, out=np.zeros(len(rest)), where=lengths > 1e-9)
    close(similarity.cosines(found, 0)[: len(rest)], expected, atol=1e-2)


def check_plane(of: Case) -> None:
    found = plane.plane_of(of.codes, "pca")
    close(found.place(found.codes(found.points)), found.points, atol=1e-3)
    centred = of.codes.astype(float) - of.codes.mean(0)
    strongest = np.linalg.svd(centred, compute_uv=False)[:2]
    close(np.linalg.norm(found.points, axis=0), strongest, rtol=1e-2, atol=1e-3)


def check_neighbours(of: Case) -> None:
    distances = [np.linalg.norm(code - of.codes[4]) for code in of.codes]
    indices, found = selection.nearest(of.codes, of.codes[4], 5)
    close(found, np.sort(distances)[:5], atol=1e-2)
    close(np.array(distances)[indices], found, atol=1e-2)
    half = COUNT // 2
    fitted, values = (of.codes[:half], of.labels[:half]), (of.codes[half:], of.labels[half:])
    expected = KNeighborsClassifier(5, algorithm="brute").fit(*fitted).score(*values)
    assert neighbourhoods.knn_accuracy(*fitted, *values) == pytest.approx(expected, abs=1.5 / half)


def check_transforming(of: Case) -> None:
    config = of.config.replace(input_transform="half")
    beside = undoing.Baseline(config, torch.zeros(of.images.shape[1]))
    seen = comparison.versions(of.images, config)
    found = transform_quality.quality(of.model, beside, seen, to_nobody)
    for index, (image, asked) in enumerate(zip(seen.inputs.numpy(), of.images.numpy(), strict=True)):
        answer = of.model(torch.from_numpy(image[None]) / 255)[0].numpy()
        for place, picture in ((0, np.round(np.clip(answer, 0, 1) * 255)), (2, image)):
            error = np.mean((picture.astype(float) - asked) ** 2) / 255**2
            close(found["mse"][place, index], error, rtol=1e-2)
    single = transformation.transformed(of.model, beside, of.images[3].numpy())
    close(single.psnr["model"], -10 * np.log10(found["mse"][0, 3]))


CHECKS: dict[str, Callable[[Case], None]] = {
    name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")
}


@pytest.mark.parametrize("dataset", ["digits", "patches"])
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
@pytest.mark.parametrize("analysis", CHECKS)
def test_every_analysis_of_every_model_is_that_of_plain_arithmetic(analysis, kind, dataset):
    CHECKS[analysis](case(kind, dataset))
