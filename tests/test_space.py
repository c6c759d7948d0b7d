"""Which pictures a look into the latent space is about, and the questions asked of them, for every model."""

import numpy as np
import pytest
import torch
from every_model import small_config
from images import experiment, pictures
from sklearn.neighbors import KNeighborsClassifier
from tiny_runs import IMAGES, trained

from aecore import data, runs
from aecore.analysis import estimate, neighbourhoods, space
from aecore.analysis.codes import for_the_disk
from aecore.analysis.questions import Question, answer, to_nobody
from aecore.config import MODEL_CONFIGS, Experiment
from aecore.errors import LabError
from aecore.models import build
from aecore.runs.execution import create, execute


def run_of(kind, dataset, shape):
    """A run that is trained no further than it was drawn."""
    config = small_config(kind, shape, 4)
    return create(Experiment(model=config).with_settings({"dataset": dataset}))


@pytest.fixture
def images_at_hand(tiny_digits, monkeypatch):  # noqa: ARG001, a fixture
    monkeypatch.setattr(data, "load", lambda _: IMAGES)


def test_test_pictures_come_first_and_keep_their_numbers():
    numbers, chosen, labels, total = space.population(IMAGES, "all", 3)
    assert numbers.tolist() == list(range(65))
    assert total == 65
    assert chosen[:20].equal(IMAGES.test_images)
    assert chosen[20:].equal(IMAGES.train_images)
    assert labels.tolist() == [*IMAGES.test_labels.tolist(), *IMAGES.train_labels.tolist()]
    numbers, chosen, labels, total = space.population(IMAGES, "test", 3)
    assert (len(numbers), len(chosen), len(labels), total) == (20, 20, 20, 20)
    with pytest.raises(LabError, match="choose test or all"):
        space.population(IMAGES, "everything", 3)


def test_of_codes_too_large_to_keep_there_are_fewer_evenly_spread(monkeypatch):
    monkeypatch.setattr(space, "MOST_NUMBERS", 40)
    numbers, chosen, labels, total = space.population(IMAGES, "all", 10)
    assert numbers.tolist() == [0, 21, 42, 64]
    assert total == 65
    assert chosen[1].equal(IMAGES.train_images[1])
    assert labels[3] == IMAGES.train_labels[44]
    monkeypatch.setattr(space, "AT_FIRST", 2)
    assert space.population(IMAGES, "test", 1)[0].tolist() == [0, 19]


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 7)], ids=str)
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_codes_and_errors_are_those_of_one_picture_at_a_time(kind, shape, monkeypatch):
    dataset = "digits" if shape[0] == 1 else "patches"
    monkeypatch.setitem(
        data.SOURCES,
        dataset,
        data.SOURCES[dataset].__class__(**{**vars(data.SOURCES[dataset]), "image_shape": shape}),
    )
    run = run_of(kind, dataset, shape)
    images = IMAGES.__class__(
        name=dataset,
        train_images=pictures(9, shape, seed=1),
        train_labels=torch.arange(9) % 2,
        test_images=pictures(6, shape, seed=2),
        test_labels=torch.arange(6) % 2,
        class_names=("one", "two"),
    )
    torch.manual_seed(0)
    model = build(run.experiment.model).eval()
    found = space.space_of(model, run, images, "all")
    assert found.position(8) == 8
    assert found.position(15) is None
    for number in (0, 5, 6, 14):
        image = (images.test_images[number] if number < 6 else images.train_images[number - 6])[None] / 255
        with torch.no_grad():
            code = model.encode(image)
            error = (model.decode(code) - image).square().mean()
        np.testing.assert_allclose(found.codes[number], code[0].numpy(), atol=1e-5)
        assert found.errors[number] == pytest.approx(error.item(), rel=1e-4)
        np.testing.assert_array_equal(found.inputs[number], (image[0] * 255).round().numpy())
    projection = "pca" if run.experiment.model.code_size > 2 else "code"
    told = neighbourhoods.measured(
        model, run, images, to_nobody, projection=projection, points=None, which="test"
    )
    assert told["judged"] == [6]
    assert told["fitted"] == [9]
    flat = [pictures(n, shape, seed=s).flatten(1).numpy() / 255 for n, s in ((9, 1), (6, 2))]
    theirs = KNeighborsClassifier(5, algorithm="brute").fit(flat[0], np.arange(9) % 2)
    assert told["knn"][0] == pytest.approx(theirs.score(flat[1], np.arange(6) % 2))
    assert told["trust"][0] == 1
    assert (told["trust"][[0, 2, 3]] <= 1).all()
    assert np.isfinite(told["silhouette"][[0, 2, 3]]).all()


def test_the_questions_of_a_run_are_answered(images_at_hand):  # noqa: ARG001, a fixture
    run = trained()
    heard = []
    question = Question("tsne", run.id, {"pictures": "test"})
    points = answer(question, "cpu", lambda share, doing: heard.append((share, doing)))["points"]
    assert points.shape == (20, 2)
    assert heard[0] == (0.0, "Codes of the pictures")
    for projection in ("pca", "tsne"):
        settings = {"projection": projection, "pictures": "test"}
        told = answer(Question("map-quality", run.id, settings), "cpu")
        assert told["judged"] == [20]
        assert np.isnan(told["knn"][3]) == (projection == "tsne")  # training pictures are not on that map
        assert np.isfinite(told["trust"]).all()
    with pytest.raises(LabError, match="choose test or all"):
        answer(Question("tsne", run.id, {"pictures": "none"}), "cpu")


def test_a_run_sees_its_own_noise(images_at_hand):  # noqa: ARG001, a fixture
    run = create(experiment(noise="masking", noise_level=0.5))
    list(execute(run, IMAGES, "cpu"))
    found = space.of_run(run.id, "test", "cpu")
    originals = IMAGES.test_images.numpy()
    hidden = (found.inputs == 0) & (originals > 0)
    assert 0.3 < hidden.mean() < 0.7
    assert runs.get(run.id).experiment.data.noise == "masking"


def test_the_codes_of_a_run_are_kept_and_used(images_at_hand, monkeypatch):  # noqa: ARG001, a fixture
    run = trained()
    now = space.of_run(run.id, "all", "cpu")
    heard = []
    told = answer(space.asked(run.id, "all"), "cpu", lambda share, doing: heard.append((share, doing)))
    assert heard == [(0.0, "Codes of 65 pictures")]
    assert told["codes"].dtype == np.float16
    assert told["errors"].dtype == np.float32
    monkeypatch.setattr(space, "coded", None)  # nothing is computed again
    then = space.of_run(run.id, "all", "cpu")
    assert then.codes.dtype == np.float32
    np.testing.assert_allclose(then.codes, now.codes, rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(then.errors, now.errors)
    np.testing.assert_array_equal(then.inputs, now.inputs)
    points = answer(Question("tsne", run.id, {"pictures": "all"}), "cpu")["points"]
    assert points.shape == (65, 2)


@pytest.mark.parametrize(("largest", "kind"), [(1e5, np.float32), (1e-3, np.float32), (40, np.float16)])
def test_codes_are_halved_where_that_loses_little(largest, kind):
    codes = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3) * np.float32(largest)
    rounded = for_the_disk(codes)
    assert rounded.dtype == kind
    np.testing.assert_allclose(rounded, codes, rtol=5e-4)


@pytest.mark.parametrize("size", [32, 256])
def test_more_pictures_and_wider_layers_take_longer(monkeypatch, size):
    monkeypatch.setattr(estimate, "matrix_rate", lambda _: 1e11)
    usual = Experiment().with_settings({"dataset": "mnist", "hidden": (512,), "code_size": size})
    assert not space.takes_long(usual, "test", "cpu")
    assert space.takes_long(usual, "all", "cpu")
    wide = usual.with_settings({"hidden": (9_000,)})
    assert space.takes_long(wide, "test", "cpu")
    digits = Experiment().with_settings({"dataset": "digits", "code_size": size})
    assert not space.takes_long(digits, "all", "cpu")
