"""What is stored is told as stored, whatever becomes of the files that search derives from it."""

from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.errors import PartlyStored, StoreError
from opensearch.search import base
from opensearch.store import LmdbStore, bulk

MODEL = Path(__file__).parents[1] / "golden" / "model"


def codes(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 2), dtype=np.uint8)


@pytest.fixture
def engine(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        yield engine


def test_a_batch_is_acknowledged_though_search_files_find_no_room(engine, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base, "append", full)
    acknowledged = sum(len(engine.add_codes(codes(200, seed), "photo")) for seed in range(3))
    assert engine.info()["items"] == {"photo": acknowledged} == {"photo": 600}
    assert "cannot write search files" in caplog.text
    assert engine.search_batch(codes(1, 2), k=1)[0][0, 0] == 0
    assert engine.compact().dropped == 0
    monkeypatch.undo()
    engine.add_codes(codes(1), "photo")
    assert engine.verify() == []


def test_a_bulk_cut_short_says_what_is_stored(engine, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 100)
    write, calls = LmdbStore._write, []

    def full_at_the_third(store, work, mark=None):
        calls.append(work)
        if len(calls) == 3:
            raise StoreError("cannot write: the disk is full.")
        return write(store, work, mark)

    monkeypatch.setattr(LmdbStore, "_write", full_at_the_third)
    rows = codes(250)
    with pytest.raises(PartlyStored, match="the first 200 of 250 codes are stored, the rest") as x:
        engine.add_codes(rows, "photo")
    assert x.value.ids.tolist() == list(range(200))
    engine.add_codes(rows[len(x.value.ids) :], "photo")
    assert engine.info()["items"] == {"photo": 250}
    calls[:] = [None, None]
    with pytest.raises(StoreError, match="the disk is full") as x:
        engine.add_codes(rows, "photo")
    assert not isinstance(x.value, PartlyStored)
