"""Indexes written by the code of each format: today's code opens, searches and verifies them."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine, Query
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.store import FORMAT, LmdbStore

HERE = Path(__file__).parent
HELD = "photo-shape-sketch_16-bits"
CODES = "codes-alone_16-bits"
FORMATS = range(1, FORMAT + 1)


def golden(number, folder, held=HELD):
    """A copy of the golden index of a format, with the model put back, and what it holds."""
    source = HERE / f"format-{number}_{held}"
    shutil.copytree(source, folder)
    shutil.copytree(HERE / "model", folder / "model")
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


@pytest.fixture(params=FORMATS)
def index(request, tmp_path):
    """A golden index of every format and what it holds."""
    path = tmp_path / "index"
    return path, golden(request.param, path)


def test_every_format_has_its_index():
    held = {path.name for path in HERE.glob("format-*")}
    wanted = {f"format-{number}_{HELD}" for number in FORMATS}
    assert held == wanted | {f"format-{number}_{CODES}" for number in FORMATS if number > 1}


def test_every_field_comes_back(index):
    path, rows = index
    with LmdbStore.open(IndexFolder.open(path).store) as store:
        assert [item.key for item in store.walk()] == sorted(row["key"] for row in rows)
        codes = {
            int(id_): code.tobytes().hex()
            for domain in store.meta().counts
            for block in store.blocks(domain)
            for id_, code in zip(block.ids, block.codes, strict=True)
        }
        for row in rows:
            item = store.by_key(row["key"])
            same = set(row) - {"digest", "code", "embedding", "thumbnail"}
            assert {name: getattr(item, name) for name in same} == {n: row[n] for n in same}
            assert item.digest.hex() == row["digest"]
            assert codes[item.id] == row["code"]
            vectors, present = store.embeddings([item.id])
            assert (vectors[0].tobytes().hex() if present[0] else None) == row["embedding"]
            assert (store.thumbnail(item.id) or b"").hex() == row["thumbnail"]
            if item.path:
                assert store.by_path(item.path) == item
                assert item in store.by_digest(item.digest)


def test_it_is_whole_and_searched(index):
    path, rows = index
    query = np.frombuffer(bytes.fromhex(rows[3]["code"]), np.uint8)
    far = [int.from_bytes(query) ^ int(row["code"], 16) for row in rows]
    ranked = sorted((bin(bits).count("1"), row["id"]) for bits, row in zip(far, rows, strict=True))
    with Engine.open(path) as engine:
        assert engine.verify() == []
        distances, ids = engine.search_batch(query[None], k=len(rows))
        assert list(zip(distances[0].tolist(), ids[0].tolist(), strict=True)) == ranked
        hits = engine.search(keys=["photo/06.png"], where="year >= 2004 and ok = true", k=100)
        wanted = {
            row["key"]
            for row in rows
            if isinstance(row["metadata"].get("year"), int)
            and row["metadata"]["year"] >= 2004
            and row["metadata"]["ok"]
        }
        assert {hit.key for hit in hits} == wanted - {"photo/06.png"}
        assert len(wanted) > 5


def test_it_can_be_added_to(index):
    path, rows = index
    with Engine.open(path) as engine:
        ids = engine.add_codes(np.zeros((3, 2), np.uint8), "cartoon", ["a", "b", "photo/06.png"])
        assert min(ids) > max(row["id"] for row in rows)
        assert engine.remove(["shape/moved.png"]) == 1
        assert engine.verify() == []
        assert sum(engine.info()["items"].values()) == len(rows) + 2 - 1


def test_an_index_without_posting_lists_says_so_until_it_is_compacted(tmp_path):
    golden(1, tmp_path / "index")
    with Engine.open(tmp_path / "index") as engine:
        asked = Query(keys=["photo/06.png"], where="year >= 2004 and not note = x", k=100)
        walked = engine.ask(asked)
        assert ["`where` reads every record" in note for note in walked.notes].count(True) == 1
        assert engine.info()["format"] == 1
        assert engine.compact().dropped == 8
        assert engine.info()["format"] == FORMAT
        listed = engine.ask(asked)
        assert listed.hits == walked.hits
        assert len(listed.hits) > 5
        assert not any("`where`" in note for note in listed.notes)
        assert engine.verify() == []


def test_compacting_keeps_every_field(index):
    path, rows = index
    with Engine.open(path) as engine:
        engine.compact()
    test_every_field_comes_back((path, rows))


def test_items_without_records_come_back(tmp_path):
    rows = golden(2, tmp_path / "index", CODES)
    with Engine.open(tmp_path / "index") as engine:
        for _ in range(2):
            assert engine.info()["items"] == {"photo": 24, "shape": 31}
            assert engine.info()["unnamed"] == {"photo": 22, "shape": 9}
            assert engine.verify() == []
            found = {item.key: item for item in engine._store.walk()}
            assert sorted(found) == sorted(row["key"] for row in rows)
            for row in rows:
                item = found[row["key"]]
                kept = (item.id, item.domain, item.category, item.metadata)
                assert kept == (row["id"], row["domain"], row["category"], row["metadata"])
                code = np.frombuffer(bytes.fromhex(row["code"]), np.uint8)
                distances, ids = engine.search_batch(code[None], [item.domain], k=100)
                assert item.id in ids[0][distances[0] == 0]
            hits = engine.search(text="disc", where="year > 2005 and category = cup", k=100)
            assert sorted(hit.key for hit in hits) == ["shape/#32", "shape/#35", "shape/#38"]
            engine.compact()
