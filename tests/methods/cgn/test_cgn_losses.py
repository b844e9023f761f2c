"""Guidance by class centres, against sums written from the equations."""

import math

import numpy as np
import pytest
import torch

from opensearch.methods.cgn.losses import (
    guidance_loss,
    other_cosines,
    own_cosine,
    transfer_loss,
)


def cosine(one, other):
    dot = sum(a * b for a, b in zip(one, other, strict=True))
    return dot / math.sqrt(sum(a * a for a in one)) / math.sqrt(sum(b * b for b in other))


@pytest.fixture
def sample():
    """Points (7, 5), centres (4, 5) of no particular length, labels (7,)."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(7, 5)), rng.normal(size=(4, 5)) * 3, rng.integers(0, 4, 7)


def tensors(sample):
    points, centres, labels = sample
    return torch.from_numpy(points), torch.from_numpy(centres), torch.from_numpy(labels)


def equation_30(points, centres, labels):
    terms = [cosine(f, centres[y]) for f, y in zip(points, labels, strict=True)]
    return sum(terms) / len(points)


def equation_31(points, centres, labels):
    total = 0.0
    for f, y in zip(points, labels, strict=True):
        for j, c in enumerate(centres):
            if j != y:
                total += cosine(f, c)
    return total / len(points)


def test_equations_30_and_31(sample):
    assert float(own_cosine(*tensors(sample))) == pytest.approx(equation_30(*sample))
    assert float(other_cosines(*tensors(sample))) == pytest.approx(equation_31(*sample))


def test_equation_29_is_minimised_with_a_share_of_lambda_for_each_other_centre(sample):
    wanted = 0.6 / 3 * equation_31(*sample) - equation_30(*sample)
    assert float(guidance_loss(*tensors(sample), 0.6)) == pytest.approx(wanted)


def test_as_distances_the_printed_sign_is_the_same_but_for_a_constant(sample):
    """(29) with 1 - cos for cos in (30) and (31), and lambda = others / (N - 1)."""
    points, centres, labels = sample
    near = 1 - equation_30(points, centres, labels)
    far = 3 - equation_31(points, centres, labels)
    printed = near - 0.6 / 3 * far
    assert float(guidance_loss(*tensors(sample), 0.6)) == pytest.approx(printed - (1 - 0.6))


@pytest.mark.parametrize("others", [0.0, 1.0])
def test_descending_brings_points_to_their_centres_and_the_printed_sign_would_not(sample, others):
    points, centres, labels = tensors(sample)
    ends = []
    for sign in (1, -1):
        moved = points.clone().requires_grad_()
        optimiser = torch.optim.SGD([moved], 0.5)
        for _ in range(300):
            optimiser.zero_grad()
            (sign * guidance_loss(moved, centres, labels, others)).backward()
            optimiser.step()
        ends.append(float(own_cosine(moved.detach(), centres, labels)))
    assert ends[0] > 0.6 > 0 > ends[1]


def test_many_centres_do_not_outweigh_the_own_one():
    """The gradient of one point toward its centre: alike with 4 and with 400 centres."""
    rng, pulls = np.random.default_rng(1), []
    for count in (4, 400):
        centres = torch.from_numpy(rng.normal(size=(count, 64)) + 1.0)
        point = torch.from_numpy(rng.normal(size=(1, 64))).requires_grad_()
        guidance_loss(point, centres, torch.tensor([0]), 1.0).backward()
        pulls.append(float(point.grad.norm() * point.detach().norm()))
    assert 0.5 < pulls[1] / pulls[0] < 2


def test_a_single_centre_only_attracts():
    points, centre = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0, 2.0]])
    loss = guidance_loss(points, centre, torch.tensor([0]), 1.0)
    assert float(loss) == pytest.approx(-(0.5**0.5))


def test_the_sister_codes_transfer_loss(sample):
    points, centres, labels = sample
    squares = [
        sum((a - b) ** 2 for a, b in zip(f, centres[y], strict=True))
        for f, y in zip(points, labels, strict=True)
    ]
    wanted = 10 * sum(2 * square for square in squares) / len(squares)
    assert float(transfer_loss(*tensors(sample), 10.0)) == pytest.approx(wanted)
