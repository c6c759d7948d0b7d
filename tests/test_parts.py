"""The parts that models and trainings are made of, each against an independent computation."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from images import SHAPE, pictures
from sklearn.decomposition import PCA as SklearnPCA
from torch import nn
from torch.distributions import Normal, kl_divergence

from aecore.config import ConvWinnersConfig, DataConfig, DenseConfig, TrainConfig, VariationalConfig
from aecore.data.batches import pixels
from aecore.data.noise import noisy
from aecore.data.transforms import TRANSFORMS
from aecore.losses import evaluate
from aecore.models import build
from aecore.models.drawing import Dropout, draw_from
from aecore.models.sparsity import keep_largest, winner_take_all
from aecore.models.variational import divergence_from_standard
from aecore.objective import assess, kl_sparsity, objective, share_of_largest, sparsity_penalty
from aecore.training import train


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed))


def largest_by_loop(values, count):
    """The `count` largest of a list, the others zero, by comparing each with each."""
    kept = [0.0] * len(values)
    for place, value in enumerate(values):
        larger = sum(other > value for other in values)
        if larger < count:
            kept[place] = value
    return kept


def test_keep_largest_worked_by_hand():
    codes = torch.tensor([[3.0, -1.0, 2.0], [-5.0, -4.0, -6.0]])
    assert keep_largest(codes, 1).tolist() == [[3, 0, 0], [0, -4, 0]]
    assert keep_largest(codes, 2).tolist() == [[3, 0, 2], [-5, -4, 0]]
    assert torch.equal(keep_largest(codes, 3), codes)


@pytest.mark.parametrize("count", [1, 5, 19, 20])
def test_keep_largest_and_its_gradient_are_those_of_a_loop(count):
    codes = normal(30, 20).requires_grad_()
    kept = keep_largest(codes, count)
    expected = torch.tensor([largest_by_loop(row, count) for row in codes.tolist()])
    assert torch.equal(kept, expected)
    pull = normal(30, 20, seed=1)
    kept.backward(pull)
    assert torch.equal(codes.grad, torch.where(expected != 0, pull, 0.0))


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.99])
def test_winner_take_all_and_its_gradient_are_those_of_a_loop(share):
    codes = normal(40, 7).requires_grad_()
    kept = winner_take_all(codes, share)
    winners = max(1, round(share * 40))
    expected = torch.tensor([largest_by_loop(unit, winners) for unit in codes.T.tolist()]).T
    assert torch.equal(kept, expected)
    pull = normal(40, 7, seed=1)
    kept.backward(pull)
    assert torch.equal(codes.grad, torch.where(expected != 0, pull, 0.0))


def test_a_sparse_code_has_so_many_numbers_and_winners_are_taken_in_training_only():
    config = DenseConfig(image_shape=SHAPE, code_size=16, active=0.25, lifetime=0.1)
    model, images = build(config), pixels(pictures(50))
    in_training = model.train().encode(images)
    assert (in_training != 0).sum(1).max() <= 4
    assert (in_training != 0).sum(0).max() <= 5
    in_use = model.eval().encode(images)
    assert (in_use != 0).sum(1).tolist() == [4] * 50
    torch.testing.assert_close(model.encode(images[:1]), in_use[:1])  # whatever else is in the batch


def test_each_map_keeps_its_brightest_pixel_in_training_and_winners_of_its_batch():
    config = ConvWinnersConfig(image_shape=SHAPE, channels=(3,), kernel_size=3, lifetime=0.3)
    model, images = build(config), pixels(pictures(10))
    maps = model.units(images).detach().unflatten(1, (3, 64))
    kept = model.train().encode(images).detach().unflatten(1, (3, 64))
    for unit in range(3):
        brightest = [max(range(64), key=lambda place: maps[n, unit, place].item()) for n in range(10)]
        strength = [maps[n, unit, brightest[n]].item() for n in range(10)]
        winners = sorted(range(10), key=lambda n: -strength[n])[:3]
        for n in range(10):
            expected = torch.zeros(64)
            if n in winners:
                expected[brightest[n]] = strength[n]
            assert torch.equal(kept[n, unit], expected)
    assert torch.equal(model.eval().encode(images), model.units(images))


def test_the_l1_penalty_is_the_mean_of_the_sums_of_sizes():
    codes = torch.tensor([[1.0, -2.0], [0.0, 5.0]])
    assert sparsity_penalty(codes, TrainConfig(l1_weight=0.5)) == 0.5 * (3 + 5) / 2
    assert sparsity_penalty(codes, TrainConfig()) == 0


@pytest.mark.parametrize("rho", [0.05, 0.5, 0.9])
def test_kl_sparsity_is_pytorchs_divergence_of_two_coins(rho):
    codes = normal(25, 6).sigmoid()
    active = codes.mean(0)
    coins = torch.stack([active, 1 - active], dim=1)
    wanted = torch.tensor([[rho, 1 - rho]]).expand_as(coins)
    expected = F.kl_div(coins.log(), wanted, reduction="sum") / 6
    torch.testing.assert_close(kl_sparsity(codes, rho), expected)


@pytest.mark.parametrize("stuck", [0.0, 1.0])
def test_kl_sparsity_of_units_that_are_stuck_is_finite_and_so_is_its_gradient(stuck):
    codes = torch.full((4, 3), stuck, requires_grad=True)
    penalty = kl_sparsity(codes, 0.05)
    penalty.backward()
    assert penalty.isfinite()
    assert codes.grad.isfinite().all()


def test_kl_sparsity_pulls_the_mean_activity_to_its_target():
    logits = normal(64, 5).requires_grad_()
    descent = torch.optim.Adam([logits], lr=0.1)
    for _ in range(300):
        descent.zero_grad()
        kl_sparsity(logits.sigmoid(), 0.05).backward()
        descent.step()
    torch.testing.assert_close(logits.sigmoid().mean(0), torch.full((5,), 0.05), atol=1e-3, rtol=0)


def test_normalised_activities_are_shares_of_the_largest():
    codes = torch.tensor([[1.0, -4.0, 0.0], [0.5, 2.0, 0.0]])
    assert share_of_largest(codes).tolist() == [[1, 1, 0], [0.5, 0.5, 0]]


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


GREY_128 = torch.full((400, 1, 28, 28), 0.5)


@pytest.mark.parametrize("level", [0.1, 0.4])
def test_gaussian_noise_has_its_standard_deviation(level):
    config = DataConfig(noise="gaussian", noise_level=level, noise_clip=False)
    added = noisy(GREY_128, config, generator()) - 0.5
    count = added.numel()
    assert abs(added.mean().item()) < 5 * level / math.sqrt(count)
    assert added.std().item() == pytest.approx(level, rel=5 / math.sqrt(2 * count))
    assert (added.abs() < level).float().mean().item() == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("level", [0.25, 0.5, 1.0])
def test_masking_sets_its_share_of_the_pixels_to_zero_and_leaves_the_others(level):
    images = pixels(pictures(400)).clamp(min=0.01)
    masked = noisy(images, DataConfig(noise="masking", noise_level=level), generator())
    gone = masked == 0
    assert gone.float().mean().item() == pytest.approx(level, abs=5 * 0.5 / math.sqrt(images.numel()))
    assert torch.equal(masked[~gone], images[~gone])


def test_salt_and_pepper_are_half_each():
    out = noisy(GREY_128, DataConfig(noise="salt-and-pepper", noise_level=0.3), generator())
    slack = 5 * 0.5 / math.sqrt(out.numel())
    for value, share in ((0.0, 0.15), (1.0, 0.15), (0.5, 0.7)):
        assert (out == value).float().mean().item() == pytest.approx(share, abs=slack)


def test_in_a_range_every_image_has_a_level_of_its_own():
    config = DataConfig(noise="gaussian", noise_level=0.4, least_noise=0.1, noise_clip=False)
    levels = (noisy(GREY_128, config, generator()) - 0.5).flatten(1).std(1)
    assert 0.09 < levels.min() < 0.12
    assert 0.38 < levels.max() < 0.42
    assert levels.mean().item() == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("noise", ["gaussian", "masking", "salt-and-pepper"])
def test_noise_is_fresh_each_time_repeats_with_its_seed_and_leaves_the_images_alone(noise):
    images, config = pixels(pictures(9)), DataConfig(noise=noise, noise_level=0.5)
    before, source = images.clone(), generator(5)
    first, second = noisy(images, config, source), noisy(images, config, source)
    assert not torch.equal(first, second)
    assert torch.equal(first, noisy(images, config, generator(5)))
    assert torch.equal(images, before)
    assert 0 <= first.min() <= first.max() <= 1


def test_only_the_input_is_noisy():
    """A model that answers its input is as far from its target as the noise is from the image."""
    images = pictures(200)
    config = DataConfig(noise="gaussian", noise_level=0.2, noise_clip=False)
    assert evaluate(lambda shown: shown, images, data=config) == pytest.approx(0.04, rel=0.05)
    assert evaluate(lambda shown: shown, images) == 0


def test_transforms_worked_by_hand():
    image = torch.arange(16.0).reshape(1, 1, 4, 4) / 16
    half = TRANSFORMS["half"](image)
    means = [[2.5, 4.5], [10.5, 12.5]]
    assert (half * 16).tolist() == [[[[row[j // 2] for j in range(4)] for row in means for _ in range(2)]]]
    holed = TRANSFORMS["hole"](image)
    assert holed[0, 0, 1:3, 1:3].eq(0).all()
    assert torch.equal(holed[0, 0, 0], image[0, 0, 0])
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]).reshape(3, 3, 1, 1)
    grey = TRANSFORMS["grey"](colours)
    torch.testing.assert_close(grey[:, 0].flatten(), torch.tensor([0.299, 0.587, 0.114]))
    assert torch.equal(grey[:, 0], grey[:, 2])
    assert torch.equal(TRANSFORMS["grey"](image), image)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 31, 17), (1, 1, 1)])
def test_a_transform_keeps_the_shape_and_is_linear(name, shape):
    """Linear, because the mean of the transforms is taken to be the transform of the mean."""
    images = pixels(pictures(6, shape))
    changed = TRANSFORMS[name](images)
    assert changed.shape == images.shape
    torch.testing.assert_close(TRANSFORMS[name](images.mean(0, keepdim=True)), changed.mean(0, keepdim=True))


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
