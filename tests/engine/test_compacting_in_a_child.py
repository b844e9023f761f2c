"""Compaction beside searches by a structure, over damaged files, and killed in the middle."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine, Query
from opensearch.errors import StoreError
from opensearch.processes.child import python
from opensearch.search import Searcher
from opensearch.store import LmdbStore

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "golden" / "model"


def codes(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 2), np.uint8)


@pytest.fixture
def index(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(codes(3000), "photo", keys=[f"k{at}" for at in range(3000)])
        engine.build_structure("ivf")
        engine.remove([f"k{at}" for at in range(100)])
    return tmp_path / "index"


def test_searches_by_a_structure_never_miss_it(index, monkeypatch):
    wrong, found, stop = [], [], threading.Event()

    def search():
        with Engine.open(index) as engine:
            while not stop.is_set():
                try:
                    engine.search_batch(codes(1), structure="ivf")
                    found.append(engine._generations.current().name)
                except Exception as error:
                    wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with Engine.open(index) as engine:
            for _ in range(2):
                engine.compact()
            deadline = time.monotonic() + 20
            while "2" not in found and time.monotonic() < deadline:
                time.sleep(0.01)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert "2" in found


def test_a_compaction_killed_before_the_switch_leaves_the_old_structure(index, monkeypatch):
    code = (
        "import os, signal, sys; from opensearch.engine import Engine\n"
        "from opensearch.engine.lifecycle.folder import IndexFolder\n"
        "IndexFolder.switch = lambda self, generation: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Engine.open(sys.argv[1]).compact()"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", code, index], env=env, check=False)
    assert killed.returncode == -signal.SIGKILL
    with Engine.open(index) as engine:
        assert engine.info()["generation"] == 0
        engine.search_batch(codes(1), structure="ivf")
        assert engine.compact().dropped == 100
        assert set(engine.info()["structures"]["photo"]) == {"exact", "ivf"}
    assert [path.name for path in (index / "store").iterdir()] == ["1"]
    assert len(list((index / "search").iterdir())) == 1


def test_a_structure_that_cannot_be_built_leaves_the_old_generation(index, monkeypatch):
    def fail(*_):
        raise StoreError("cannot write a structure")

    with Engine.open(index) as engine:
        with monkeypatch.context() as patch:
            patch.setattr(Searcher, "build", fail)
            with pytest.raises(StoreError, match="cannot write a structure"):
                engine.compact()
        assert engine.info()["generation"] == 0
        assert len(list((index / "search").iterdir())) == 1
        engine.search_batch(codes(1), structure="ivf")


def test_a_domain_newer_than_a_structure_is_searched_exactly_and_that_is_said(index):
    with Engine.open(index) as engine:
        engine.add_codes(codes(50, 1), "sketch", keys=[f"s{at}" for at in range(50)])
        _, ids = engine.search_batch(codes(50, 1), k=1, targets=["sketch"], structure="ivf")
        assert ids.min() >= 3000
        distances, _ = engine.search_batch(codes(50, 1), k=1, structure="ivf")
        assert not distances.any()
        query = Query(text="disc", structure="ivf", refine=False, score="hamming")
        answer = engine.ask(query)
        assert len(answer.hits) == 10
        assert "exact in sketch: ivf was built before that was there" in answer.notes


@pytest.mark.parametrize("fill", ["zeros", "noise"])
def test_damaged_pages_do_not_end_the_process_that_compacts(index, fill):
    file = index / "store" / "0" / "data.mdb"
    data, page = bytearray(file.read_bytes()), os.sysconf("SC_PAGE_SIZE")
    for at in range(4 * page, len(data), page):  # no page but those of the books
        if data[at : at + 8] == (at // page).to_bytes(8, "little") and data[at + 10] & 2:
            size = min(page, len(data) - at)
            noise = np.random.default_rng(at).bytes(size)
            data[at : at + size] = bytes(size) if fill == "zeros" else noise
    file.write_bytes(data)
    code = (
        "import sys; from opensearch.engine import Engine; from opensearch.errors import *\n"
        "from pathlib import Path\n"
        "from opensearch.store.copy_process import copy_in_child\n"
        "try: copy_in_child(Path(sys.argv[1]) / 'store/0', Path(sys.argv[1]) / 'store/1')\n"
        "except StoreError as error: print(error)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code, index], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "damaged" in done.stdout


def test_the_child_ends_with_the_process_that_asked(index, tmp_path):
    code = (
        "import os, sys; from opensearch.store import copy_child\n"
        "from opensearch.store.lmdb_store import LmdbStore\n"
        "LmdbStore.copy_to = lambda *_: __import__('time').sleep(60)\n"
        "copy_child.answer()"
    )
    held, ours = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-c", code, "root", index / "store" / "0", tmp_path / "new"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=held,
    )
    os.close(held)
    os.close(ours)
    assert child.wait(20) == 1


def test_python_inside_another_program_copies_in_its_own_process(index, monkeypatch):
    monkeypatch.setattr(sys, "executable", None)
    with Engine.open(index) as engine:
        assert engine.compact().dropped == 100
    assert LmdbStore.open(index / "store" / "1").verify() == []


def test_a_copy_whose_parent_is_gone_writes_nothing(index, tmp_path):
    """Killed while the child begins: the next compaction may be at work in the same place."""
    from opensearch.store.copy_process import _CHILD

    store, new = next((index / "store").glob("[0-9]*")), tmp_path / "new"
    asked = python(_CHILD, str(store), str(new))
    done = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert not new.exists()
