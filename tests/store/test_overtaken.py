"""Reading without a lock beside a busy writer: whole answers, or a repeat; never other bytes."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine, Query
from opensearch.errors import Overtaken, StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, environment, opening, overtaken

MODEL = Path(__file__).parents[1] / "golden" / "model"
N = 3000


def revision(number, start=0, count=N):
    """Items whose code, category and fields say which revision they are of."""
    items = [
        Item(-1, f"k{at}", "photo", category=f"c{number}", metadata={"at": at, "rev": number})
        for at in range(start, start + count)
    ]
    return items, np.full((count, 2), number % 256, np.uint8)


@pytest.fixture
def index(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine._store.put(*revision(0))
    return tmp_path / "index"


@pytest.fixture
def read_only(monkeypatch):
    """As on a read-only mount: no lock, no writing; children that are started write."""
    monkeypatch.setattr(opening, "writable", lambda folder: False)


def commit(index, number):
    """A transaction of another process, whom no reader of this one can hold back."""
    code = """
    import sys
    from pathlib import Path
    import numpy as np
    from opensearch.records import Item
    from opensearch.store import LmdbStore
    sys.path[:0] = [sys.argv[3]]
    from test_overtaken import revision
    with LmdbStore.open(Path(sys.argv[1]) / "store" / "0") as store:
        for number in range(*map(int, sys.argv[2].split())):
            store.put(*revision(number))
    """
    words = [sys.executable, "-c", textwrap.dedent(code)]
    spoken = [str(index), f"{number} {number + 3}", str(Path(__file__).parent)]
    subprocess.run([*words, *spoken], check=True)


def test_a_snapshot_that_commits_overtake_is_told_not_answered(index, read_only):
    with LmdbStore.open(index / "store" / "0") as store:
        assert store.unlocked

        def read():
            with store.snapshot():
                assert store.by_key("k7").metadata["rev"] == 0
                commit(index, 1)
                return store.by_key("k7")

        with pytest.raises(Overtaken, match="faster than this read-only index is read; repeat"):
            read()
        assert store.by_key("k7").metadata["rev"] == 3
        assert [block.codes.max() for block in store.live("photo")] == [3]
        commit(index, 4)
        assert {item.metadata["rev"] for item in store.walk()} == {6}
        assert store.verify() == []


def test_two_commits_leave_a_moment_alone(index, read_only):
    class Txn:
        def id(self):
            return 7

        def get(self, name):
            return memoryview(name)

    last = [7]
    watched = overtaken.Watched(Txn(), lambda: last[0], "index")
    for last[0] in (7, 8):
        assert watched.get(b"abc") == b"abc"
    last[0] = 9
    with pytest.raises(Overtaken):
        watched.get(b"abc")


def test_a_search_that_was_overtaken_is_repeated_on_a_copy(index, read_only, monkeypatch):
    import opensearch.engine.query.answering as module

    asked, locate = [], module.locate

    def slowly(*arguments):
        point = locate(*arguments)
        asked.append(1)
        if len(asked) == 1:
            commit(index, 1)
        return point

    monkeypatch.setattr(module, "locate", slowly)
    with Engine.open(index) as engine:
        answer = engine.ask(Query(text="disc", k=N, where="rev >= 0"))
        assert len(asked) == 2
        assert {hit.metadata["rev"] for hit in answer.hits} == {3}
        assert len(answer.hits) == N
        assert len({hit.distance for hit in answer.hits}) == 1


def test_without_a_copy_it_is_told_after_a_few_tries(index, read_only, monkeypatch):
    tries = []

    def copied(folder):
        tries.append(folder)

    monkeypatch.setattr(environment, "private_copy", copied)
    monkeypatch.setattr(overtaken, "TRIES", 2)
    with LmdbStore.open(index / "store" / "0") as store:

        def read():
            with store.snapshot():
                commit(index, 1 + 3 * len(tries))
                return store.by_key("k7")

        with pytest.raises(Overtaken):
            overtaken.again(read)
        assert len(tries) == 1
        assert issubclass(Overtaken, StoreError)


def test_a_copy_is_of_one_moment_or_is_not_taken(index, tmp_path, monkeypatch):
    place = overtaken.private_copy(index / "store" / "0")
    with LmdbStore.open(place) as copy:
        assert copy.verify() == []
    monkeypatch.setattr(overtaken, "COPIED_MOST", 10)
    monkeypatch.setattr(overtaken.tempfile, "tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    assert overtaken.private_copy(index / "store" / "0") is None
    assert sorted(tmp_path.iterdir()) == before
