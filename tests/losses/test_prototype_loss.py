"""The prototype loss against a slow reference, and its limits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.losses.prototype import PrototypeLoss


def slow_loss(embeddings, labels, prototypes, temperature):
    """Mean of -log softmax(cos / T) of the right category, one item and one number at a time."""
    total = 0.0
    for x, label in zip(embeddings, labels, strict=True):
        weights = []
        for p in prototypes:
            dot = sum(a * b for a, b in zip(x, p, strict=True))
            cosine = dot / math.hypot(*x) / math.hypot(*p)
            weights.append(math.exp(cosine / temperature))
        total -= math.log(weights[label] / sum(weights))
    return total / len(labels)


@given(
    st.integers(1, 6),
    st.integers(2, 5),
    st.sampled_from([0.05, 0.1, 1.0]),
    st.integers(0, 2**32 - 1),
)
def test_loss_equals_the_slow_one(n, categories, temperature, seed):
    rng = np.random.default_rng(seed)
    embeddings, prototypes = rng.normal(size=(n, 4)), rng.normal(size=(categories, 4))
    labels = rng.integers(0, categories, n)
    loss = PrototypeLoss(torch.from_numpy(prototypes), temperature)
    got = float(loss(torch.from_numpy(embeddings), torch.from_numpy(labels)))
    wanted = slow_loss(embeddings.tolist(), labels.tolist(), prototypes.tolist(), temperature)
    assert got == pytest.approx(wanted, rel=1e-4, abs=1e-5)


def test_known_value():
    """An item on its prototype, the other at a right angle, T = 1: log(1 + 1/e)."""
    loss = PrototypeLoss(torch.eye(2), 1.0)
    got = float(loss(torch.tensor([[3.0, 0.0]]), torch.tensor([0])))
    assert got == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)


def test_prototypes_never_learn():
    loss = PrototypeLoss(torch.eye(3), 0.1)
    assert not list(loss.parameters())
    embeddings = torch.randn(4, 3, requires_grad=True)
    loss(embeddings, torch.zeros(4, dtype=torch.int64)).backward()
    assert embeddings.grad is not None
    assert loss.prototypes.grad is None


def test_accuracy_is_the_share_nearest_to_their_own():
    loss = PrototypeLoss(torch.eye(3), 0.1)
    embeddings = torch.tensor([[9.0, 1, 0], [0, 0.2, 0.1], [1, 2, 3], [1, 2, 3]])
    assert loss.accuracy(embeddings, torch.tensor([0, 1, 2, 0])) == 0.75
