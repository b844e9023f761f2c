"""Embeddings kept in memory: what is scored is what the store holds, bit for bit."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.engine import Engine, Query
from opensearch.engine.lifecycle.vectors import Vectors, _Kept
from opensearch.errors import InvalidInput
from opensearch.search.products import products
from opensearch.semantic import unit

DIM = 24
COUNT = 60


class Rows:
    """A store of embeddings alone, every fifth item without; counts what it is asked for."""

    def __init__(self):
        made = np.random.default_rng(1).normal(size=(COUNT, DIM))
        self.rows = made.astype(np.float16)
        self.present = np.arange(COUNT) % 5 > 0
        self.rows[~self.present] = 0
        self.asked = []

    def embeddings(self, ids, *, check=False):
        self.asked += ids
        return self.rows[ids], self.present[ids]


@given(st.lists(st.lists(st.integers(0, COUNT - 1), max_size=30, unique=True), max_size=8))
def test_rows_are_those_of_the_store_whatever_was_asked_before(asks):
    store = Rows()
    vectors = Vectors(store, DIM, most=25 * 4 * DIM)
    for ask in asks:
        ids = np.array(ask, np.int64)
        rows, present = vectors.of(ids)
        assert np.array_equal(present, store.present[ids])
        assert rows.tobytes() == unit(store.rows[ids][present]).tobytes()
        assert vectors._kept.used <= 25


def test_what_was_asked_is_not_asked_again():
    store = Rows()
    vectors = Vectors(store, DIM)
    for ids in ([7, 3, 5], [3, 5, 7], [5, 9]):
        vectors.of(np.array(ids, np.int64))
    assert store.asked == [3, 5, 7, 9]


def test_more_than_there_is_room_for_is_read_and_not_kept():
    store = Rows()
    vectors = Vectors(store, DIM, most=10 * 4 * DIM)
    ids = np.arange(20)
    for _ in range(2):
        assert vectors.of(ids)[0].tobytes() == unit(store.rows[:20][store.present[:20]]).tobytes()
    assert len(store.asked) == 40


def test_threads_get_their_own_rows():
    store = Rows()
    vectors = Vectors(store, DIM, most=20 * 4 * DIM)

    def right(seed):
        ids = np.random.default_rng(seed).permutation(COUNT)[:15]
        rows, present = vectors.of(ids)
        return rows.tobytes() == unit(store.rows[ids][present]).tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(right, range(400)))


def test_what_another_thread_drops_meanwhile_is_not_missed(monkeypatch):
    store = Rows()
    vectors = Vectors(store, DIM)
    ids = np.array([8, 2, 4])
    vectors.of(ids)
    looked = _Kept.missing

    def missing(kept, asked):
        found = looked(kept, asked)
        vectors._kept = vectors._nothing()
        return found

    monkeypatch.setattr(_Kept, "missing", missing)
    assert vectors.of(ids)[0].tobytes() == unit(store.rows[ids]).tobytes()


def test_a_zero_row_is_refused():
    store = Rows()
    store.rows[3] = 0
    with pytest.raises(InvalidInput, match="zero or not finite"):
        Vectors(store, DIM).of(np.array([2, 3]))


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_a_product_does_not_depend_on_the_rows_beside_it(count, seed):
    rng = np.random.default_rng(seed)
    rows = unit(rng.normal(size=(count, 384)))
    vector = unit(rng.normal(size=384))
    every = products(rows, vector, np.arange(count))
    assert every.dtype == np.float32
    assert np.abs(every - rows.astype(float) @ vector.astype(float)).max() < 1e-6
    some = rng.permutation(count)[: rng.integers(1, count + 1)]
    assert np.array_equal(products(rows, vector, some), every[some])
    assert np.array_equal(products(rows[some], vector, np.arange(len(some))), every[some])


def test_cosines_are_nan_where_there_is_no_embedding():
    store = Rows()
    vector = unit(np.ones(DIM))
    scores = Vectors(store, DIM).cosines(np.array([9, 5, 1]), vector)
    assert np.isnan(scores).tolist() == [False, True, False]
    assert scores[0] == products(unit(store.rows[[9]]), vector, np.zeros(1, np.int64))[0]


def test_the_same_query_reads_no_embedding_again(toy_model, toy_collection, tmp_path, monkeypatch):
    with Engine.create(tmp_path / "toys", toy_model) as engine:
        engine.add(toy_collection)
        query = Query(text="cube", k=5, refine=True)
        first = engine.ask(query)
        monkeypatch.setattr(type(engine._store), "embeddings", lambda *_, **__: pytest.fail("read"))
        assert engine.ask(query).hits == first.hits
