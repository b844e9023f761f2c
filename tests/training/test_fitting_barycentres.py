"""Groups of bins and their ground cost: bins that respond to the same views are near."""

import numpy as np
import pytest

from opensearch.config import BarycentreSettings
from opensearch.encoders.barycentre import COST, GROUPS, BarycentrePooling
from opensearch.training.barycentre import fit_barycentre, ground_cost, standardised


def together(rng, views, bins):
    """Features of which the first half of the bins rise together, and the rest when they fall."""
    level = rng.uniform(1, 9, (views, 1))
    half = bins // 2
    ones = np.concatenate([np.tile(level, half), np.tile(10 - level, bins - half)], axis=1)
    return ones + rng.uniform(0, 0.1, (views, bins))


def test_bins_that_respond_alike_are_one_group():
    features = together(np.random.default_rng(0), 200, 8)
    found = fit_barycentre(features, BarycentreSettings(groups=2), 0)[GROUPS].tolist()
    assert found[:4] == [found[0]] * 4
    assert found[4:] == [1 - found[0]] * 4


def test_cost_is_one_minus_the_correlation_over_its_median():
    rng = np.random.default_rng(1)
    masses = rng.uniform(size=(50, 5))
    got = ground_cost(standardised(masses))
    wanted = 1 - np.corrcoef(masses.T)
    wanted /= np.median(wanted[~np.eye(5, dtype=bool)])
    assert got == pytest.approx(wanted, abs=1e-9)
    assert np.median(got[~np.eye(5, dtype=bool)]) == pytest.approx(1)


def test_what_is_fitted_pools_and_follows_from_the_seed():
    features = np.random.default_rng(2).uniform(size=(90, 20)).astype(np.float32)
    settings = BarycentreSettings(groups=6)
    one, two = (fit_barycentre(features, settings, 3) for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert one[COST].shape == (6, 6)
    pooled = BarycentrePooling(one)(features.reshape(9, 10, 20))
    assert pooled.shape == (9, 20)


def test_signed_features_have_two_bins_a_number():
    features = np.random.default_rng(3).normal(size=(60, 5))
    assert fit_barycentre(features, BarycentreSettings(), 0)[GROUPS].shape == (10,)


def test_bins_that_never_change_are_no_matter():
    """A single view, or a dead bin: costs stay finite and pooling works."""
    some = np.random.default_rng(4).uniform(size=(9, 3))
    for features in (np.ones((1, 4)), np.c_[some, np.zeros(9)]):
        fitted = fit_barycentre(features, BarycentreSettings(groups=3), 0)
        assert np.isfinite(BarycentrePooling(fitted)(features[None].repeat(2, axis=1))).all()
