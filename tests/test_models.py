"""Models, their weights files and their losses: worked answers, and promises that every model keeps."""

import pytest
import torch
from every_model import small_configs
from images import pictures
from safetensors.torch import save_file
from torch import nn

from aecore.config import (
    MODEL_CONFIGS,
    ConvConfig,
    ConvMapConfig,
    ConvResidualConfig,
    DenseConfig,
    TrainConfig,
)
from aecore.data.batches import pixels
from aecore.losses import LOSSES
from aecore.models import MODELS, build, check_size
from aecore.models.weights import load_weights, save_weights
from aecore.recipes import RECIPES
from aecore.settings import SettingsError
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
    if config.output_activation != "sigmoid":  # what is drawn is a difference
        return
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


@pytest.mark.parametrize("name", ["activation", "code_activation", "output_activation"])
@pytest.mark.parametrize("kind", MODEL_CONFIGS)
def test_an_activation_that_can_be_chosen_is_used(kind, name):
    layers = {"channels": (3, 3)} if "channels" in MODEL_CONFIGS[kind].model_fields else {}
    if name in MODEL_CONFIGS[kind].settled:
        return
    images, drawn = pixels(pictures(3, (1, 28, 28))), []
    for chosen in ("identity", "tanh"):
        config = MODEL_CONFIGS[kind](**layers, initialisation="keras").replace(**{name: chosen})
        drawn.append(build(config).eval()(images))
    assert not torch.equal(*drawn)


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
    build(config.replace(initialisation="keras"), seed=7)
    assert torch.equal(torch.rand(4), expected)


def test_a_network_too_large_to_train_is_refused_before_it_takes_memory():
    with pytest.raises(SettingsError, match=r"^training would take \d+ GB of memory: choose smaller layers"):
        build(DenseConfig(hidden=(65_536, 65_536), code_size=32))


def test_what_a_batch_takes_counts_too():
    """Weights are few where convolutions are wide and batches large; what they answer is not."""
    for config, too_many in ((ConvConfig(), 65_536), (ConvConfig(channels=(4_000,), code_size=1), 1_437)):
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


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 16), (1, 31, 17)])
def test_a_residual_network_adds_to_the_picture_what_the_one_without_draws(shape):
    residual = build(ConvResidualConfig(image_shape=shape, channels=(3, 5)))
    plain = build(ConvMapConfig(image_shape=shape, channels=(3, 5), output_activation="identity"))
    plain.load_state_dict(residual.state_dict())
    images = pixels(pictures(4, shape))
    codes = residual.encode(images)
    assert torch.equal(codes, torch.cat([plain.encode(images), images.flatten(1)], 1))
    torch.testing.assert_close(residual(images), images + plain(images))
    assert torch.equal(residual.decode(codes * 0), plain.decode(plain.encode(images) * 0))
