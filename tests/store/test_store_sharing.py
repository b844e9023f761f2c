"""Stores that nobody holds any more let go of their files."""

import gc

import lmdb
import numpy as np

from opensearch.records import Item
from opensearch.store import LmdbStore, open_environments


def test_a_store_that_nobody_holds_is_closed(tmp_path):
    store = LmdbStore.create(tmp_path / "0", bits=8, dim=0)
    other = LmdbStore.open(tmp_path / "0")
    store.put([Item(-1, "k", "photo")], np.zeros((1, 1), np.uint8))
    del store
    gc.collect()
    assert other.by_key("k").id == 0
    del other
    gc.collect()
    lmdb.open(str(tmp_path / "0")).close()  # LMDB itself would refuse were it still open


def test_a_store_dropped_while_another_is_being_opened_is_closed_later(tmp_path):
    store = LmdbStore.create(tmp_path / "0", bits=8, dim=0)
    with open_environments._guard:  # as when the collector comes in the middle of opening one
        del store
        gc.collect()
    LmdbStore.create(tmp_path / "1", bits=8, dim=0).close()
    lmdb.open(str(tmp_path / "0")).close()


def test_closing_twice_gives_back_once(tmp_path):
    one = LmdbStore.create(tmp_path / "0", bits=8, dim=0)
    other = LmdbStore.open(tmp_path / "0")
    one.close()
    one.close()
    del one
    gc.collect()
    assert other.meta().next_id == 0
    other.close()
