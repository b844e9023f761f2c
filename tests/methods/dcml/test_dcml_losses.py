"""Equations (7) to (13), each against loops over items written from the printed sums."""

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.losses.decay import squared_weights
from opensearch.losses.margins import Points
from opensearch.methods.dcml.losses import (
    CorrelatedLoss,
    own_discrimination,
    pair_correlation,
    scatter_correlation,
    scatter_difference,
)


def squared(x, y):
    return sum((a - b) ** 2 for a, b in zip(x, y, strict=True))


def summed(pull, push, reduction):
    if reduction == "sum":
        return sum(pull) + sum(push)
    if reduction == "pairs":
        return sum(pull + push) / max(len(pull + push), 1)
    return sum(pull) / max(len(pull), 1) + sum(push) / max(len(push), 1)


def slow_pairs(pairs, h, reduction):
    """d+ of pairs of one category and d- of others: (9), (10), (12)."""
    pull = [squared(x, y) for x, y, same in pairs if same]
    push = [max(0.0, h - squared(x, y)) for x, y, same in pairs if not same]
    return summed(pull, push, reduction)


def slow_discrimination(items, h, reduction):
    pairs = [(x, y, a == b) for (x, a), (y, b) in combinations(items, 2)]
    return slow_pairs(pairs, h, reduction)


def slow_pair_correlation(source, target, h, reduction):
    pairs = [(x, y, a == b) for x, a in source for y, b in target]
    return slow_pairs(pairs, h, reduction)


def slow_scatter_correlation(source, target, bound, reduction):
    """The second line of (11): every two items of a class there, every two of a class here."""
    alike, apart = [], []
    for c in sorted({label for _, label in source}):
        for d in sorted({label for _, label in target}):
            ours = [x for x, label in source if label == c]
            theirs = [y for y, label in target if label == d]
            for xi, xj in combinations(ours, 2):
                for yi, yj in combinations(theirs, 2):
                    r = (math.sqrt(squared(xi, xj)) - math.sqrt(squared(yi, yj))) ** 2
                    if c == d:
                        alike.append(r)
                    else:
                        apart.append(r if bound is None else min(bound, r))
    if reduction == "sum":
        return sum(alike) - sum(apart)
    return sum(alike) / max(len(alike), 1) - sum(apart) / max(len(apart), 1)


def as_items(points):
    return list(zip(points.values.tolist(), points.labels.tolist(), strict=True))


@st.composite
def points(draw):
    """A few points of a few categories, some of which may coincide or be alone."""
    n, seed = draw(st.integers(1, 7)), draw(st.integers(0, 2**32 - 1))
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    values[n // 2] = values[0]
    return Points(values, torch.randint(0, 3, (n,), generator=generator))


REDUCTIONS = st.sampled_from(["sum", "mean", "pairs"])
MARGINS = st.sampled_from([0.5, 1.0, 20.0])


@given(points(), MARGINS, REDUCTIONS)
def test_equations_9_and_10(own, h, reduction):
    wanted = slow_discrimination(as_items(own), h, reduction)
    assert float(own_discrimination(own, h, reduction)) == pytest.approx(wanted, abs=1e-9)


@given(points(), points(), MARGINS, REDUCTIONS)
def test_equation_12(source, target, h, reduction):
    wanted = slow_pair_correlation(as_items(source), as_items(target), h, reduction)
    assert float(pair_correlation(source, target, h, reduction)) == pytest.approx(wanted, abs=1e-9)


@given(points(), points(), st.sampled_from([None, 0.3, 1.0]), REDUCTIONS)
def test_second_line_of_equation_11(source, target, bound, reduction):
    wanted = slow_scatter_correlation(as_items(source), as_items(target), bound, reduction)
    got = scatter_correlation(source, target, bound, reduction)
    assert float(got) == pytest.approx(wanted, abs=1e-9)


@given(points(), points(), st.sampled_from([0.0, 0.3, 1.0]), REDUCTIONS, st.booleans())
def test_equations_7_8_and_11_together(source, target, alpha, reduction, bounded):
    s, t, h = as_items(source), as_items(target), 1.0
    discrimination = slow_discrimination(s, h, reduction) + slow_discrimination(t, h, reduction)
    correlation = slow_pair_correlation(s, t, h, reduction)
    correlation += slow_scatter_correlation(s, t, h if bounded else None, reduction)
    wanted = alpha * discrimination + (1 - alpha) * correlation
    loss = CorrelatedLoss(alpha, h, reduction, bounded)
    assert float(loss([source, target])) == pytest.approx(wanted, abs=1e-9)
    swapped = float(loss([target, source]))
    assert swapped == pytest.approx(wanted, abs=1e-9)  # no domain is the first


def test_equation_13_by_hand():
    """Two sketches 3 apart and two shapes 5 apart: (3 - 5)^2 = 4."""
    assert float(scatter_difference(torch.tensor(3.0), torch.tensor(5.0))) == 4


def test_three_domains_have_three_terms_of_11():
    one, two, three = (
        Points(torch.tensor([[0.0], [float(at)]]), torch.tensor([0, 0])) for at in (1, 2, 4)
    )
    loss = CorrelatedLoss(0.0, 1.0, "sum", True)
    every = float(loss([one, two, three]))
    assert every == sum(float(loss(list(pair))) for pair in combinations([one, two, three], 2))


def test_unbounded_the_second_term_of_11_has_no_end_and_bounded_it_ends_at_h():
    source = Points(torch.tensor([[0.0], [1.0]]), torch.tensor([0, 0]))
    for far in (10.0, 1000.0):
        target = Points(torch.tensor([[0.0], [far]]), torch.tensor([1, 1]))
        assert float(scatter_correlation(source, target, None, "sum")) == -((far - 1) ** 2)
        assert float(scatter_correlation(source, target, 1.0, "sum")) == -1.0


def test_points_that_coincide_have_a_gradient():
    values = torch.zeros(3, 2, requires_grad=True)
    target = Points(torch.randn(2, 2), torch.tensor([0, 0]))
    source = Points(values, torch.tensor([0, 0, 1]))
    CorrelatedLoss(0.5, 1.0, "mean", True)([source, target]).backward()
    assert torch.isfinite(values.grad).all()


@given(points(), points())
def test_gradients_are_those_of_the_slow_sums(source, target):
    """Of (7) at one point, by differences: the fast form must not only have the value."""
    loss = CorrelatedLoss(0.4, 1.0, "mean", True)
    with torch.enable_grad():
        values = source.values.clone().requires_grad_(True)
        loss([Points(values, source.labels), target]).backward()
    step = 1e-6
    moved = source.values.clone()
    moved[-1, 0] += step
    back = source.values.clone()
    back[-1, 0] -= step
    up, down = (float(loss([Points(v, source.labels), target])) for v in (moved, back))
    coincide = (source.values[:-1] == source.values[-1]).all(dim=1).any()
    if not coincide:
        assert float(values.grad[-1, 0]) == pytest.approx((up - down) / (2 * step), abs=1e-4)


def test_weight_decay_is_the_squared_frobenius_norm():
    assert float(squared_weights([torch.tensor([[1.0, 2.0]]), torch.tensor([[2.0]])])) == 9
