"""Ties are cut by id, whatever the server cuts: against a flat search, with a toy server."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.milvus import nearest
from opensearch.milvus.books import Books
from opensearch.milvus.state import State
from opensearch.store import Meta


class Server:
    """Gives at most `most` rows at once, ties in an order of its own, as Milvus does."""

    name = "toy"

    def __init__(self, codes, most):
        self._codes = codes
        self._most = most

    def search(self, collection, codes, expression, limit, params):
        assert limit <= self._most
        found = []
        for raw in codes:
            query = np.frombuffer(raw, np.uint8)
            distances = np.unpackbits(self._codes ^ query, axis=1).sum(axis=1)
            inside = np.array([eval(expression, {"id": i}) for i in range(len(distances))], bool)
            if params:
                inside &= (distances >= params["range_filter"]) & (distances < params["radius"])
            ids = np.flatnonzero(inside)[::-1]  # the highest first
            ids = ids[np.argsort(distances[ids], kind="stable")][:limit]
            found.append((ids.tolist(), distances[ids].tolist()))
        return found


def flat(codes, query, next_id):
    distances = np.unpackbits(codes[:next_id] ^ query, axis=1).sum(axis=1)
    return sorted(zip(distances.tolist(), range(next_id), strict=True))


@settings(max_examples=30)
@given(
    st.integers(0, 60), st.integers(1, 3), st.integers(1, 30), st.sampled_from([4, 8, 64]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_the_nearest_are_those_of_a_flat_search_ids_included(count, values, k, most, seed):
    chance = np.random.default_rng(seed)
    codes = chance.integers(0, values, (count, 1)).astype(np.uint8)
    state = _state(codes, most, max(0, count - 2))
    queries = chance.integers(0, 2, (3, 1)).astype(np.uint8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "MOST", most)
        patch.setattr(nearest, "_MARGIN", 2)
        distances, ids = nearest.nearest(state, queries, "", k)
        for row, query in enumerate(queries):
            wanted = flat(codes, query, state.meta.next_id)
            held = ids[row] >= 0
            pairs = list(zip(distances[row][held].tolist(), ids[row][held].tolist(), strict=True))
            assert pairs == wanted[:k]
            for distance in range(3):
                shell = nearest.shell(state, query, "", distance).tolist()
                assert shell == [id_ for far, id_ in wanted if far == distance]


def _state(codes, most, next_id):
    return State(Server(codes, most), Books(Meta("toy", 8, 0, next_id=next_id)), set())


def test_rows_that_go_and_rows_that_no_book_counts_are_passed_over():
    state = _state(np.zeros((6, 1), np.uint8), nearest.MOST, 5)
    state.going = {1, 3}
    assert nearest.nearest(state, np.zeros((1, 1), np.uint8), "", 9)[1].tolist() == [[0, 2, 4]]
