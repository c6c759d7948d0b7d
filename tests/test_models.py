"""Models, their weights files and their losses: worked answers, and promises that every model keeps."""

import pytest
import torch
from every_model import small_configs
from images import SHAPE, pictures
from obstacles import no_room
from safetensors.torch import save_file
from sklearn.decomposition import PCA as SklearnPCA
from torch import nn

from aecore.config import MODEL_CONFIGS, ConvConfig, DenseConfig, TrainConfig
from aecore.data.batches import pixels
from aecore.losses import IMAGES_AT_ONCE, LOSSES, evaluate, mean_image
from aecore.models import MODELS, build, check_size
from aecore.models.pca import PCA
from aecore.models.weights import WeightsError, load_weights, save_weights
from aecore.recipes import RECIPES
from aecore.settings import SettingsError
from aecore.state import TrainingState
from aecore.training import train

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 31, 17)]
EVERY_MODEL = pytest.mark.parametrize(
    "config",
    small_configs(SHAPES, code_size=12),
    ids=lambda config: f"{config.kind}-{'x'.join(map(str, config.image_shape))}",
)


def test_every_kind_of_config_has_its_model():
    assert MODELS.keys() == MODEL_CONFIGS.keys()
    for kind, config in MODEL_CONFIGS.items():
        model = build(config())
        assert type(model) is MODELS[kind]
        assert model.config == config()


@EVERY_MODEL
def test_an_image_goes_through_a_code_of_the_size_asked_for(config):
    model = build(config)
    images = pixels(pictures(3, config.image_shape))
    codes = model.encode(images)
    assert codes.shape == (3, config.code_size)
    assert model.decode(codes).shape == images.shape
    assert torch.equal(model(images), model.decode(model.encode(images)))


@EVERY_MODEL
def test_with_sigmoid_every_pixel_is_between_0_and_1(config):
    model = build(config.replace(weight_std=3.0))  # large weights: without the sigmoid far outside
    with torch.no_grad():
        reconstruction = model(pixels(pictures(5, config.image_shape)))
        unbounded = build(config.replace(weight_std=3.0, output_activation="identity"))
        assert unbounded(pixels(pictures(5, config.image_shape))).abs().max() > 1
    assert reconstruction.min() >= 0
    assert reconstruction.max() <= 1


@EVERY_MODEL
def test_it_learns_one_batch_by_heart(config):
    images = pictures(4, config.image_shape)
    rate = 1e-2 if config.kind == "recurrent" else 3e-3  # its sums are bounded, and so are its gradients
    learning = TrainConfig(epochs=300, batch_size=4, learning_rate=rate)
    losses = [
        loss for progress in train(build(config), images, images[:0], learning) for loss in progress.losses
    ]
    # pooling loses where in a square the noise of these images was, and winners are one pixel of a map
    assert losses[-1] < losses[0] / (1.3 if config.kind == "conv-winners" else 4)


@EVERY_MODEL
def test_saved_and_loaded_it_gives_the_same_images(config, tmp_path):
    model, images = build(config, seed=1), pixels(pictures(3, config.image_shape))
    with torch.no_grad():
        expected = model(images)
        for dtype, tolerance in ((torch.float32, 0), (torch.float16, 2e-3)):
            save_weights(model, tmp_path / "weights.safetensors", dtype)
            again = build(config, seed=2)
            assert not torch.equal(again(images), expected)
            load_weights(again, tmp_path / "weights.safetensors")
            assert all(weight.dtype == torch.float32 for weight in again.parameters())
            assert (again(images) - expected).abs().max() <= tolerance


def test_float16_takes_half_the_bytes(tmp_path):
    model = build(DenseConfig())
    save_weights(model, tmp_path / "single")
    save_weights(model, tmp_path / "half", torch.float16)
    single, half = ((tmp_path / name).stat().st_size for name in ("single", "half"))
    assert half == pytest.approx(single / 2, rel=0.01)


@EVERY_MODEL
@pytest.mark.parametrize("weight_std", [None, 0.1])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(config, weight_std):
    config = config.replace(weight_std=weight_std)
    one, again, other = (build(config, seed).state_dict() for seed in (5, 5, 6))
    for name in one:
        assert torch.equal(one[name], again[name])
        assert not torch.equal(one[name], other[name])


@EVERY_MODEL
def test_building_leaves_torchs_own_random_numbers_alone(config):
    torch.manual_seed(123)
    expected = torch.rand(4)
    torch.manual_seed(123)
    build(config.replace(weight_std=0.1), seed=7)
    assert torch.equal(torch.rand(4), expected)


def test_the_first_weights_are_those_of_pytorch_for_the_same_seed():
    torch.manual_seed(11)
    layers = [nn.Linear(64, 7), nn.Linear(7, 3), nn.Linear(3, 7), nn.Linear(7, 64)]
    model = build(DenseConfig(image_shape=SHAPE, hidden=(7,), code_size=3), seed=11)
    ours = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
    for mine, expected in zip(ours, layers, strict=True):
        assert torch.equal(mine.weight, expected.weight)
        assert torch.equal(mine.bias, expected.bias)


def test_weight_std_draws_all_weights_and_all_biases_from_one_normal_distribution():
    """Mean, deviation, and the shares within one and two deviations: 100,000 weights and 10,000 biases."""
    std = 0.05
    model = build(DenseConfig(image_shape=(1, 100, 100), hidden=(), code_size=10, weight_std=std))
    for drawn in (model.decoder[0].weight, model.decoder[0].bias, model.encoder[0].weight):
        count = drawn.numel()
        assert abs(drawn.mean().item()) < 5 * std / count**0.5
        assert drawn.std().item() == pytest.approx(std, abs=5 * std / (2 * count) ** 0.5)
        assert (drawn.abs() < std).float().mean().item() == pytest.approx(0.6827, abs=0.025)
        assert (drawn.abs() < 2 * std).float().mean().item() == pytest.approx(0.9545, abs=0.012)


def test_a_network_too_large_to_train_is_refused_before_it_takes_memory():
    with pytest.raises(SettingsError, match=r"^training would take \d+ GB of memory: choose smaller layers"):
        build(DenseConfig(hidden=(65_536, 65_536), code_size=32))


def test_what_a_batch_takes_counts_too():
    """Weights are few where convolutions are wide and batches large; what they answer is not."""
    for config, too_many in ((ConvConfig(), 65_536), (ConvConfig(channels=(60_000,), code_size=1), 1_437)):
        check_size(config.replace(channels=config.channels[:1]), 1)
        with pytest.raises(SettingsError, match="of memory: choose smaller layers.* or a smaller batch_size"):
            check_size(config, too_many)


@pytest.mark.parametrize("name", RECIPES)
def test_no_recipe_is_too_large(name):
    for dataset in RECIPES[name].datasets:
        experiment = RECIPES[name].on(dataset)
        check_size(experiment.model, experiment.train.batch_size)


def test_a_reconstruction_worked_out_by_hand():
    """Two pixels, a code of two, weights that are numbers one can follow.

    x = (0.2, 0.6)
    encode: W x + b = (1*0.2 + 2*0.6 + 0.1, -1*0.2 + 1*0.6 - 0.2) = (1.5, 0.2)
    decode: V z + d = (0.2*1.5 - 0.5*0.2 + 0.05, 0.4*1.5 + 1*0.2 - 0.1) = (0.25, 0.7)
    squared error: ((0.25 - 0.2)² + (0.7 - 0.6)²) / 2 = (0.0025 + 0.01) / 2
    """
    model = build(DenseConfig(image_shape=(1, 1, 2), hidden=(), code_size=2, output_activation="identity"))
    weights = {
        "encoder.0.weight": torch.tensor([[1.0, 2.0], [-1.0, 1.0]]),
        "encoder.0.bias": torch.tensor([0.1, -0.2]),
        "decoder.0.weight": torch.tensor([[0.2, -0.5], [0.4, 1.0]]),
        "decoder.0.bias": torch.tensor([0.05, -0.1]),
    }
    model.load_state_dict(weights)
    image = torch.tensor([[[[0.2, 0.6]]]])
    assert model.encode(image)[0].tolist() == pytest.approx([1.5, 0.2])
    assert model(image).flatten().tolist() == pytest.approx([0.25, 0.7])
    assert LOSSES["mse"](model(image), image).item() == pytest.approx(0.00625, rel=1e-5)


def test_activations_stand_between_the_layers_at_the_code_and_at_the_end():
    """One pixel, widths 1-2-1-2-1, every activation another.

    x = 0.5; hidden relu(x, -x) = (0.5, 0); code tanh(2*0.5 + 3*0 + 1) = tanh 2
    hidden relu(tanh 2, -tanh 2) = (tanh 2, 0); image sigmoid(1*tanh 2 + 5*0 - 1)
    """
    model = build(DenseConfig(image_shape=(1, 1, 1), hidden=(2,), code_size=1, code_activation="tanh"))
    with torch.no_grad():
        model.encoder[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
        model.encoder[2].weight.copy_(torch.tensor([[2.0, 3.0]]))
        model.decoder[0].weight.copy_(torch.tensor([[1.0], [-1.0]]))
        model.decoder[2].weight.copy_(torch.tensor([[1.0, 5.0]]))
        for bias, value in zip((layer.bias for layer in linear(model)), (0.0, 1.0, 0.0, -1.0), strict=True):
            bias.fill_(value)
    image = torch.full((1, 1, 1, 1), 0.5)
    tanh_2 = 0.9640275800758169
    assert model.encode(image).item() == pytest.approx(tanh_2)
    assert model(image).item() == pytest.approx(1 / (1 + 2.718281828459045 ** (1 - tanh_2)))


def linear(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


@pytest.mark.parametrize("height", [5, 6])
@pytest.mark.parametrize("width", [1, 8])
def test_convolutions_halve_the_image_rounding_up_and_come_back_to_its_size(height, width):
    model = build(ConvConfig(image_shape=(2, height, width), channels=(3, 4), code_size=5))
    images = torch.rand(2, 2, height, width)
    halved = model.encoder[0](images)
    assert halved.shape == (2, 3, (height + 1) // 2, (width + 1) // 2)
    assert model(images).shape == images.shape


class TutorialAE(nn.Module):
    """The class of the tutorials, written out as they do."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(28 * 28, 128),
            nn.ReLU(),
            nn.Linear(128, 64),
            nn.ReLU(),
            nn.Linear(64, 36),
            nn.ReLU(),
            nn.Linear(36, 18),
            nn.ReLU(),
            nn.Linear(18, 9),
        )
        self.decoder = nn.Sequential(
            nn.Linear(9, 18),
            nn.ReLU(),
            nn.Linear(18, 36),
            nn.ReLU(),
            nn.Linear(36, 64),
            nn.ReLU(),
            nn.Linear(64, 128),
            nn.ReLU(),
            nn.Linear(128, 28 * 28),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))


def test_a_state_dict_saved_from_the_tutorials_class_loads_and_gives_the_same_images(tmp_path):
    tutorial = TutorialAE()
    with torch.no_grad():
        for weight in tutorial.parameters():
            weight.mul_(3)  # else every image is answered with the same grey
    save_file(tutorial.state_dict(), tmp_path / "ae.safetensors")
    model = build(RECIPES["gfg-9"].experiment.model)
    load_weights(model, tmp_path / "ae.safetensors")
    images = pixels(pictures(6, (1, 28, 28)))
    with torch.no_grad():
        expected = tutorial(images.reshape(-1, 28 * 28)).reshape(-1, 1, 28, 28)
        assert expected.std(0).max() > 0.01
        assert (model(images) - expected).abs().max() < 1e-6
        assert (model.encode(images) - tutorial.encoder(images.reshape(-1, 28 * 28))).abs().max() < 1e-6


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


def naive_loss(kind, reconstruction, image):
    """One image's loss, pixel by pixel, in Python's own numbers."""
    from math import log

    total = 0.0
    for r, x in zip(reconstruction.flatten().tolist(), image.flatten().tolist(), strict=True):
        if kind == "mse":
            total += (r - x) ** 2
        elif kind == "l1":
            total += abs(r - x)
        else:
            total -= x * log(r) + (1 - x) * log(1 - r)
    return total / image.numel()


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_is_the_mean_over_all_pixels_of_the_batch(kind):
    model = build(TINY)
    images = pixels(pictures(6))
    with torch.no_grad():
        reconstruction = model(images)
    naive = sum(map(naive_loss, [kind] * 6, reconstruction, images)) / 6
    assert LOSSES[kind](reconstruction, images).item() == pytest.approx(naive, rel=1e-5)


def test_losses_worked_out_by_hand():
    reconstruction, image = torch.tensor([[0.5, 0.25]]), torch.tensor([[1.0, 0.0]])
    assert LOSSES["mse"](reconstruction, image).item() == pytest.approx((0.25 + 0.0625) / 2)
    assert LOSSES["l1"](reconstruction, image).item() == pytest.approx((0.5 + 0.25) / 2)
    assert LOSSES["bce"](reconstruction, image).item() == pytest.approx((0.6931472 + 0.2876821) / 2)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("count", [1, 4, 11])
def test_evaluate_is_the_mean_over_images_whatever_the_batches(monkeypatch, kind, count):
    """With 4 images at once, 11 make a short last batch of 3."""
    monkeypatch.setattr("aecore.losses.IMAGES_AT_ONCE", 4)
    model, images = build(TINY), pictures(count, seed=3)
    with torch.no_grad():
        reconstruction = model(pixels(images))
    naive = sum(map(naive_loss, [kind] * count, reconstruction, pixels(images))) / count
    assert evaluate(model, images, kind) == pytest.approx(naive, rel=1e-5)


def test_evaluate_leaves_images_and_gradients_alone():
    model, images = build(TINY), pictures(5)
    before = images.clone()
    evaluate(model, images)
    assert torch.equal(images, before)
    assert all(weight.grad is None for weight in model.parameters())


def test_the_mean_image_is_exact_however_many_images():
    images = pictures(2 * IMAGES_AT_ONCE + 3, seed=4)
    naive = [sum(column) / len(images) / 255 for column in zip(*images.flatten(1).tolist(), strict=True)]
    assert mean_image(images).shape == SHAPE
    assert mean_image(images).flatten().tolist() == pytest.approx(naive, rel=1e-6)


def test_pca_worked_out_by_hand():
    """Two pixels that always agree, and one image off that line: it is answered with its foot on the line."""
    line = torch.tensor([[0, 0], [50, 50], [150, 150], [200, 200]], dtype=torch.uint8).reshape(4, 1, 1, 2)
    pca = PCA(line, 1)
    assert pca.mean.flatten().tolist() == pytest.approx([100 / 255, 100 / 255])
    assert pca.components.abs().flatten().tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert evaluate(pca, line) == pytest.approx(0, abs=1e-12)
    off = torch.tensor([[200, 100]], dtype=torch.uint8).reshape(1, 1, 1, 2)
    assert abs(pca.encode(pixels(off)).item()) == pytest.approx(50 * 2**0.5 / 255)
    assert (pca(pixels(off)) * 255).flatten().tolist() == pytest.approx([150, 150])
    assert evaluate(pca, off) == pytest.approx((50 / 255) ** 2)


@pytest.mark.parametrize("code_size", [1, 5, 20])
def test_pca_is_that_of_scikit_learn(monkeypatch, code_size):
    monkeypatch.setattr("aecore.models.pca.IMAGES_AT_ONCE", 16)  # so that 70 images come in several parts
    images, others = random_images(70, 5), random_images(30, 6)
    pca = PCA(images, code_size)
    reference = SklearnPCA(code_size).fit(pixels(images).flatten(1).numpy())
    codes = reference.transform(pixels(others).flatten(1).numpy())
    expected = torch.from_numpy(reference.inverse_transform(codes)).reshape(others.shape)
    assert pca.encode(pixels(others)).shape == (30, code_size)
    assert torch.allclose(pca.encode(pixels(others)).abs(), torch.from_numpy(codes).abs(), atol=1e-4)
    assert torch.allclose(pca(pixels(others)), expected, atol=1e-4)


def test_a_pca_code_larger_than_an_image_is_cut_to_its_size_and_loses_nothing():
    images = random_images(100, 7)
    pca = PCA(images, 1_000)
    assert pca.encode(pixels(images)).shape == (100, 64)
    assert evaluate(pca, images) == pytest.approx(0, abs=1e-9)


def random_images(count, seed):
    """Noise: every direction varies, each a little differently."""
    return torch.randint(0, 256, (count, *SHAPE), generator=torch.Generator().manual_seed(seed)).to(
        torch.uint8
    )
