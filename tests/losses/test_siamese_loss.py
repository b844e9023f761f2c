"""The loss of Siamese pairs against equations 1 and 2, pair by pair."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch

from opensearch.losses.siamese import SiameseLoss
from opensearch.methods.siamese.losses import siamese_losses


def slow_pair(one, other, y, alpha, beta=10, gamma=-2.77 / 10):
    """Equation 2; y is 0 for one category, 1 for two."""
    distance = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    return (1 - y) * alpha * distance**2 + y * beta * math.exp(gamma * distance)


def slow_loss(pairs, alpha):
    """The mean of equation 2 over pairs (code, label, code, label) of one category, and of two."""
    found = {0: [], 1: []}
    for one, label, other, second in pairs:
        y = int(label != second)
        found[y].append(slow_pair(one, other, y, alpha))
    return sum(np.mean(part) for part in found.values() if part)


def across(one, other):
    return [
        (a, la, b, lb) for a, la in zip(*one, strict=True) for b, lb in zip(*other, strict=True)
    ]


def within(batch):
    items = list(zip(*batch, strict=True))
    return [(a, la, b, lb) for (a, la), (b, lb) in combinations(items, 2)]


def batch(seed, n=5, categories=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)).astype(np.float32), rng.integers(0, categories, n)


def tensors(*batches):
    return [torch.from_numpy(part) for batch in batches for part in batch]


@pytest.mark.parametrize(("scale", "alpha"), [("paper", 5.0), ("code", 0.2)])
@pytest.mark.parametrize("categories", [1, 3])
def test_pairs_are_equation_2(scale, alpha, categories):
    one, other = batch(0, 5, categories), batch(1, 7, categories)
    made = SiameseLoss(scale=scale)(*tensors(one, other))
    assert float(made) == pytest.approx(slow_loss(across(one, other), alpha), rel=1e-5)


def test_a_batch_with_itself_has_each_pair_once_and_no_item_with_itself():
    own = batch(0, 6)
    codes, labels = tensors(own)
    made = SiameseLoss()(codes, labels, codes, labels)
    assert float(made) == pytest.approx(slow_loss(within(own), 0.2), rel=1e-5)


def test_a_pair_by_hand():
    """Codes one apart: .2 for one category, 10 exp(-.277) for two."""
    loss, codes = SiameseLoss(), torch.tensor([[0.0, 0.0], [0.5, -0.5]])
    same, other = torch.zeros(1, dtype=torch.int64), torch.ones(1, dtype=torch.int64)
    assert float(loss(codes[:1], same, codes[1:], same)) == pytest.approx(0.2)
    assert float(loss(codes[:1], same, codes[1:], other)) == pytest.approx(10 * math.exp(-0.277))


def test_sums_of_the_code_are_of_half_the_pairs_and_six_in_a_hundred():
    """A hundred draws of one batch: their mean is .5 of the positive sum and .03 of the other."""
    one, other = batch(0, 40), batch(1, 40)
    loss = SiameseLoss(scale="code", pairs="code")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        mean = np.mean([float(loss(*tensors(one, other))) for _ in range(100)])
    sums = {0: 0.0, 1: 0.0}
    for a, la, b, lb in across(one, other):
        sums[int(la != lb)] += slow_pair(a, b, int(la != lb), 0.2)
    assert mean == pytest.approx(0.5 * sums[0] + 0.06 * sums[1] / 2, rel=0.05)
    assert sums[0] > 100 < sums[1]


def test_equal_codes_have_a_finite_gradient():
    codes = torch.zeros(3, 2, requires_grad=True)
    labels = torch.arange(3)
    SiameseLoss()(codes, labels, codes, labels).backward()
    assert torch.isfinite(codes.grad).all()


@pytest.mark.parametrize("domains", [2, 3])
def test_the_sum_is_equation_1(domains):
    halves = [batch(10 * d) for d in range(domains)]
    codes, labels = zip(*[tensors(half) for half in halves], strict=True)
    made = siamese_losses(codes, labels, SiameseLoss())
    own = sum(slow_loss(within(half), 0.2) for half in halves)
    cross = sum(slow_loss(across(a, b), 0.2) for a, b in combinations(halves, 2))
    assert float(made["within"]) == pytest.approx(own, rel=1e-5)
    assert float(made["across"]) == pytest.approx(cross, rel=1e-5)
