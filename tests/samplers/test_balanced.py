"""Draws: which categories meet in a batch, and how often each comes."""

import numpy as np
import pytest

from opensearch.samplers.balanced import Balance, BalancedSampler

LABELS = {
    "a": np.array([0, 0, 1, 2]),
    "b": np.array([0, 1, 1, 3]),
    "c": np.array([0, 1, 4]),
}


def test_common_categories_come_first_and_in_every_domain():
    drawn = BalancedSampler(LABELS, Balance(0.5, 0.5, 0)).draw(8, np.random.default_rng(0))
    labels = [own[items] for own, items in zip(LABELS.values(), drawn, strict=True)]
    assert labels[0][:4].tolist() == labels[1][:4].tolist() == labels[2][:4].tolist()
    assert set(labels[0][:4].tolist()) <= {0, 1}
    assert all(len(items) == 8 for items in drawn)


def test_paired_categories_meet_where_they_are():
    labels = {"a": np.array([0, 5]), "b": np.array([0, 5]), "c": np.array([0, 0])}
    drawn = BalancedSampler(labels, Balance(0.5, 0, 0.75)).draw(4, np.random.default_rng(1))
    met = [own[items] for own, items in zip(labels.values(), drawn, strict=True)]
    assert met[0][:3].tolist() == met[1][:3].tolist() == [5, 5, 5]
    assert met[2].tolist() == [0] * 4


@pytest.mark.parametrize(("power", "share"), [(1.0, 0.5), (0.0, 0.9), (0.5, 0.75)])
def test_balance_weighs_categories_by_their_size(power, share):
    """Nine items of one category, one of another: drawn as 9 ** (1 - power) to 1."""
    labels = np.array([0] * 9 + [1])
    drawn = BalancedSampler({"a": labels}, Balance(power, 0, 0)).draw(
        4000, np.random.default_rng(2)
    )[0]
    assert (labels[drawn] == 0).mean() == pytest.approx(share, abs=0.03)
