"""Triplets of the hardest pairs against loops written from equations 16 and 17."""

import math

import numpy as np
import pytest
import torch

from opensearch.losses.hardest import hardest_triplets


def equations_16_and_17(points, labels, margin):
    """Each anchor's term; anchors without a positive or a negative have none."""
    terms = []
    for j, (z, y) in enumerate(zip(points, labels, strict=True)):
        positives = [math.dist(z, p) for i, p in enumerate(points) if labels[i] == y and i != j]
        negatives = [math.dist(z, n) for i, n in enumerate(points) if labels[i] != y]
        if positives and negatives:
            terms.append(max(0.0, margin - (min(negatives) - max(positives))))
    return terms


def sample(seed, count=12, categories=4):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, categories, count)
    return rng.normal(size=(count, 3)) + labels[:, None], labels


def tensors(points, labels):
    return torch.from_numpy(points), torch.from_numpy(labels)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("margin", [1.0, 3.0])
def test_equation_16_with_the_hardest_pairs_of_17(seed, margin):
    points, labels = sample(seed)
    terms = equations_16_and_17(points, labels, margin)
    assert any(term > 0 for term in terms)  # else nothing is compared
    assert float(hardest_triplets(*tensors(points, labels), margin)) == pytest.approx(sum(terms))
    mean = hardest_triplets(*tensors(points, labels), margin, mean=True)
    assert float(mean) == pytest.approx(sum(terms) / len(terms))


def test_weights_by_violation_are_the_violations_in_units_of_their_mean():
    points, labels = sample(0)
    terms = [term for term in equations_16_and_17(points, labels, 0.5) if term > 0]
    wanted = sum(term * term / (sum(terms) / len(terms)) for term in terms)
    loss = hardest_triplets(*tensors(points, labels), 0.5, importance="violation")
    assert float(loss) == pytest.approx(wanted)


@pytest.mark.parametrize("importance", ["none", "violation"])
def test_no_anchor_that_counts_or_lacks_anything_gives_0(importance):
    apart = torch.tensor([[0.0, 0.0], [0.0, 0.1], [9.0, 0.0], [9.0, 0.1]], requires_grad=True)
    for labels in ([0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 0, 0]):
        loss = hardest_triplets(apart, torch.tensor(labels), 0.5, importance=importance, mean=True)
        assert float(loss.detach()) == 0
        loss.backward()
        assert not apart.grad.any()


def test_points_that_are_one_have_a_gradient_that_is_a_number():
    points = torch.zeros(4, 2, requires_grad=True)
    hardest_triplets(points, torch.tensor([0, 0, 1, 1]), 0.5).backward()
    assert torch.isfinite(points.grad).all()
