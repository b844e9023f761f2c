import numpy as np
import pytest

from opensearch.evaluation.bootstrap import intervals, mean_of_cells

VALUES = np.array([[0.2, 0.4, 0.9], [0.1, np.nan, 0.5]])
COUNTS = np.array([[1.0, 3, 2], [2, 0, 2]])


def slow_intervals(values, counts, resamples, seed):
    """Reference: draw, loop, average; a cell without a drawn category is left out."""
    n = values.shape[1]
    draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
    means = {"micro": [], "macro": []}
    for draw in draws:
        cells = {"micro": [], "macro": []}
        for v, c in zip(values, counts, strict=True):
            drawn = [k for k in range(n) for _ in range(draw[k]) if c[k] > 0]
            if drawn:
                cells["micro"].append(np.average(v[drawn], weights=c[drawn]))
                cells["macro"].append(np.mean(v[drawn]))
        for kind in means:
            means[kind].append(np.mean(cells[kind]))
    return [tuple(np.percentile(means[kind], [2.5, 97.5])) for kind in means]


def test_means_by_hand():
    micro, macro = mean_of_cells(VALUES, COUNTS)
    assert micro == pytest.approx(((0.2 + 1.2 + 1.8) / 6 + (0.2 + 1.0) / 4) / 2)
    assert macro == pytest.approx((0.5 + 0.3) / 2)


def test_intervals_are_those_of_the_slow_loop():
    made = intervals(VALUES, COUNTS, 300, 5)
    for ours, slow in zip(made, slow_intervals(VALUES, COUNTS, 300, 5), strict=True):
        assert ours == pytest.approx(slow)


def test_a_seed_decides_the_interval():
    rng = np.random.default_rng(0)
    values, counts = rng.random((2, 9)), np.ones((2, 9))
    assert intervals(values, counts, 50, 1) == intervals(values, counts, 50, 1)
    assert intervals(values, counts, 50, 1) != intervals(values, counts, 50, 2)


def test_a_category_of_no_cell_changes_nothing():
    wider = np.insert(VALUES, 1, 7.0, axis=1), np.insert(COUNTS, 1, 0.0, axis=1)
    assert intervals(*wider, 100, 0) == intervals(VALUES, COUNTS, 100, 0)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    """200 samples of 30 categories around a mean of 0.5; 88 % bounds the chance of a miss."""
    rng = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        values = np.clip(rng.normal(0.5, 0.15, (1, 30)), 0, 1)
        low, high = intervals(values, np.ones((1, 30)), 200, seed)[1]
        covered += low <= 0.5 <= high
    assert 0.88 < covered / 200 < 0.99


def test_one_category_has_an_interval_of_one_value():
    value = pytest.approx((0.3, 0.3))
    assert intervals(np.array([[0.3]]), np.array([[4.0]]), 20, 0) == (value, value)
