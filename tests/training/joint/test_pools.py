"""Pools: which views of which items are taken."""

import numpy as np

from opensearch.training.joint.pools import Part, Pool


class Rows:
    """Rows whose value tells item and view: 10 * item + view."""

    def __init__(self, items, views, start=0):
        self._values = start + 10 * np.arange(items)[:, None] + np.arange(views)

    def row(self, index):
        return self._values[index]


def test_takes_the_views_it_may():
    labels = np.array([0, 1], np.int64)
    joined = Pool(
        Part(Rows(2, 1), labels, range(1)), Part(Rows(2, 4, start=1000), labels, range(2, 4))
    )
    taken = joined.take(np.array([0, 1, 2, 3, 3]), np.array([5, 5, 0, 1, 2]))
    assert taken.tolist() == [0, 10, 1002, 1013, 1012]
    assert joined.labels.tolist() == [0, 1, 0, 1]
