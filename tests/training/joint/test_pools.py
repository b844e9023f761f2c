"""Pools and drawers: what meets in a batch, and which views are taken."""

import numpy as np
import pytest

from opensearch.training.joint.pools import Balance, Drawer, Part, Pool


class Rows:
    """Rows whose value tells item and view: 10 * item + view."""

    def __init__(self, items, views, start=0):
        self._values = start + 10 * np.arange(items)[:, None] + np.arange(views)

    def row(self, index):
        return self._values[index]


def pool(labels, views=1):
    labels = np.array(labels, np.int64)
    return Pool(Part(Rows(len(labels), views), labels, range(views)))


def test_takes_the_views_it_may():
    labels = np.array([0, 1], np.int64)
    joined = Pool(
        Part(Rows(2, 1), labels, range(1)), Part(Rows(2, 4, start=1000), labels, range(2, 4))
    )
    taken = joined.take(np.array([0, 1, 2, 3, 3]), np.array([5, 5, 0, 1, 2]))
    assert taken.tolist() == [0, 10, 1002, 1013, 1012]
    assert joined.labels.tolist() == [0, 1, 0, 1]


POOLS = {"a": pool([0, 0, 1, 2]), "b": pool([0, 1, 1, 3]), "c": pool([0, 1, 4])}


def test_common_categories_come_first_and_in_every_domain():
    drawn = Drawer(POOLS, Balance(0.5, 0.5, 0)).draw(8, np.random.default_rng(0))
    labels = [part.labels[items] for part, items in zip(POOLS.values(), drawn, strict=True)]
    assert labels[0][:4].tolist() == labels[1][:4].tolist() == labels[2][:4].tolist()
    assert set(labels[0][:4].tolist()) <= {0, 1}
    assert all(len(items) == 8 for items in drawn)


def test_paired_categories_meet_where_they_are():
    pools = {"a": pool([0, 5]), "b": pool([0, 5]), "c": pool([0, 0])}
    drawn = Drawer(pools, Balance(0.5, 0, 0.75)).draw(4, np.random.default_rng(1))
    labels = [part.labels[items] for part, items in zip(pools.values(), drawn, strict=True)]
    assert labels[0][:3].tolist() == labels[1][:3].tolist() == [5, 5, 5]
    assert labels[2].tolist() == [0] * 4


@pytest.mark.parametrize(("power", "share"), [(1.0, 0.5), (0.0, 0.9), (0.5, 0.75)])
def test_balance_weighs_categories_by_their_size(power, share):
    """Nine items of one category, one of another: drawn as 9 ** (1 - power) to 1."""
    pools = {"a": pool([0] * 9 + [1])}
    drawn = Drawer(pools, Balance(power, 0, 0)).draw(4000, np.random.default_rng(2))[0]
    assert (pools["a"].labels[drawn] == 0).mean() == pytest.approx(share, abs=0.03)
