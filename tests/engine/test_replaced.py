"""An index whose folder is replaced under an open engine: told, and nothing is lost in silence."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.errors import StoreError
from opensearch.store import LmdbStore, bulk

MODEL = Path(__file__).parents[1] / "golden" / "model"


def codes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 2), dtype=np.uint8)


def made(path, n, mark):
    with Engine.create(path, MODEL) as engine:
        engine.add_codes(codes(n), "photo", [f"{mark}{at}" for at in range(n)])
    return path


@pytest.fixture
def index(tmp_path):
    return made(tmp_path / "index", 50, "old")


def another(index):
    """Another index in the same place, as `mv` leaves it."""
    new = made(index.with_name("new"), 7, "new")
    index.rename(index.with_name("away"))
    new.rename(index)


def built_anew(index):
    shutil.rmtree(index)
    made(index, 7, "new")


def a_copy(index):
    """The index as it was, restored from a copy."""
    shutil.copytree(index, index.with_name("copy"))
    index.rename(index.with_name("away"))
    index.with_name("copy").rename(index)


def a_store_alone(index):
    shutil.copytree(index / "store", index / "copy")
    shutil.rmtree(index / "store")
    (index / "copy").rename(index / "store")


def everything(engine):
    return [
        lambda: engine.add_codes(codes(3), "photo", ["a", "b", "c"]),
        lambda: engine.remove(["old1"]),
        engine.compact,
        engine.info,
        lambda: engine.search(keys=["old1"]),
        lambda: engine.search_batch(codes(1)),
    ]


@pytest.mark.parametrize("wrote", [True, False])
@pytest.mark.parametrize("how", [another, built_anew, a_copy, a_store_alone])
def test_an_engine_whose_folder_was_replaced_stops(index, how, wrote):
    engine = Engine.open(index)
    if wrote:
        engine.add_codes(codes(1), "photo", ["first"])
    how(index)
    with Engine.open(index) as there:  # in this process, beside the old one
        before = there.info()
        assert before["items"]["photo"] == (7 if how in (another, built_anew) else 50 + wrote)
        for work in everything(engine):
            with pytest.raises(StoreError, match=r"was replaced (or removed )?while it was open"):
                work()
        assert there.info() == before
        assert there.add_codes(codes(1), "photo", ["mine"]).tolist() == [before["next_id"]]
        assert there.compact().generation == 1
        assert there.verify() == []
    engine.close()
    with Engine.open(index) as there:
        assert there.info()["generation"] == 1


def test_an_index_made_anew_in_one_process_is_the_new_one(index):
    engine = Engine.open(index)
    engine.add_codes(codes(1), "photo", ["first"])
    shutil.rmtree(index)
    with pytest.raises(StoreError, match=r"is gone: it was removed or moved"):
        engine.add_codes(codes(1), "photo", ["second"])
    with Engine.create(index, MODEL) as fresh:
        assert fresh.info()["items"] == {}
        fresh.add_codes(codes(2), "photo", ["a", "b"])
        engine.close()
        assert fresh.info()["items"] == {"photo": 2}


def test_a_write_that_was_overtaken_by_a_new_folder_is_no_success(index, monkeypatch):
    engine, put = Engine.open(index), bulk.put

    def slowly(writer, bulk, given):
        ids = put(writer, bulk, given)
        a_copy(index)
        return ids

    monkeypatch.setattr(bulk, "put", slowly)
    store = engine._store
    with pytest.raises(StoreError, match=r"was replaced .*what was being written is not in it"):
        store.put_codes(codes(1), "photo", ["x"])
    engine.close()
    with Engine.open(index) as there:
        assert there.info()["items"] == {"photo": 50}


def test_compaction_never_switches_a_folder_that_was_replaced_meanwhile(index, monkeypatch):
    copy = LmdbStore.compact_to

    def slowly(store, folder):
        copy(store, folder)
        another(index)

    monkeypatch.setattr(LmdbStore, "compact_to", slowly)
    with Engine.open(index) as engine, pytest.raises(StoreError, match="was replaced"):
        engine.compact()
    with Engine.open(index) as there:
        assert there.info()["items"] == {"photo": 7}
        assert there.info()["generation"] == 0
        assert there.verify() == []


def test_an_older_copy_is_told_apart_from_a_compaction(index):
    reader = Engine.open(index)
    shutil.copytree(index, index.with_name("backup"))
    with Engine.open(index) as writer:
        writer.compact()
        writer.compact()
        assert reader.info()["generation"] == 2
    index.rename(index.with_name("away"))
    index.with_name("backup").rename(index)
    with pytest.raises(StoreError, match="was replaced while it was open: an older copy of it"):
        reader.info()
    reader.close()


def test_threads_that_search_are_told_too(index):
    engine, told = Engine.open(index), []
    engine.add_codes(codes(1), "photo", ["first"])
    going = threading.Event()

    def search():
        try:
            while True:
                engine.search_batch(codes(1))
                going.set()
        except StoreError as error:
            told.append(str(error))

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    going.wait()
    another(index)
    for thread in threads:
        thread.join(30)
    engine.close()
    assert len(told) == 3
    assert all("was replaced" in text or "is gone" in text for text in told), told
