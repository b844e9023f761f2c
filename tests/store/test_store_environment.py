"""Locks, growth, forks, damage and kills: what the disk and other processes do to a store."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import lmdb
import msgpack
import numpy as np
import pytest

import opensearch
from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, lmdb_errors, opening


def batch(start, count, bits=64):
    items = [Item(0, f"k{at}", "photo", path=f"/p/{at}") for at in range(start, start + count)]
    codes = np.arange(start, start + count, dtype="<u8").view(np.uint8).reshape(count, 8)
    return items, codes[:, : bits // 8]


@pytest.fixture
def folder(tmp_path):
    with LmdbStore.create(tmp_path / "Ж" / "0", bits=64, dim=0) as store:
        store.put(*batch(0, 10))
    return tmp_path / "Ж" / "0"


PRELUDE = """
import sys
from pathlib import Path
import numpy as np
from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, environment, opening

def batch(start, count):
    items = [Item(0, f"k{at}", "photo", path=f"/p/{at}") for at in range(start, start + count)]
    codes = np.arange(start, start + count, dtype="<u8").view(np.uint8).reshape(count, 8)
    return items, codes
"""


def start_child(code, *arguments):
    """A Python process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(opensearch.__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_child(code, *arguments):
    """The last line that a process of its own prints."""
    child = start_child(code, *arguments)
    said = child.communicate(timeout=60)[0]
    assert child.returncode == 0
    return said.strip().splitlines()[-1]


def test_what_is_not_there_is_refused_with_a_way_out(tmp_path, folder):
    with pytest.raises(StoreError, match=r"no store in .*; name the folder of an index"):
        LmdbStore.open(tmp_path / "none")
    with pytest.raises(StoreError, match=r"there is a store in .*; open it, or name another"):
        LmdbStore.create(folder, bits=64, dim=0)
    with pytest.raises(InvalidInput, match="positive multiple of 8 bits, got 12"):
        LmdbStore.create(tmp_path / "odd", bits=12, dim=0)
    with pytest.raises(InvalidInput, match="dimension of 0 or more, got -1"):
        LmdbStore.create(tmp_path / "odd", bits=8, dim=-1)
    store = LmdbStore.open(folder)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="this store is closed"):
        store.meta()


def test_a_creation_cut_short_can_be_repeated(tmp_path):
    lmdb.open(str(tmp_path / "0")).close()
    with pytest.raises(StoreError, match="creation was cut short; create it again"):
        LmdbStore.open(tmp_path / "0")
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        assert store.verify() == []


def test_damaged_and_newer_files_are_named(tmp_path, folder):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "data.mdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"files are damaged .*build the index again"):
        LmdbStore.open(tmp_path / "bad")
    with LmdbStore.open(folder) as store:
        newer = msgpack.packb({"format": 99})
        damage(store, "meta", lambda txn, db: txn.put(b"meta", newer, db=db))
    with pytest.raises(StoreError, match="format 99, this version reads up to 3; upgrade"):
        LmdbStore.open(folder)


def test_stores_of_one_folder_share_an_environment_until_the_last_closes(folder):
    first, second = (
        LmdbStore.open(folder),
        LmdbStore.open(folder.parent / ".." / "Ж" / "0", readonly=True),
    )
    first.put(*batch(10, 1))
    assert second.meta().next_id == 11
    with pytest.raises(StoreError, match="opened for reading; open it without readonly to write"):
        second.remove(["k1"])
    first.close()
    assert second.by_key("k10").id == 10
    second.close()
    lmdb.open(str(folder)).close()  # LMDB itself would refuse were it still open


def test_a_second_writer_is_told_and_readers_go_on(folder):
    with LmdbStore.open(folder) as store:
        store.put(*batch(10, 1))
        said = run_child(
            """
            with LmdbStore.open(Path(sys.argv[1])) as store:
                try:
                    store.remove(["k1"])
                except StoreError as error:
                    print(store.meta().counts["photo"], error)
            """,
            folder,
        )
    assert said.startswith("11 cannot write to")
    assert f"process {os.getpid()} is writing to it" in said
    assert run_child("print(LmdbStore.open(Path(sys.argv[1])).remove(['k1']))", folder) == "1"


def test_a_folder_that_cannot_be_written_is_read_without_a_lock(folder, monkeypatch):
    monkeypatch.setattr(opening, "writable", lambda folder: False)
    (folder / "lock.mdb").unlink()
    with LmdbStore.open(folder) as store:
        assert store.unlocked
        assert store.by_key("k3").id == 3
        with pytest.raises(StoreError, match="the folder is read-only; copy the index"):
            store.remove(["k1"])
    assert not (folder / "lock.mdb").exists()


def test_the_map_grows_and_other_processes_follow(folder, monkeypatch):
    monkeypatch.setattr(opening, "MAP_START", 2**18)
    child = start_child(
        """
        opening.MAP_START = 2**18
        store = LmdbStore.open(Path(sys.argv[1]))
        print(store.meta().next_id, flush=True)
        sys.stdin.readline()
        print(store.meta().next_id, len(list(store.walk())))
        """,
        folder,
    )
    assert child.stdout.readline() == "10\n"
    with LmdbStore.open(folder) as store:
        store.put(*batch(10, 20_000))
        store.put(*batch(20_010, 1))
        assert store._environment._map.env.info()["map_size"] > 2**18
        assert store.verify() == []
    assert child.communicate("go\n", timeout=30)[0] == "20011 20011\n"


def test_growing_waits_for_the_reads_of_other_threads(folder, monkeypatch):
    monkeypatch.setattr(opening, "MAP_START", 2**18)
    reading, done = threading.Event(), []

    def read(store):
        with store.snapshot():
            reading.set()
            time.sleep(0.2)
            done.append(store.meta().next_id)

    with LmdbStore.open(folder) as store:
        thread = threading.Thread(target=read, args=(store,))
        thread.start()
        reading.wait()
        store.put(*batch(10, 5000))
        assert done == [10]
        thread.join()
        with store.snapshot(), pytest.raises(StoreError, match="while a snapshot of it is open"):
            store.put(*batch(5010, 50_000))
        assert store.meta().next_id == 5010


def test_a_snapshot_sees_one_moment(folder):
    with LmdbStore.open(folder) as store:
        store.put(*batch(10, 1))
        with store.snapshot() as moment, moment.snapshot():
            store.put(*batch(11, 5))
            store.remove(["k0"])
            assert store.meta().next_id == 11
            assert store.by_key("k0").id == 0
            assert [len(block.ids) for block in store.blocks("photo")] == [10, 1]
            seen = []
            other = threading.Thread(target=lambda: seen.append(store.meta().next_id))
            other.start()
            other.join()
            assert seen == [16]
        assert store.by_key("k0") is None
        with pytest.raises(FileNotFoundError), store.snapshot():
            raise FileNotFoundError  # an error of the caller's own passes as it is


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_its_own(folder):
    def in_child(work):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(write, str(work()).encode())
            except StoreError as error:
                os.write(write, str(error).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        with os.fdopen(read) as said:
            return said.read()

    with LmdbStore.open(folder) as store:
        store.put(*batch(10, 1))
        assert "opened before this process was forked; open it again" in in_child(store.meta)
        assert in_child(lambda: LmdbStore.open(folder).meta().next_id) == "11"
        assert "process" in in_child(lambda: LmdbStore.open(folder).remove(["k1"]))
        with store.snapshot():
            assert "in use when this process was forked" in in_child(lambda: LmdbStore.open(folder))
            assert (
                len(store._environment._map.env.readers().strip().splitlines()) == 2
            )  # and a title
        assert store.remove(["k1"]) == 1


def test_a_write_that_the_disk_refuses_leaves_the_batches_before(folder):
    said = run_child(
        """
        import resource
        store = LmdbStore.open(Path(sys.argv[1]))
        store.put(*batch(10, 1))
        size = (Path(sys.argv[1]) / "data.mdb").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
        try:
            store.put(*batch(11, 50_000))
        except StoreError as error:
            print(store.meta().next_id, store.verify(), error)
        """,
        folder,
    )
    assert said.startswith("11 [] cannot write to")
    assert said.endswith("every batch acknowledged before is kept: mend the cause and repeat.")
    full = lmdb_errors._reason(lmdb.DiskError("mdb_txn_commit: No space left on device"), folder)
    assert full.startswith("the disk is full (No space left on device); every batch")


def test_a_write_that_found_room_for_a_part_is_a_full_disk(folder, monkeypatch):
    usage = shutil.disk_usage(folder)
    for free, said in ((2**20, "the disk is full (Input"), (2**40, "Input/output error; every")):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, f=free: usage._replace(free=f))
        error = lmdb.Error("mdb_txn_commit: Input/output error")
        assert lmdb_errors._reason(error, folder).startswith(said)


WRITER = """
store = LmdbStore.open(Path(sys.argv[1]))
while True:
    done = store.meta().last_transaction
    store.put(*batch(done * 50, 1 + done * 37 % 400))  # some keys are new, some replace
    print(store.meta().last_transaction, flush=True)
"""


def test_a_killed_writer_leaves_whole_batches(tmp_path):
    folder = tmp_path / "0"
    LmdbStore.create(folder, bits=64, dim=0).close()
    waits = random.Random(0)
    acknowledged = 0
    for _ in range(8):
        child = start_child(WRITER, folder)
        assert child.stdout.readline().strip()
        time.sleep(waits.uniform(0, 0.1))
        child.send_signal(signal.SIGKILL)
        lines = child.communicate(timeout=30)[0].splitlines()
        acknowledged = max([acknowledged, *(int(line) for line in lines if line)])
        with LmdbStore.open(folder) as store:
            meta = store.meta()
            assert meta.last_transaction >= acknowledged
            assert meta.next_id == sum(1 + at * 37 % 400 for at in range(meta.last_transaction))
            ids = np.concatenate([block.ids for block in store.blocks("photo")])
            assert np.array_equal(ids, np.arange(meta.next_id))
            assert store.verify() == []
    assert acknowledged > 8


def damage(store, table, work):
    shared = store._environment
    shared.write(lambda txn: work(txn, shared.tables[table]))


DAMAGES = {
    "keys": (lambda txn, db: txn.delete(b"k3", db=db), "item 3 is not found by its key 'k3'"),
    "paths": (lambda txn, db: txn.drop(db, delete=False), "item 0 .* is missing among the paths"),
    "items": (lambda txn, db: txn.delete(bytes(8), db=db), "rows of codes for 9 items and 0"),
    "codes": (lambda txn, db: txn.drop(db, delete=False), "10 items have no row, first 0"),
    "tombstones": (
        lambda txn, db: txn.put(b"\0\0", bytes(7) + b"\2", db=db),
        "rows of codes for 10 items and 1 tombstones",
    ),
    "embeddings": (
        lambda txn, db: txn.put(bytes(10), bytes(8), db=db),
        "rows of embeddings of 'photo' are not those",
    ),
    "thumbnails": (lambda txn, db: txn.put(b"\1" * 8, b"x", db=db), "thumbnail is not"),
}


@pytest.mark.parametrize("table", DAMAGES)
def test_verify_finds_what_does_not_agree(folder, table):
    work, message = DAMAGES[table]
    with LmdbStore.open(folder) as store:
        assert store.verify() == []
        damage(store, table, work)
        found = store.verify()
    assert any(re.search(message, sentence) for sentence in found), found


def test_damaged_rows_are_errors_of_ours(folder):
    with LmdbStore.open(folder) as store:
        damage(store, "codes", lambda txn, db: txn.put(bytes(10), b"odd", db=db))
        with pytest.raises(StoreError, match="block of 3 bytes does not hold rows of 8 bytes"):
            list(store.blocks("photo"))
        damage(store, "items", lambda txn, db: txn.put(bytes(8), b"\0\0\1\xc1", db=db))
        with pytest.raises(StoreError, match="the record of item 0 is damaged"):
            store.items([0])
        assert "damaged" in store.verify()[0]
