"""A disk that fills up while search files are written: nothing is left, what was there is used."""

import errno
import os

import numpy as np
import pytest

from opensearch.errors import StoreError
from opensearch.search import Searcher, base
from opensearch.search.backends import chunk_tables as tables
from opensearch.store import LmdbStore


def codes(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 8), np.uint8)


@pytest.fixture
def place(tmp_path):
    with LmdbStore.create(tmp_path / "store", bits=64, dim=0) as store:
        store.put_codes(codes(3000), "photo")
        searcher = Searcher(store, tmp_path / "search", 64)
        searcher.refresh()
        searcher.fold()
        yield store, searcher, tmp_path / "search"


def sizes(folder):
    return {file.name: file.stat().st_size for file in folder.iterdir()}


@pytest.fixture
def full(monkeypatch):
    """A call after which the n-th fsync finds the disk full."""

    def after(count):
        left = [count]

        def fsync(descriptor):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", fsync)

    return after


@pytest.mark.parametrize("count", [0, 1])
def test_a_structure_that_finds_no_room_leaves_nothing(place, full, count):
    _, searcher, folder = place
    before = sizes(folder)
    full(count)
    with pytest.raises(StoreError, match=r"No space left on device.*; search without it"):
        searcher.build("ivf")
    assert sizes(folder) == before
    assert searcher.built() == []


@pytest.mark.parametrize("count", range(4))
def test_rows_that_find_no_room_leave_the_base_as_it_was(place, full, count, monkeypatch):
    store, searcher, folder = place
    monkeypatch.setattr(tables, "FEWEST", 1)
    before = sizes(folder)
    store.put_codes(codes(500, 1), "photo")
    full(count)
    with pytest.raises(StoreError, match="cannot write search files"):
        searcher.fold()
    after = sizes(folder)
    assert set(after) == set(before)
    if count < 2:
        assert after == before
    searcher.refresh()
    distances, _ = searcher.search(codes(500, 1)[:3], ["photo"], 1)
    assert not distances.any()


def test_what_a_killed_writer_has_left_is_removed_by_the_next_one(place):
    _, searcher, folder = place
    (folder / f"photo-tables-9.0{base.PARTIAL}").write_bytes(b"half")
    searcher.fold()
    assert not list(folder.glob(f"*{base.PARTIAL}"))
