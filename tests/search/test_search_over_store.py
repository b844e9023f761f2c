"""The searcher over a real store: whole batches, replaced items, threads at other moments."""

import threading

import numpy as np
import pytest

from opensearch.records import Item
from opensearch.search import CodeSource, Searcher
from opensearch.store import LmdbStore


@pytest.fixture
def store(tmp_path):
    with LmdbStore.create(tmp_path / "store", bits=64, dim=0) as store:
        yield store


def put(store, keys, value):
    codes = np.full((len(keys), 8), value, np.uint8)
    return store.put([Item(0, key, "photo") for key in keys], codes)


def nearest(searcher, value, k=10):
    ids = searcher.search(np.full((1, 8), value, np.uint8), ["photo"], k)[1][0]
    return ids[ids >= 0].tolist()


def test_a_replaced_item_is_found_once_under_its_new_id(store, tmp_path):
    source: CodeSource = store
    searcher = Searcher(source, tmp_path / "search", 64)
    put(store, "abc", 0)
    searcher.fold()
    assert nearest(searcher, 0) == [0, 1, 2]
    put(store, "b", 255)
    searcher.refresh()
    assert nearest(searcher, 0) == [0, 2, 3]
    store.remove("a")
    assert nearest(searcher, 0) == [0, 2, 3]  # until it is told to look again
    for other in (searcher, Searcher(store, tmp_path / "search", 64), Searcher(store, None, 64)):
        other.refresh()
        assert nearest(other, 0) == [2, 3]


def test_merged_blocks_are_read_only_past_what_is_held(store):
    searcher = Searcher(store, None, 64)
    for at in range(40):
        put(store, [f"k{at}"], at)
        searcher.refresh()
    assert nearest(searcher, 0, 50) == [pair[1] for pair in ranked(range(40))]


def ranked(values):
    """Reference: distance of 8 equal bytes from zero, then id."""
    return sorted((8 * bin(value).count("1"), value) for value in values)


def test_a_thread_in_a_snapshot_searches_its_own_moment(store):
    searcher = Searcher(store, None, 64)
    put(store, "abc", 0)
    with store.snapshot():
        put(store, "ad", 0)
        seen = []
        thread = threading.Thread(
            target=lambda: (searcher.refresh(), seen.extend(nearest(searcher, 0)))
        )
        thread.start()
        thread.join()
        assert seen == [1, 2, 3, 4]
        searcher.refresh()
        ids = nearest(searcher, 0)
        assert ids == [0, 1, 2]
        assert [item.key for item in store.items(ids)] == ["a", "b", "c"]
    searcher.refresh()
    assert nearest(searcher, 0) == [1, 2, 3, 4]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 1.0])
def test_a_mask_searches_what_its_ids_do(store, tmp_path, share):
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 256, (600, 8), np.uint8)
    store.put([Item(0, str(at), "photo") for at in range(400)], codes[:400])
    store.remove(map(str, range(0, 400, 7)))
    searcher = Searcher(store, tmp_path / "search", 64)
    searcher.fold()
    store.put([Item(0, str(at), "photo") for at in range(400, 600)], codes[400:])
    searcher.refresh()
    mask = rng.random(600) < share
    for of_mask, of_ids in zip(
        searcher.search(codes[:3], ["photo"], 30, within=mask, exclude=[401]),
        searcher.search(codes[:3], ["photo"], 30, within=np.flatnonzero(mask), exclude=[401]),
        strict=True,
    ):
        assert np.array_equal(of_mask, of_ids)
    distances, ids = searcher.range(codes[0], ["photo"], 64, within=mask)
    assert len(ids) == len(distances) == mask[searcher.range(codes[0], ["photo"], 64)[1]].sum()
