"""Equation (14) against loops over items, with the scatter of each domain in its bounded form."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.losses.margins import Points
from opensearch.methods.lwbr.losses import BarycentricLoss, cross_domain, domain_scatter


def squared(x, y):
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))


def slow_cross_domain(shapes, sketches, alpha):
    """The first two terms as printed: for each sketch j its shapes of the class, then the rest."""
    pull, counts = 0.0, 0
    push, others = 0.0, 0
    for z2, c in sketches:
        for z1, d in shapes:
            if c == d:
                pull, counts = pull + squared(z2, z1), counts + 1
            else:
                push, others = push + max(0.0, alpha - squared(z2, z1)), others + 1
    return pull / max(counts, 1) + push / max(others, 1)


def slow_scatter(items, alpha):
    means = {}
    for c in sorted({label for _, label in items}):
        own = [z for z, label in items if label == c]
        means[c] = [sum(axis) / len(own) for axis in zip(*own, strict=True)]
    within = [squared(z, means[c]) for z, c in items]
    between = [max(0.0, alpha - squared(m, n)) for m, n in combinations(means.values(), 2)]
    return np.mean(within) + (np.mean(between) if between else 0.0)


def as_items(points):
    return list(zip(points.values.tolist(), points.labels.tolist(), strict=True))


@st.composite
def points(draw):
    n, seed = draw(st.integers(1, 8)), draw(st.integers(0, 2**32 - 1))
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    return Points(values, torch.randint(0, 4, (n,), generator=generator) * 3)


ALPHA = st.sampled_from([0.5, 2.0, 20.0])


@given(points(), points(), ALPHA)
def test_first_two_terms_of_equation_14(shapes, sketches, alpha):
    wanted = slow_cross_domain(as_items(shapes), as_items(sketches), alpha)
    assert float(cross_domain(shapes, sketches, alpha, "mean")) == pytest.approx(wanted, abs=1e-9)


@given(points(), ALPHA)
def test_scatter_of_a_domain(own, alpha):
    wanted = slow_scatter(as_items(own), alpha)
    assert float(domain_scatter(own, alpha, "mean")) == pytest.approx(wanted, abs=1e-9)


@given(points(), points(), ALPHA)
def test_equation_14(shapes, sketches, alpha):
    loss = BarycentricLoss(alpha, (0.2, 0.7), "mean")
    wanted = slow_cross_domain(as_items(shapes), as_items(sketches), alpha)
    wanted += 0.2 * slow_scatter(as_items(shapes), alpha)
    wanted += 0.7 * slow_scatter(as_items(sketches), alpha)
    assert float(loss([shapes, sketches])) == pytest.approx(wanted, abs=1e-9)


def test_sums_by_hand():
    """Points 0 and 2 of one category, 5 of another: within 1 + 1, between 17 - (5 - 1)^2."""
    own = Points(torch.tensor([[0.0], [2.0], [5.0]]), torch.tensor([0, 0, 1]))
    assert float(domain_scatter(own, 17.0, "sum")) == 3
    assert float(domain_scatter(own, 16.0, "sum")) == 2  # means gain nothing past the margin
    other = Points(torch.tensor([[1.0]]), torch.tensor([1]))
    assert float(cross_domain(own, other, 4.0, "sum")) == 16 + 3 + 3
