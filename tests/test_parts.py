"""The parts that models and trainings are made of, each against an independent computation."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from draws import generator, normal
from images import SHAPE, pictures
from sklearn.decomposition import PCA as SklearnPCA
from torch import nn
from torch.distributions import Normal, kl_divergence

from aecore.config import DataConfig, DenseConfig, TrainConfig, VariationalConfig
from aecore.data.batches import pixels
from aecore.losses import evaluate
from aecore.models import build
from aecore.models.drawing import Dropout, draw_from
from aecore.models.variational import divergence_from_standard
from aecore.objective import assess, objective, sparsity_penalty
from aecore.training import train


def test_a_tied_gradient_is_the_sum_of_those_of_two_untied_weights():
    shape = {"image_shape": SHAPE, "hidden": (9,), "code_size": 4}
    tied = build(DenseConfig(**shape, tied=True), seed=3)
    apart = build(DenseConfig(**shape, tied=True), seed=3)
    apart.untie()
    images = pixels(pictures(6))
    for model in (tied, apart):
        F.mse_loss(model(images), images).backward()
    torch.testing.assert_close(tied(images), apart(images))
    for layer, mirror in ((0, 2), (2, 0)):
        both = apart.encoder[layer].weight.grad + apart.decoder[mirror].weight.grad.T
        torch.testing.assert_close(tied.encoder[layer].weight.grad, both)
        torch.testing.assert_close(tied.decoder[mirror].bias.grad, apart.decoder[mirror].bias.grad)


def test_a_tied_model_has_one_weight_for_both_ways_and_a_bias_for_each():
    tied = build(DenseConfig(image_shape=SHAPE, hidden=(9,), code_size=4, tied=True))
    assert sum(weight.numel() for weight in tied.parameters()) == 64 * 9 + 9 * 4 + (9 + 4 + 9 + 64)
    assert len(tied.state_dict()) == 6


def test_a_linear_autoencoder_finds_the_subspace_of_pca():
    """Four directions with plainly different spreads, in 64 dimensions (Baldi and Hornik, 1989)."""
    directions = torch.linalg.qr(normal(64, 4, seed=2))[0].T
    spread = torch.tensor([6.0, 5.0, 4.0, 3.0])
    values = 128 + 20 * (normal(600, 4, seed=3) * spread) @ directions
    images = values.round().clamp(0, 255).to(torch.uint8).unflatten(1, SHAPE)
    linear = DenseConfig(
        image_shape=SHAPE, hidden=(), code_size=3, activation="identity", output_activation="identity"
    )
    model = build(linear)
    learning = TrainConfig(epochs=1_000, batch_size=100, learning_rate=0.05, schedule="one-cycle")
    for _ in train(model, images, images[:0], learning):
        pass
    reference = SklearnPCA(3).fit(pixels(images).flatten(1).numpy())
    shown = pixels(images).flatten(1).numpy()
    best = ((reference.inverse_transform(reference.transform(shown)) - shown) ** 2).mean()
    assert evaluate(model.eval(), images) == pytest.approx(best, rel=1e-3)
    ours = np.linalg.qr(model.decoder[0].weight.detach().numpy())[0]
    cosines = np.linalg.svd(reference.components_ @ ours, compute_uv=False)
    assert cosines.min() > 0.999


def test_the_divergence_of_a_variational_code_is_pytorchs():
    mean, log_variance = normal(8, 5), normal(8, 5, seed=1)
    posterior = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros(5), torch.ones(5))).sum(1)
    torch.testing.assert_close(divergence_from_standard(mean, log_variance), expected)


def test_a_variational_code_is_drawn_in_training_and_is_the_mean_in_use():
    model = build(VariationalConfig(image_shape=SHAPE, hidden=(16,), code_size=3))
    image = pixels(pictures(1)).expand(20_000, *SHAPE)
    draw_from(model, generator(4))
    with torch.no_grad():
        mean, log_variance = model.distribution(image[:1])
        _, drawn, _ = model.train().learn(image)
        _, used, _ = model.eval().learn(image[:1])
    deviation = (log_variance / 2).exp()[0]
    assert torch.equal(used, mean)
    assert ((drawn.mean(0) - mean[0]).abs() < 5 * deviation / math.sqrt(20_000)).all()
    torch.testing.assert_close(drawn.std(0), deviation, rtol=0.03, atol=0)


def test_beta_weighs_the_divergence_by_pixel():
    images = pixels(pictures(5))
    costs = {}
    for beta in (0.0, 1.0, 4.0):
        model = build(VariationalConfig(image_shape=SHAPE, hidden=(16,), code_size=3, beta=beta)).eval()
        divergence = divergence_from_standard(*model.distribution(images)).mean() / 64
        costs[beta] = objective(model, images, images, TrainConfig(loss="bce")).item()
        expected = F.binary_cross_entropy(model(images), images) + beta * divergence
        assert costs[beta] == pytest.approx(expected.item(), rel=1e-6)
    assert costs[0.0] < costs[1.0] < costs[4.0]


def test_dropout_keeps_the_mean_and_drops_its_share():
    dropout = Dropout(0.3)
    draw_from(dropout, generator())
    values = torch.ones(200_000)
    out = dropout.train()(values)
    assert (out == 0).float().mean().item() == pytest.approx(0.3, abs=0.006)
    torch.testing.assert_close(out.unique(), torch.tensor([0, 1 / 0.7]))
    assert torch.equal(dropout.eval()(values), values)


def test_dropout_does_to_a_layer_what_pytorchs_does():
    torch.manual_seed(1)
    expected = nn.Dropout(0.4)(torch.ones(1_000))
    torch.manual_seed(1)
    torch.testing.assert_close(Dropout(0.4)(torch.ones(1_000)), expected)


def test_dead_and_active_units_are_counted():
    """Unit 0 answers every image alike, unit 1 is silent for all, units 2 and 3 follow a pixel."""
    config = DenseConfig(image_shape=(1, 1, 2), hidden=(), code_size=4, code_activation="relu")
    model = build(config).eval()
    with torch.no_grad():
        model.encoder[0].weight.copy_(torch.tensor([[0.0, 0], [0, 0], [1, 0], [0, 1]]))
        model.encoder[0].bias.copy_(torch.tensor([3.0, -1, 0, 0]))
    images = torch.tensor([[0, 0], [255, 0], [9, 9], [1, 1]], dtype=torch.uint8).reshape(4, 1, 1, 2)
    found = assess(model, images, TrainConfig(), DataConfig())
    assert found.dead_units == 2
    assert found.active_units == (1 + 2 + 3 + 3) / 4
    assert found.loss == found.objective == pytest.approx(evaluate(model, images), rel=1e-6)


def test_what_sparsity_costs_is_part_of_the_objective_and_not_of_the_loss():
    model, images = build(DenseConfig(image_shape=SHAPE, code_size=5)).eval(), pictures(30)
    costly = TrainConfig(l1_weight=0.1)
    found = assess(model, images, costly, DataConfig())
    penalty = sparsity_penalty(model.encode(pixels(images)), costly)
    assert found.loss == pytest.approx(evaluate(model, images), rel=1e-6)
    assert found.objective == pytest.approx(found.loss + penalty.item(), rel=1e-6)
