"""Search files that are cut short while they are open: left for the store, never read."""

import json
import os
import threading

import numpy as np
import pytest
from test_search_exact import FakeSource

from opensearch.search import Searcher, base
from opensearch.search.backends import chunk_tables as tables
from opensearch.search.backends import multi_index as multi

CODES = np.random.default_rng(0).integers(0, 256, (4000, 2), np.uint8)


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(tables, "FEWEST", 1)
    monkeypatch.setattr(multi, "SHARE", 10.0**9)
    source = FakeSource(16)
    source.add(CODES, ["a", "b"] * 2000)
    return source


def cut(folder, what):
    """Cut the files of domain a whose name ends so; those of b stay."""
    files = [file for file in folder.glob(f"{base.safe_name('a')}-*") if file.name.endswith(what)]
    assert len(files) == 1
    os.truncate(files[0], files[0].stat().st_size // 2 - 1)


@pytest.mark.parametrize("what", [".ids", ".codes", "-tables-2000.0"])
def test_an_open_searcher_goes_on_from_the_source(source, tmp_path, what):
    Searcher(source, tmp_path, 16).fold()
    searcher = Searcher(source, tmp_path, 16)
    searcher.refresh()
    asked = CODES[:1], ["a", "b"], 500
    before = searcher.search(*asked)
    mapped = searcher._view._domains["a"], searcher._view._domains["b"]
    assert all(rows.whole and rows.structure.count for rows in mapped)
    cut(tmp_path, what)
    assert [rows.whole for rows in mapped] == [False, True]  # else the next line would kill us
    searcher.refresh()
    after = searcher.search(*asked)
    assert np.array_equal(after[0], before[0])
    assert np.array_equal(after[1], before[1])
    assert searcher._view._domains["a"].structure.count == 0
    assert searcher._view._domains["b"] is mapped[1]
    searcher.fold()
    fresh = Searcher(source, tmp_path, 16)
    fresh.refresh()
    assert fresh._view._domains["a"].whole
    assert fresh._view._domains["a"].structure.count
    assert len(fresh._view._domains["a"].base[0]) == 2000


def test_every_thread_leaves_the_files(source, tmp_path):
    Searcher(source, tmp_path, 16).fold()
    searcher = Searcher(source, tmp_path, 16)
    ready, go, found = threading.Barrier(2), threading.Event(), []

    def ask():
        searcher.refresh()
        ready.wait()
        go.wait()
        searcher.refresh()
        found.append(searcher._view._local.seen.rows["a"])

    thread = threading.Thread(target=ask)
    thread.start()
    ready.wait()
    cut(tmp_path, ".codes")
    searcher.refresh()  # of another thread: it finds what is cut before the first one does
    go.set()
    thread.join()
    assert all(base.whole(rows.codes) for rows in found[0])


def test_arrays_in_memory_are_whole():
    assert base.whole(CODES)
    assert base.whole(CODES[3:5])
    assert base.whole(np.frombuffer(b"abc", np.uint8))


@pytest.mark.parametrize(("at", "value"), [(-1, -5), (-1, 3), (0, -1), (0, 3999)])
def test_ids_that_cannot_be_are_left_for_the_source(source, tmp_path, at, value):
    """A last one below zero ended in a traceback, one too small gave rows twice."""
    Searcher(source, tmp_path, 16).fold()
    asked = CODES[:1], ["a", "b"], 500
    before = Searcher(source, tmp_path, 16).search(*asked)
    (file,) = tmp_path.glob(f"{base.safe_name('a')}-*.ids")
    ids = np.fromfile(file, "<i8")
    ids[at] = value
    ids.tofile(file)
    after = Searcher(source, tmp_path, 16).search(*asked)
    assert np.array_equal(after[0], before[0])
    assert np.array_equal(after[1], before[1])


@pytest.mark.parametrize("rows", ["[" * 100_000, "1e999", "-1", "null", '"x"', "[]", "{}"])
def test_a_description_that_is_none_of_ours_is_left_for_the_source(source, tmp_path, rows):
    """Brackets without end and a number beyond all ended in a traceback, in repair too."""
    Searcher(source, tmp_path, 16).fold()
    asked = CODES[:1], ["a", "b"], 500
    before = Searcher(source, tmp_path, 16).search(*asked)
    file = tmp_path / f"{base.safe_name('a')}.json"
    about = json.loads(file.read_text())
    file.write_text(json.dumps({**about, "rows": "here"}).replace('"here"', rows))
    searcher = Searcher(source, tmp_path, 16)
    after = searcher.search(*asked)
    assert np.array_equal(after[0], before[0])
    assert np.array_equal(after[1], before[1])
    searcher.fold()
    assert json.loads(file.read_text())["rows"] == about["rows"]
