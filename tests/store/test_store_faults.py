"""Files cut short, limits on address space, stores closed under their readers, locks let go of."""

import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import opensearch
from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, lock, opening, pages


def batch(start, count):
    items = [Item(0, f"k{at}", "photo", path=f"/p/{at}") for at in range(start, start + count)]
    return items, np.arange(start, start + count, dtype="<u8").view(np.uint8).reshape(count, 8)


@pytest.fixture
def folder(tmp_path):
    with LmdbStore.create(tmp_path / "0", bits=64, dim=0) as store:
        store.put(*batch(0, 3000))
    return tmp_path / "0"


def run(code, *arguments):
    """A Python process of its own: exit code and what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(opensearch.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("share", [0.95, 0.5, 0.02, 0.0])
def test_a_file_cut_short_is_told_at_opening(folder, share):
    file = folder / "data.mdb"
    os.truncate(file, int(file.stat().st_size * share))
    code, said = run(
        """
        import sys
        from pathlib import Path
        from opensearch.errors import StoreError
        from opensearch.store import LmdbStore
        try:
            LmdbStore.open(Path(sys.argv[1]))
        except StoreError as error:
            print(error)
        """,
        folder,
    )
    assert code == 0, said
    assert "damaged" in said or "cut short" in said
    assert "restore" in said


def test_a_file_cut_short_under_an_open_store_is_told(folder):
    with LmdbStore.open(folder) as store:
        os.truncate(folder / "data.mdb", 2**15)
        with pytest.raises(StoreError, match="cut short to 32,768 of"):
            store.meta()


def short_but_sound(folder):
    """A file without its last page, which was given out and given back in one transaction."""
    folder.mkdir()
    for seed in range(200):
        for file in folder.iterdir():
            file.unlink()
        rng = np.random.default_rng(seed)
        with opening.lmdb.open(os.fspath(folder), map_size=2**26, max_dbs=1) as env:
            table = env.open_db(b"table")
            for _ in range(30):
                with env.begin(write=True) as txn:
                    for key in rng.integers(0, 400, 40).tolist():
                        if rng.random() < 0.45:
                            txn.delete(b"%d" % key, db=table)
                        else:
                            size = int(rng.integers(1, rng.choice([50, 3000, 40000])))
                            txn.put(b"%d" % key, bytes(size), db=table)
                if opening.length(folder) < opening.pages_length(env):
                    return
    raise AssertionError("LMDB wrote every page")


def test_a_sound_file_may_be_short_and_is_filled_up(tmp_path):
    folder = tmp_path / "short"
    short_but_sound(folder)
    with opening.lmdb.open(os.fspath(folder), map_size=2**26, max_dbs=1) as env:
        assert opening.length(folder) < opening.pages_length(env)
        opening.check_whole(env, folder)
        held = opening.length(folder)
        with env.begin() as txn:
            used = pages.end_of_use(folder, txn.id())
        assert used <= held
        opening.fill_up(env, folder)
        assert opening.length(folder) == opening.pages_length(env)
    os.truncate(folder / "data.mdb", used - 1)
    with (
        opening.lmdb.open(os.fspath(folder), map_size=2**26, max_dbs=1) as env,
        pytest.raises(StoreError, match="was cut short to"),
    ):
        opening.check_whole(env, folder)


def test_every_write_leaves_a_file_that_holds_all_its_pages(folder):
    rng = np.random.default_rng(0)
    with LmdbStore.open(folder) as store:
        for turn in range(30):
            keys = rng.integers(0, 4000, 200).tolist()
            items = [Item(0, f"k{key}", "photo", metadata={"a": "b" * key}) for key in set(keys)]
            store.put(items, np.zeros((len(items), 8), np.uint8))
            store.remove([f"k{key}" for key in rng.integers(0, 4000, 300).tolist()])
            env = store._environment._map.env
            assert opening.length(folder) >= opening.pages_length(env), turn
            with env.begin() as txn:
                assert pages.end_of_use(folder, txn.id()) <= opening.length(folder)


def test_limited_address_space_gets_a_smaller_map_that_grows(tmp_path):
    code, said = run(
        """
        import resource, sys
        import numpy as np
        from pathlib import Path
        from opensearch.records import Item
        from opensearch.store import LmdbStore, opening
        limit = 2**32
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        opening.MAP_LEAST = 2**20
        with LmdbStore.create(Path(sys.argv[1]), bits=64, dim=0) as store:
            first = store._environment._map.env.info()["map_size"]
            for at in range(0, 20_000, 5000):
                items = [Item(0, f"k{n}", "photo", path=f"/{n}") for n in range(at, at + 5000)]
                store.put(items, np.zeros((5000, 8), np.uint8))
            print(first < 2**32, store._environment._map.env.info()["map_size"] > first)
            print(store.meta().next_id, store.verify())
        """,
        tmp_path / "0",
    )
    assert said == "True True\n20000 []\n", said
    assert code == 0


def test_growing_takes_what_the_system_grants(folder):
    with LmdbStore.open(folder) as store:
        store.remove(["k0"])
        shared = store._environment
        size = shared._map.env.info()["map_size"]
        real, asked = shared._map.env, []

        class Mean:
            """Refuses to double the map, and breaks as LMDB does."""

            def info(self):
                return real.info()

            def close(self):
                real.close()

            def set_mapsize(self, size):
                asked.append(size)
                raise opening.lmdb.MemoryError("none left")

        shared._map.env = Mean()
        shared._map.grow()
        assert asked[0] == 2 * size + 2**20
        assert size < shared._map.env.info()["map_size"] < 2 * size
        assert store.by_key("k1").id == 1


def test_closing_waits_for_the_reads_of_other_threads(folder):
    store, reading, ended = LmdbStore.open(folder), threading.Event(), []

    def read():
        with store.snapshot():
            reading.set()
            time.sleep(0.3)
            ended.append(time.monotonic())

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait()
    store.close()
    assert ended
    assert ended[0] <= time.monotonic()
    thread.join()
    with pytest.raises(StoreError, match="this store is closed"):
        store.meta()
    opening.lmdb.open(os.fspath(folder)).close()  # LMDB would refuse were it still open


def test_closing_beside_searching_threads_crashes_nothing(folder):
    code, said = run(
        """
        import json, sys, threading, time
        from pathlib import Path
        from opensearch.errors import StoreError
        from opensearch.store import LmdbStore
        kinds = set()
        for _ in range(20):
            store = LmdbStore.open(Path(sys.argv[1]))
            def run():
                try:
                    while True:
                        with store.snapshot():
                            store.items(range(200))
                            list(store.blocks("photo"))
                except StoreError as error:
                    kinds.add("closed" if "is closed; open it again" in str(error) else str(error))
            threads = [threading.Thread(target=run) for _ in range(4)]
            [thread.start() for thread in threads]
            time.sleep(.03)
            store.close()
            [thread.join() for thread in threads]
        print(json.dumps(list(kinds)))
        """,
        folder,
    )
    assert code == 0, said
    assert set(json.loads(said)) == {"closed"}


def test_a_store_closed_inside_its_own_snapshot_is_closed(folder):
    store = LmdbStore.open(folder)
    with store.snapshot():
        store.close()
    opening.lmdb.open(os.fspath(folder)).close()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_lock_that_could_not_be_signed_is_not_lost(folder, monkeypatch, error):
    real = os.pwrite

    def fail(*_):
        monkeypatch.setattr(lock.os, "pwrite", real)
        raise error

    monkeypatch.setattr(lock.os, "pwrite", fail)
    with LmdbStore.open(folder) as store:
        if isinstance(error, KeyboardInterrupt):
            with pytest.raises(KeyboardInterrupt):
                store.remove(["k0"])
        assert store.remove(["k0"]) == 1
    with LmdbStore.open(folder) as store:
        assert store.remove(["k1"]) == 1
