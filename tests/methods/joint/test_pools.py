"""Pools: which views of which items are taken."""

import numpy as np

from opensearch.methods.joint.pools import Part, Pool
from opensearch.methods.joint.upright import UprightViews


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


def test_upright_views_are_drawn_as_often_as_asked():
    upright = np.array([[False, True, False, True], [False, False, False, False]])
    known = UprightViews(upright, np.ones(2, bool), np.zeros(1, np.float32))
    part = Part(Rows(2, 4), np.array([0, 1], np.int64), range(4), known, 0.75)
    turns = np.random.default_rng(0).integers(1 << 30, size=4000)
    drawn = np.bincount([part.view(0, int(turn)) for turn in turns], minlength=4) / len(turns)
    # 3/4 fall on views 1 and 3 alone, 1/4 on all four alike
    assert np.allclose(drawn, [1 / 16, 7 / 16, 1 / 16, 7 / 16], atol=0.03)
    assert {part.view(1, int(turn)) for turn in turns} == {0, 1, 2, 3}, "none upright: any"
