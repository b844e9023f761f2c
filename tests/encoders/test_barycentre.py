"""The Wasserstein barycentre against loops in plain numbers, and what a barycentre has to be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.encoders.barycentre import (
    COST,
    GAMMA,
    GROUPS,
    ROUNDS,
    BarycentrePooling,
    as_bins,
    barycentre,
)
from opensearch.errors import BundleError


def slow_barycentre(histograms, cost, gamma, rounds):
    """Benamou et al. 2015 in its own variables: no logarithms, one number at a time."""
    bins = range(len(cost))
    kernel = [[math.exp(-c / gamma) for c in row] for row in cost]
    b = [[1.0 for _ in bins] for _ in histograms]
    for _ in range(rounds):
        spread = []
        for p, own in zip(histograms, b, strict=True):
            a = [p[i] / sum(kernel[i][j] * own[j] for j in bins) for i in bins]
            spread.append([sum(kernel[j][i] * a[j] for j in bins) for i in bins])
        mu = [math.prod(row[i] for row in spread) ** (1 / len(histograms)) for i in bins]
        b = [[mu[i] / row[i] for i in bins] for row in spread]
    total = sum(mu)
    return [m / total for m in mu]


def line(bins):
    """Squared distance of bins on a line."""
    return np.subtract.outer(np.arange(bins), np.arange(bins)).astype(float) ** 2


@given(
    st.integers(1, 4),
    st.integers(2, 6),
    st.sampled_from([0.1, 0.5, 3.0]),
    st.integers(1, 15),
    st.integers(0, 2**32 - 1),
)
def test_it_equals_the_slow_one(views, bins, gamma, rounds, seed):
    rng = np.random.default_rng(seed)
    histograms = rng.dirichlet(np.ones(bins), (2, views)) * 0.9 + 0.1 / bins
    cost = line(bins) / line(bins).max()
    got = barycentre(histograms, cost, gamma, rounds)
    for own, found in zip(histograms, got, strict=True):
        wanted = slow_barycentre(own.tolist(), cost.tolist(), gamma, rounds)
        assert found == pytest.approx(wanted, rel=1e-9)


def test_two_peaks_meet_halfway_where_their_mean_keeps_both():
    histograms = np.full((1, 2, 9), 1e-12)
    histograms[0, 0, 1] = histograms[0, 1, 7] = 1.0
    found = barycentre(histograms, line(9) / 4, 0.05, 200)[0]
    assert found.argmax() == 4
    assert found[4] > 0.95


def test_a_gamma_that_would_underflow_is_still_finite():
    rng = np.random.default_rng(0)
    found = barycentre(rng.dirichlet(np.ones(40), (1, 12)), line(40), 0.005, 50)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)


@given(st.integers(0, 2**32 - 1))
def test_neither_the_order_of_views_nor_of_bins_matters(seed):
    rng = np.random.default_rng(seed)
    histograms, cost = rng.dirichlet(np.ones(5), (1, 3)), line(5) / 4
    bins, views = rng.permutation(5), rng.permutation(3)
    found = barycentre(histograms, cost, 0.2, 20)
    assert barycentre(histograms[:, views], cost, 0.2, 20) == pytest.approx(found)
    moved = barycentre(histograms[:, :, bins], cost[np.ix_(bins, bins)], 0.2, 20)
    assert moved == pytest.approx(found[:, bins])


def tensors(**changed):
    """Four bins in two groups far apart, so that mass stays in its group."""
    own = {
        GROUPS: np.array([0, 0, 1, 1], np.int32),
        COST: np.array([[0, 1], [1, 0]], np.float32),
        GAMMA: np.array(0.02),
        ROUNDS: np.array(30),
    }
    return {**own, **changed}


def test_views_that_are_alike_are_their_own_barycentre():
    view = np.array([4.0, 0.0, 2.0, 2.0])
    pooled = BarycentrePooling(tensors())(np.tile(view, (3, 5, 1)))
    assert pooled.dtype == np.float32
    assert pooled == pytest.approx(np.tile(view, (3, 1)), rel=1e-4, abs=1e-4)


def test_the_sum_is_the_mean_of_the_views():
    features = np.random.default_rng(1).uniform(0, 3, (6, 12, 4))
    pooled = BarycentrePooling(tensors())(features)
    assert pooled.sum(axis=1) == pytest.approx(features.sum(axis=2).mean(axis=1), rel=1e-6)
    assert (pooled >= 0).all()


def test_an_item_does_not_depend_on_those_beside_it():
    features = np.random.default_rng(3).uniform(0, 3, (40, 6, 4))
    pool = BarycentrePooling(tensors())
    alone = np.concatenate([pool(item[None]) for item in features])
    assert pool(features) == pytest.approx(alone, rel=1e-6)


def test_a_single_view_stays_as_it_is():
    features = np.random.default_rng(2).normal(size=(3, 1, 4)).astype(np.float32)
    assert np.array_equal(BarycentrePooling(tensors())(features), features[:, 0])


def test_signed_features_have_a_bin_for_each_sign():
    signed = tensors(**{GROUPS: np.arange(4, dtype=np.int32), COST: 1 - np.eye(4)})
    view = np.array([3.0, -1.0])
    assert as_bins(view, 4).tolist() == [3, 0, 0, 1]
    assert as_bins(view, 2).tolist() == [3, 0]
    pooled = BarycentrePooling(signed)(np.tile(view, (1, 4, 1)))
    assert pooled[0] == pytest.approx(view, rel=1e-4)


def test_a_view_without_features_counts_as_even():
    pooled = BarycentrePooling(tensors())(np.zeros((1, 3, 4)))
    assert pooled.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("lost", [GROUPS, COST, GAMMA, ROUNDS])
def test_a_missing_tensor_is_named(lost):
    kept = {name: array for name, array in tensors().items() if name != lost}
    with pytest.raises(BundleError, match=f"wants the tensors {lost}, which the model lacks"):
        BarycentrePooling(kept)


@pytest.mark.parametrize(
    "changed", [{GAMMA: np.array(0.0)}, {ROUNDS: np.array(0)}, {ROUNDS: np.array(10**9)}]
)
def test_what_would_never_end_is_refused(changed):
    with pytest.raises(BundleError, match="wants a gamma above 0 and 1 to 1000 rounds, got"):
        BarycentrePooling(tensors(**changed))


def test_tensors_that_do_not_fit_are_refused():
    with pytest.raises(BundleError, match=r"numbers groups to 1 and .* shape \(1, 1\)"):
        BarycentrePooling(tensors(**{COST: np.zeros((1, 1))}))
    with pytest.raises(BundleError, match="fitted for 4 bins, and features have 3 numbers"):
        BarycentrePooling(tensors())(np.zeros((1, 2, 3)))
