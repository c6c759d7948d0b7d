"""Weights on disk: what is wrong with a file is named, and the model stays as it was."""

import pytest
import torch
from images import SHAPE
from obstacles import no_room
from safetensors.torch import save_file

from aecore.config import DenseConfig, TrainConfig
from aecore.models import build
from aecore.models.weights import WeightsError, load_weights, save_weights
from aecore.state import TrainingState

TINY = DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3)


def missing(_weights, path):
    path.unlink(missing_ok=True)


def truncated(weights, path):
    save_file(weights, path)
    path.write_bytes(path.read_bytes()[:-100])


def not_safetensors(_weights, path):
    path.write_bytes(b"PK\3\4 a pickle, perhaps")


def empty(_weights, path):
    path.write_bytes(b"")


def a_folder(_weights, path):
    path.mkdir()


def another_network(_weights, path):
    save_file({"linear.weight": torch.zeros(2, 2)}, path)


def one_name_too_many(weights, path):
    save_file({**weights, "extra": torch.zeros(1)}, path)


def one_name_too_few(weights, path):
    save_file({name: weight for name, weight in weights.items() if name != "decoder.2.bias"}, path)


def one_wrong_shape(weights, path):
    save_file({**weights, "decoder.2.bias": torch.zeros(65)}, path)


def transposed(weights, path):
    save_file({**weights, "encoder.0.weight": weights["encoder.0.weight"].T.contiguous()}, path)


def one_nan(weights, path):
    weights["encoder.2.bias"][1] = torch.nan
    save_file(weights, path)


def one_infinity(weights, path):
    weights["encoder.2.bias"][1] = -torch.inf
    save_file(weights, path)


def too_large_for_float32(weights, path):
    weights["encoder.2.bias"] = torch.full((3,), 1e300, dtype=torch.float64)
    save_file(weights, path)


def integers(weights, path):
    weights["encoder.2.bias"] = torch.ones(3, dtype=torch.int64)
    save_file(weights, path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (missing, "is not there"),
        (truncated, "is damaged"),
        (not_safetensors, "is damaged"),
        (empty, "is damaged"),
        (a_folder, "is damaged"),
        (another_network, "another network's weights: decoder.0.bias is not in the file"),
        (one_name_too_many, "another network's weights: extra is not in the model"),
        (one_name_too_few, "another network's weights: decoder.2.bias is not in the file"),
        (one_wrong_shape, "decoder.2.bias is (65,), the model needs (64,)"),
        (transposed, "encoder.0.weight is (64, 7), the model needs (7, 64)"),
        (one_nan, "encoder.2.bias holds values that are not finite numbers"),
        (one_infinity, "encoder.2.bias holds values that are not finite numbers"),
        (too_large_for_float32, "encoder.2.bias holds values that are not finite numbers"),
        (integers, "encoder.2.bias holds values that are not finite numbers"),
    ],
)
def test_a_bad_weights_file_is_named_and_refused_and_the_model_stays_as_it_was(tmp_path, damage, words):
    model, path = build(TINY, seed=1), tmp_path / "some.safetensors"
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    damage({name: weight.clone() for name, weight in build(TINY, seed=2).state_dict().items()}, path)
    with pytest.raises(WeightsError) as error:
        load_weights(model, path)
    sentence = str(error.value)
    assert sentence.startswith(f"{path} ")
    assert words in sentence
    assert "\n" not in sentence
    assert all(torch.equal(weight, before[name]) for name, weight in model.state_dict().items())


WRITERS = {
    "weights": lambda path: save_weights(build(TINY), path),
    "half as large weights": lambda path: save_weights(build(TINY), path, torch.float16),
    "training state": lambda path: TrainingState(build(TINY), TrainConfig(), 36).save(path),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_that_cannot_be_written_is_named_and_the_old_one_stays(tmp_path, write):
    path, gone = tmp_path / "some.safetensors", tmp_path / "gone" / "some.safetensors"
    write(path)
    before = path.read_bytes()
    assert len(before) > 100
    with no_room(100), pytest.raises(WeightsError) as error:
        write(path)
    assert str(error.value).startswith(f"{path} could not be written (")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(WeightsError, match=f"^{gone} could not be written"):
        write(gone)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_weights_of_another_precision_are_taken(tmp_path, dtype):
    model = build(TINY, seed=1)
    save_file({name: weight.to(dtype) for name, weight in model.state_dict().items()}, tmp_path / "w")
    again = build(TINY, seed=2)
    load_weights(again, tmp_path / "w")
    for name, weight in again.state_dict().items():
        assert torch.equal(weight, model.state_dict()[name].to(dtype).float())
