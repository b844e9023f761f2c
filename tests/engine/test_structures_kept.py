"""Generations and search structures: each is of one store, and a filter holds in all of them."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.engine import Engine
from opensearch.errors import StoreError
from opensearch.search import Searcher
from opensearch.search.backends import chunk_tables as tables
from opensearch.search.backends import multi_index as multi

MODEL = Path(__file__).parents[1] / "golden" / "model"


def rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 2), np.uint8)


def flat(engine, queries, k, **selection):
    """Reference: a searcher without any files over the same store."""
    return Searcher(engine._store, None, 16).search(queries, ["photo", "shape"], k, **selection)


def same(found, expected):
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def tabled(monkeypatch):
    """Tables over any number of rows, used however dear they are."""
    monkeypatch.setattr(tables, "FEWEST", 1)
    monkeypatch.setattr(multi, "SHARE", 10.0**9)


@pytest.fixture
def index(tmp_path):
    """Items with keys, with fields and with nothing, in two domains; some removed."""
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(rows(200), "photo")
        years = [{"year": at} for at in range(100)]
        engine.add_codes(rows(100, 1), "photo", [f"k{at}" for at in range(100)], years)
        engine.add_codes(rows(150, 2), "shape")
        engine.remove([*(f"photo/#{at}" for at in range(0, 200, 3)), "k1", "shape/#310"])
    return tmp_path / "index"


def test_compaction_keeps_items_without_records(index):
    with Engine.open(index) as engine:
        before = [engine.get(key) for key in ("photo/#1", "k2", "shape/#449")]
        walked = list(engine.records())
        books, found = engine.info(), engine.search_batch(rows(5, 9), k=400)
        assert books["unnamed"] == {"photo": 133, "shape": 149}
        assert engine.compact().dropped == 69
        after = engine.info()
        assert (after["items"], after["unnamed"]) == (books["items"], books["unnamed"])
        assert [engine.get(key) for key in ("photo/#1", "k2", "shape/#449")] == before
        assert list(engine.records()) == walked
        assert same(engine.search_batch(rows(5, 9), k=400), found)
        assert engine.verify() == []
        assert engine.add_codes(rows(1), "photo").tolist() == [450]
        assert engine.remove(["photo/#450", "photo/#0", "photo/#1"]) == 2
        assert engine.verify() == []


def test_a_copy_that_lacks_codes_is_refused(index, monkeypatch):
    from opensearch.store import LmdbStore, compaction, lmdb_store

    def copied(old, new):  # here, not in a process of its own, which no patch would reach
        with LmdbStore.open(old, readonly=True) as source:
            source.copy_to(new)

    monkeypatch.setattr(lmdb_store, "copy_in_child", copied)
    full = compaction._in_full_blocks
    monkeypatch.setattr(compaction, "_in_full_blocks", lambda *args: list(full(*args))[:-1])
    with Engine.open(index) as engine:
        with pytest.raises(StoreError, match=r"has 0 of 232 codes of 'photo'; the index stays"):
            engine.compact()
        assert engine.info()["generation"] == 0
        assert engine.verify() == []


@pytest.mark.usefixtures("tabled")
@pytest.mark.parametrize("structure", [None, "hnsw", "ivf"])
def test_each_structure_is_that_of_the_new_generation(index, structure, monkeypatch):
    from opensearch.search.backends import approximate

    monkeypatch.setattr(approximate, "RECALL", 2.0)  # the greatest effort: all is looked at
    queries = rows(30, 5)
    with Engine.open(index) as reader, Engine.open(index) as engine:
        if structure:
            engine.build_structure(structure)
            assert reader.info()["structures"]["photo"][structure]["rows"] == 300
        old = list((index / "search").iterdir())
        engine.compact()
        for one in (engine, reader):
            found = one.search_batch(queries, k=20, structure=structure)
            assert np.array_equal(found[0], flat(engine, queries, 20)[0])
            single = [one.search_batch(query[None], k=20) for query in queries]
            assert same(
                [np.concatenate(part) for part in zip(*single, strict=True)], flat(one, queries, 20)
            )
            assert (
                one._generations.current().searcher._view._domains["photo"].structure.count == 232
            )
        assert not any(file.exists() for file in old)
        assert len(list((index / "search").iterdir())) == 1
        if structure:
            assert engine.info()["structures"]["photo"][structure]["rows"] == 232


@pytest.mark.usefixtures("tabled")
def test_readers_follow_while_one_adds_and_compacts(index):
    """Every answer is that of one generation and one transaction, whatever is under way."""
    query, stop, wrong = np.zeros((1, 2), np.uint8), threading.Event(), []
    with Engine.open(index) as writer:
        writer.add_codes(rows(50, 3), "photo")

    def read():
        with Engine.open(index) as engine:
            while not stop.is_set():
                now = engine._generations.current()
                with now.store.snapshot():
                    now.searcher.refresh()
                    found = now.searcher.search(query, ["photo", "shape"], 30)
                    expected = Searcher(now.store, None, 16).search(query, ["photo", "shape"], 30)
                    if not same(found, expected):
                        wrong.append((found, expected))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with Engine.open(index) as writer:
            for at in range(6):
                writer.add_codes(rows(40, at), "photo")
                writer.remove([f"photo/#{500 + 40 * at + more}" for more in range(20)])
                writer.compact()
            assert writer.verify() == []
            assert writer._generations.current().searcher._view._domains["photo"].structure.count
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.usefixtures("tabled")
@settings(max_examples=25)
@given(st.integers(0, 99), st.sampled_from([0.02, 0.3, 0.7, 0.99, 1.0]), st.integers(1, 40))
def test_a_mask_holds_in_tables_and_structures(tmp_path_factory, seed, share, k):
    rng = np.random.default_rng(seed)
    with Engine.create(tmp_path_factory.mktemp("m") / "index", MODEL) as engine:
        engine.add_codes(rows(300, seed), "photo")
        for name in ("hnsw", "ivf"):
            engine.build_structure(name)
        engine.add_codes(rows(40, seed + 1), "photo")
        engine.remove([f"photo/#{at}" for at in rng.integers(0, 340, 20)])
        now = engine._generations.current()
        now.searcher.refresh()
        mask = rng.random(340) < share
        queries, exclude = rows(3, seed + 2), rng.integers(0, 340, 5)
        for selection in ({"within": mask}, {"within": mask, "exclude": exclude}):
            expected = flat(engine, queries, k, **selection)
            single = [now.searcher.search(q[None], ["photo"], k, **selection) for q in queries]
            assert same([np.concatenate(part) for part in zip(*single, strict=True)], expected)
            for name in ("hnsw", "ivf"):
                found = now.searcher.search(queries, ["photo"], k, name, **selection)
                assert same(found, expected)
        for query in queries:
            near = now.searcher.range(query, ["photo"], 5, within=mask)
            assert same(near, Searcher(now.store, None, 16).range(query, ["photo"], 5, within=mask))
        for name in ("hnsw", "ivf"):
            found = now.searcher.search(queries, ["photo"], k, name, exclude=exclude)
            assert not np.isin(found[1], exclude).any()


def test_files_of_another_store_are_never_read_and_the_writer_removes_them(index):
    with Engine.open(index) as engine:
        folder = engine._generations.folder
        identity = engine._store.meta().identity
        assert [file.name for file in folder.search.iterdir()] == [identity]
        (folder.search / "other").mkdir()
        (folder.search / "other" / "photo.json").write_text("{}")
        (folder.search / "photo.json").write_text("{}")  # of a version that kept one folder
        engine.search_batch(rows(1), k=1)
        assert len(list(folder.search.iterdir())) == 3
        engine.add_codes(rows(1), "photo")
        assert [file.name for file in folder.search.iterdir()] == [identity]


def test_only_the_process_that_writes_touches_the_files(index, monkeypatch):
    from opensearch.store.lock import WriterLock

    def taken(lock):
        raise StoreError("process 7 is writing to it; wait until it ends and repeat")

    with Engine.open(index) as engine:
        files = {file: file.stat().st_mtime_ns for file in (index / "search").rglob("*")}
        monkeypatch.setattr(WriterLock, "take", taken)
        engine._generations.settle()
        with pytest.raises(StoreError, match="process 7 is writing"):
            engine.build_structure("ivf")
        assert files == {file: file.stat().st_mtime_ns for file in (index / "search").rglob("*")}
