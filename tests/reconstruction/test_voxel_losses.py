"""Equations (25) to (28), each against the paper's sum written out."""

import numpy as np
import pytest
import torch

from opensearch.reconstruction.training.losses import (
    convergence,
    critic_loss,
    distance,
    generator_loss,
    next_balance,
)
from opensearch.reconstruction.training.steps import pooled


def grids(seed, count=3, side=4):
    return torch.from_numpy(np.random.default_rng(seed).random((count, side, side, side)))


def test_plain_distance_is_the_sum_of_differences_by_voxel():
    out, truth = grids(0), (grids(1) > 0.7).double()
    summed = [sum(abs(float(a) - float(b)) for a, b in zip(x, y, strict=True))
              for x, y in zip(out.reshape(3, -1), truth.reshape(3, -1), strict=True)]  # fmt: skip
    assert float(distance(out, truth, filled=None)) == pytest.approx(sum(summed) / 3 / 64)


def test_balanced_distance_is_a_quarter_by_filled_voxels_and_the_rest_by_empty_ones():
    out, truth = grids(0), (grids(1) > 0.7).double()
    losses = []
    for x, y in zip(out, truth, strict=True):
        filled = [float(abs(a - 1)) for a, b in zip(x.reshape(-1), y.reshape(-1), strict=True) if b]
        empty = [float(a) for a, b in zip(x.reshape(-1), y.reshape(-1), strict=True) if not b]
        losses.append(0.25 * sum(filled) / len(filled) + 0.75 * sum(empty) / len(empty))
    assert float(distance(out, truth, filled=0.25)) == pytest.approx(sum(losses) / 3)


def test_an_empty_answer_costs_the_share_of_what_is_filled_however_little_that_is():
    truth = torch.zeros(1, 32, 32, 32)
    truth[0, 3, 4, 5] = 1
    blank = torch.zeros_like(truth)
    assert float(distance(blank, truth, filled=0.25)) == pytest.approx(0.25)
    assert float(distance(blank, truth, filled=None)) == pytest.approx(1 / 32**3)
    assert float(distance(blank, blank, filled=0.25)) == 0


def test_the_gradient_of_a_distance_to_itself_does_not_move_the_weights():
    made = grids(2).requires_grad_()
    distance(grids(3), made, filled=0.25).backward()
    filled = made.detach().flatten(1)
    signs = torch.sign(made.detach() - grids(3)).flatten(1)
    expected = 0.25 * filled / filled.sum(1, True)
    expected = expected + 0.75 * (1 - filled) / (1 - filled).sum(1, True)
    assert torch.allclose(made.grad.flatten(1), signs * expected / 3)


def test_generator_loss_by_hand():
    made, real, judged = torch.tensor(2.0), torch.tensor(3.0), torch.tensor(5.0)
    terms = generator_loss(made, real, judged, phi=0.2)
    assert float(sum(terms.values())) == pytest.approx(0.8 * (2 + 3) + 0.2 * 5)


def test_critic_loss_by_hand():
    terms = critic_loss(torch.tensor(3.0), torch.tensor(5.0), balance=torch.tensor(0.25))
    assert float(sum(terms.values())) == pytest.approx(3 - 0.25 * 5)


@pytest.mark.parametrize(
    ("balance", "real", "made", "after"),
    [(0.3, 4.0, 1.0, 0.4), (0.3, 1.0, 1.5, 0.2), (0.0, 1.0, 9.0, 0.0), (0.95, 9.0, 0.0, 1.0)],
)
def test_equilibrium_moves_towards_gamma_and_stays_within_one(balance, real, made, after):
    real, made = torch.tensor(real), torch.tensor(made)
    moved = next_balance(torch.tensor(balance), real, made, gamma=0.5, rate=0.1)
    assert float(moved) == pytest.approx(after)


def test_convergence_by_hand():
    assert convergence(torch.tensor(4.0), torch.tensor(3.0), gamma=0.5) == 4 + abs(2 - 3)


def test_the_pooling_layer_is_the_weighted_sum_of_each_group():
    codes = torch.tensor([[[1.0, 0], [10, 2]], [[0, 1], [0, 10]]])
    assert pooled(codes, torch.tensor([0.5, 0.4])).tolist() == [[4.5, pytest.approx(0.8)], [0, 4.5]]
