"""Sparse codes, hard and soft, each against a loop or an independent computation."""

import pytest
import torch
import torch.nn.functional as F
from draws import normal
from images import SHAPE, pictures

from aecore.config import ConvWinnersConfig, DenseConfig, TrainConfig
from aecore.data.batches import pixels
from aecore.models import build
from aecore.models.sparsity import keep_largest, winner_take_all
from aecore.objective import kl_sparsity, share_of_largest, sparsity_penalty


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


def test_each_map_keeps_its_brightest_pixel_and_in_training_that_of_its_batchs_winners():
    config = ConvWinnersConfig(image_shape=SHAPE, channels=(3,), kernel_size=3, lifetime=0.3)
    model, images = build(config), pixels(pictures(10))
    maps = model.units(images).detach().unflatten(1, (3, 64))
    kept = model.train().encode(images).detach().unflatten(1, (3, 64))
    in_use = model.eval().encode(images).detach().unflatten(1, (3, 64))
    for unit in range(3):
        brightest = [max(range(64), key=lambda place: maps[n, unit, place].item()) for n in range(10)]
        strength = [maps[n, unit, brightest[n]].item() for n in range(10)]
        winners = sorted(range(10), key=lambda n: -strength[n])[:3]
        for n in range(10):
            winner = torch.zeros(64)
            winner[brightest[n]] = strength[n]
            assert torch.equal(in_use[n, unit], winner)
            assert torch.equal(kept[n, unit], winner if n in winners else torch.zeros(64))
    assert config.pca_size == 3


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
    assert (codes.grad.sign() == (1 if stuck else -1)).all()  # downhill is back towards the target


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
