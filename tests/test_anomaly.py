"""Strangeness: which images are asked about, and each method against naive arithmetic."""

import numpy as np
import pytest
import torch
from every_model import small_config
from sklearn.decomposition import PCA
from torch import Tensor

from aecore import data
from aecore.analysis import anomaly
from aecore.analysis.codes import codes_of
from aecore.analysis.methods import METHODS
from aecore.analysis.questions import Question, answer, to_nobody
from aecore.config import MODEL_CONFIGS, DataConfig
from aecore.data import SOURCES, ImageSet
from aecore.errors import LabError
from aecore.models import build


def labelled(labels: list[int], shape=(1, 2, 2)) -> Tensor:
    """An image for each label, all of its pixels the label's number."""
    return torch.tensor(labels, dtype=torch.uint8).reshape(-1, 1, 1, 1).expand(-1, *shape).contiguous()


def tiny(name="digits", train=(0, 1, 2, 0, 1, 2, 0, 1), test=(2, 0, 1, 0), shape=(1, 2, 2)) -> ImageSet:
    return ImageSet(
        name=name,
        train_images=labelled(list(train), shape),
        train_labels=torch.tensor(train),
        test_images=labelled(list(test), shape),
        test_labels=torch.tensor(test),
        class_names=("a", "b", "c"),
    )


def test_cases_worked_out_by_hand():
    found = anomaly.cases(tiny(), DataConfig(dataset="digits", validation_share=0), normal=[0, 2])
    assert found.learnt[:, 0, 0, 0].tolist() == [0, 2, 0, 2, 0]
    assert found.held_out.equal(found.learnt)  # none was held out
    assert found.normal_numbers.tolist() == [0, 1, 3]
    assert found.strange_numbers.tolist() == [2]
    assert found.strange[:, 0, 0, 0].tolist() == [1]


def test_what_was_held_out_was_never_learnt_from():
    config = DataConfig(dataset="digits", validation_share=0.5, classes=(0,))
    images = tiny(train=[0] * 10 + [1] * 10)
    images.train_images[:10] += torch.arange(10, dtype=torch.uint8).reshape(-1, 1, 1, 1)
    found = anomaly.cases(images, config, normal=[0])
    learnt, held_out = (set(part[:, 0, 0, 0].tolist()) for part in (found.learnt, found.held_out))
    assert len(learnt) == len(held_out) == 5
    assert not learnt & held_out


@pytest.mark.parametrize("share", [0, 0.1, 0.5])
def test_whether_any_was_held_out_is_known_from_the_labels(share):
    images = tiny(train=[0] * 9 + [1])
    for number in (0, 1):
        config = DataConfig(dataset="digits", validation_share=share)
        _, held_out = anomaly._learnt(images, config, [number])
        assert anomaly.holds_out(images.train_labels, config, [number]) == bool(len(held_out))
    only = DataConfig(dataset="digits", validation_share=0.5, classes=(0,))
    assert not anomaly.holds_out(images.train_labels, only, [1])


def test_pictures_of_other_data_are_all_strange():
    found = anomaly.cases(tiny(), DataConfig(dataset="digits"), normal=[], others=tiny("other"))
    assert len(found.normal) == 4
    assert found.strange_numbers.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("normal", "others", "config", "says"),
    [
        ([0, 1, 2], None, {}, "every class is normal and none strange"),
        ([1], None, {"classes": (0,)}, "has learnt from none of these classes"),
        ([2], None, {"validation_share": 0.4, "split_seed": 3}, "from a single picture of these classes"),
        ([0], tiny("big", shape=(1, 3, 3)), {}, "data set big has images of 1×3×3: choose one of 1×2×2"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(normal, others, config, says):
    with pytest.raises(LabError, match=says):
        anomaly.cases(tiny(), DataConfig(dataset="digits", **config), normal, others)


@pytest.fixture(scope="module", params=["digits", "patches"])
def some(request) -> tuple[DataConfig, anomaly.Cases]:
    images = data.load(request.param)
    found = anomaly.cases(images, DataConfig(dataset=request.param), normal=[0])
    few = (part[:count] for part, count in zip(found, (60, 20, 15, 15, 15, 15), strict=True))
    return DataConfig(dataset=request.param, noise="gaussian"), anomaly.Cases(*few)


@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_every_model_is_scored_as_naive_arithmetic_does(kind, some):
    config, found = some
    shape = SOURCES[config.dataset].image_shape
    model = build(small_config(kind, shape, 5), seed=0).eval()
    told = anomaly.scores(model, config, found, to_nobody)
    parts = {"held_out": found.held_out, "normal": found.normal, "strange": found.strange}
    assert all(told[name].shape == (len(METHODS), len(part)) for name, part in parts.items())

    flat = {name: part.flatten(1).numpy() / 255 for name, part in parts.items()}
    learnt = found.learnt.flatten(1).numpy() / 255
    for name, part in parts.items():
        by = dict(zip(METHODS, told[name], strict=True))
        with torch.inference_mode():
            redrawn = model(part / 255).flatten(1).numpy()  # without noise, whatever the training had
        assert by["error"] == pytest.approx(((redrawn - flat[name]) ** 2).mean(1), rel=1e-3, abs=1e-7)
        distances = np.sort(np.linalg.norm(flat[name][:, None] - learnt[None], axis=2), axis=1)
        assert by["knn"] == pytest.approx(distances[:, :5].mean(1), rel=1e-3)
        size = model.config.pca_size
        if size and size < 40:
            pca = PCA(size, svd_solver="full").fit(learnt)  # which leaves nothing to chance
            back = pca.inverse_transform(pca.transform(flat[name]))
            assert by["pca"] == pytest.approx(((back - flat[name]) ** 2).mean(1), rel=2e-2, abs=1e-4)
        if not size:
            assert np.isnan(by["pca"]).all()
    logs = {name: np.log(told[name][:2] + anomaly.TINY) for name in parts}
    usual = logs["held_out"]
    spread = usual.std(1, keepdims=True)
    if (spread > 1e-6).all():
        both = ((logs["strange"] - usual.mean(1, keepdims=True)) / spread).sum(0)
        assert told["strange"][2] == pytest.approx(both, rel=1e-2, abs=1e-2)


def test_the_distance_of_a_code_is_in_standard_deviations(some):
    """Far from all images, the squared distance grows as the square of how far."""
    config, found = some
    model = build(small_config("dense", SOURCES[config.dataset].image_shape, 3), seed=0).eval()
    codes = codes_of(model, found.learnt)
    told = anomaly.scores(model, config, found._replace(held_out=found.learnt), to_nobody)
    distances = told["held_out"][list(METHODS).index("code")]
    centred = codes - codes.mean(0)
    exact = np.einsum("nk,kl,nl->n", centred, np.linalg.inv(np.cov(codes.T, bias=True)), centred)
    assert np.corrcoef(distances, exact)[0, 1] > 0.9  # the covariance is shrunk, so not the same
    assert distances.mean() == pytest.approx(3, rel=0.35)  # the mean of chi squared with three degrees


def test_noise_is_stranger_than_digits_to_the_methods_without_a_model():
    images = data.load("digits")
    found = anomaly.cases(images, DataConfig(dataset="digits"), normal=[3])
    noise = torch.randint(0, 256, found.normal.shape, dtype=torch.uint8)
    model = build(small_config("dense", (1, 28, 28), 8), seed=0).eval()
    told = anomaly.scores(model, DataConfig(dataset="digits"), found._replace(strange=noise), to_nobody)
    for name in ("pca", "knn", "lof", "forest"):
        row = list(METHODS).index(name)
        assert told["strange"][row].min() > told["normal"][row].max(), name


def test_the_run_that_comes_with_the_lab_tells_threes_better_than_its_baselines():
    found = answer(Question("anomaly", "zoo-digits-threes", {"normal": "3", "others": "", "most": 0}), "cpu")
    from aecore.analysis.detection import figures

    areas = {
        name: figures(normal, strange).auroc
        for name, normal, strange in zip(METHODS, found["normal"], found["strange"], strict=True)
    }
    assert areas["error"] > 0.99
    assert areas["error"] > max(areas[name] for name in ("pca", "knn", "lof", "forest"))
    labels = data.load("digits").test_labels
    assert set(labels[found["normal_numbers"]].tolist()) == {3}
    assert 3 not in labels[found["strange_numbers"]].tolist()


@pytest.mark.slow
@pytest.mark.skipif(
    not (data.available("mnist") and data.available("fashion-mnist")), reason="needs MNIST and Fashion-MNIST"
)
def test_the_one_shoe_among_ten_thousand_digits_is_found():
    asked = {"normal": "", "others": "fashion-mnist", "most": 1}
    found = answer(Question("anomaly", "zoo-mnist-32", asked), "cpu")
    assert len(found["normal_numbers"]) == 10_000
    assert found["strange"][0, 0] > found["normal"][0].max()
