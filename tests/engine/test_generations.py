"""Compaction: a new generation, switched to at once, that every engine follows by itself."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.lifecycle import compacting, current
from opensearch.engine.lifecycle import folder as folder_module
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.errors import StoreError, Superseded
from opensearch.store import LmdbStore, blocks

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def index(tmp_path):
    """An index of 300 ready codes in many batches, a third of them removed or replaced."""
    rng = np.random.default_rng(3)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        for start in range(0, 300, 30):
            keys = [f"k{at}" for at in range(start, start + 30)]
            engine.add_codes(rng.integers(0, 256, (30, 2), np.uint8), "photo", keys)
        engine.remove([f"k{at}" for at in range(0, 300, 5)])
        keys = [f"k{at}" for at in range(1, 300, 5)]
        more = [{"year": at} for at in range(60)]
        engine.add_codes(rng.integers(0, 256, (60, 2), np.uint8), "sketch", keys, more)
    return tmp_path / "index"


def everything(engine):
    """Every item with its code, and the order of a search."""
    store = engine._store
    codes = {
        (domain, int(id_)): code.tobytes()
        for domain in store.meta().counts
        for block in store.blocks(domain)
        for id_, code in zip(block.ids, block.codes, strict=True)
    }
    held = [(item, codes[item.domain, item.id]) for item in store.walk()]
    distances, ids = engine.search_batch(np.zeros((1, 2), np.uint8), k=500)
    return held, distances.tolist(), ids.tolist()


def test_compaction_keeps_every_live_item_and_drops_the_rest(index, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ITEMS", 64)
    monkeypatch.setattr(LmdbStore, "compact_to", LmdbStore.copy_to)  # here, where blocks are small
    with Engine.open(index) as engine:
        before, books = everything(engine), engine.info()
        assert books["tombstones"] == {"photo": 120, "sketch": 0}
        done = engine.compact()
        assert (done.generation, done.dropped) == (1, 120)
        assert everything(engine) == before
        after = engine.info()
        assert after["tombstones"] == {"photo": 0, "sketch": 0}
        assert after["last_transaction"] == books["last_transaction"] + 1
        changed = ("generation", "tombstones", "last_transaction")
        assert {k: after[k] for k in after if k not in changed} == {
            k: books[k] for k in books if k not in changed
        }
        sizes = [len(block.ids) for block in engine._store.blocks("photo")]
        assert sizes == [64, 64, 52]
        assert engine.verify() == []
        assert engine.add_codes(np.zeros((1, 2), np.uint8), "photo", ["new"]) == [books["next_id"]]
    assert [path.name for path in (index / "store").iterdir()] == ["1"]
    with Engine.open(index) as engine:
        assert engine.verify() == []
        assert len(everything(engine)[0]) == 241


def test_readers_follow_and_a_snapshot_ends_on_the_old_generation(index):
    with Engine.open(index) as reader, Engine.open(index) as writer:
        writer.remove(["none"])  # the first write of a process waits for its snapshots to end
        old = reader._store
        with old.snapshot():
            writer.remove(["k2"])
            writer.compact()
            writer.remove(["k3"])
            assert old.by_key("k2") is not None
            assert len(list(old.walk())) == 240
        assert reader._store is not old
        assert reader.get("k3") is None
        assert everything(reader) == everything(writer)
        with pytest.raises(Superseded, match="was replaced when the index was compacted"):
            old.remove(["k4"])
        assert reader.remove(["k4", "k2"]) == 1


def test_what_is_written_while_another_engine_compacts_is_not_lost(index, monkeypatch):
    copied, written = threading.Event(), []
    copy = LmdbStore.compact_to

    def slowly(store, folder):
        copy(store, folder)
        copied.set()
        thread.join(0.3)

    monkeypatch.setattr(LmdbStore, "compact_to", slowly)
    with Engine.open(index) as one, Engine.open(index) as other:

        def write():
            copied.wait()
            written.append(other.add_codes(np.ones((2, 2), np.uint8), "photo", ["x", "y"]))

        thread = threading.Thread(target=write)
        thread.start()
        one.compact()
        thread.join()
        assert len(written[0]) == 2
        assert one.get("x") == other.get("x") is not None
        assert one.verify() == []


def test_a_writer_keeps_compaction_out(index, monkeypatch):
    from opensearch.store.lock import WriterLock

    def taken(lock):
        raise StoreError("process 7 is writing to it; wait until it ends and repeat")

    with Engine.open(index) as engine:
        monkeypatch.setattr(WriterLock, "take", taken)
        with pytest.raises(StoreError, match="process 7 is writing"):
            engine.compact()
        assert engine.info()["generation"] == 0


def test_a_full_disk_is_told_before_anything_is_written(index, monkeypatch):
    usage = shutil.disk_usage(index)
    monkeypatch.setattr(
        compacting.shutil, "disk_usage", lambda _: usage._replace(free=compacting.MARGIN)
    )
    with Engine.open(index) as engine:
        before = everything(engine)
        with pytest.raises(StoreError, match=r"needs 4\.\d MiB of free disk .*, 4\.0 MiB are free"):
            engine.compact()
        assert everything(engine) == before
    assert [path.name for path in (index / "store").iterdir()] == ["0"]


@pytest.mark.parametrize("where", ["compact_to", "switch"])
def test_a_compaction_that_fails_leaves_the_old_generation(index, monkeypatch, where):
    target = LmdbStore if where == "compact_to" else IndexFolder
    original = getattr(target, where)

    def fail(self, what):
        if where == "compact_to":
            original(self, what)
        raise OSError("the wall fell down")

    with Engine.open(index) as engine:
        before = everything(engine)
        with monkeypatch.context() as patch:
            patch.setattr(target, where, fail)
            with pytest.raises(OSError, match="the wall fell down"):
                engine.compact()
        assert everything(engine) == before
        assert engine.compact().dropped == 120  # whatever was left is no hindrance
        assert everything(engine) == before
    assert [path.name for path in (index / "store").iterdir()] == ["1"]


def test_a_current_that_cannot_be_written_is_an_error_of_ours(index, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with Engine.open(index) as engine:
        before = everything(engine)
        with monkeypatch.context() as patch:
            patch.setattr(current, "write_atomic", full)
            with pytest.raises(StoreError, match=r"cannot write the file CURRENT .*No space left"):
                engine.compact()
        assert everything(engine) == before
        assert engine.info()["generation"] == 0


def test_a_damaged_current_says_the_way_out(index):
    (index / "CURRENT").write_text("../other\n")
    with pytest.raises(StoreError, match=r"CURRENT of index .* holds '\.\./other' .*verify_index"):
        Engine.open(index)
    (index / "CURRENT").unlink()
    with pytest.raises(StoreError, match=r"CURRENT .* is gone .*verify_index"):
        Engine.open(index)
    (index / "CURRENT").write_text("7\n")
    with pytest.raises(StoreError, match=r"names store/7, .*`verify_index.* \(store/0\)"):
        Engine.open(index)


def test_an_index_without_any_store_says_that_no_repair_helps(index):
    shutil.rmtree(index / "store" / "0")
    with pytest.raises(StoreError, match=r"names store/0, .*; restore it from a copy") as error:
        Engine.open(index)
    assert "verify_index" not in str(error.value)


def test_a_manifest_that_nests_too_deep_is_called_damaged(index):
    (index / "manifest.json").write_text("[" * 100_000)
    with pytest.raises(StoreError, match=r"damaged manifest.json: .*(recursion|Stack overflow)"):
        Engine.open(index)


def test_a_manifest_that_may_not_be_read_is_not_called_damaged(index, monkeypatch):
    """The system's refusal is played: nothing is closed to root."""

    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(folder_module, "read_regular", refused)
    with pytest.raises(StoreError, match=r"manifest.json of index .* cannot be read: Permission"):
        IndexFolder.open(index)


def test_a_closed_engine_says_so(index):
    engine = Engine.open(index)
    engine.close()
    with pytest.raises(StoreError, match="this store is closed"):
        engine.info()
