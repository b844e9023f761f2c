"""An engine over Milvus answers as one over a folder does."""

import json
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from milvus_places import drop, milvus_params, new_address

from opensearch.engine import Engine
from opensearch.engine.lifecycle.milvus_place import MANIFEST
from opensearch.engine.lifecycle.places import is_index
from opensearch.engine.verify import check_index
from opensearch.errors import IndexMismatch, InvalidInput, StoreError
from opensearch.milvus import connect, mending, schema
from opensearch.milvus import store as milvus_store
from opensearch.milvus.addresses import is_lite
from opensearch.milvus.books import Shelf
from opensearch.milvus.claiming import WRITER
from opensearch.milvus.rows import row_of
from opensearch.records import Item

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(params=milvus_params())
def address(request, tmp_path):
    address = new_address(request.param, tmp_path / "milvus")
    yield address
    if request.param == "milvus-server":
        drop(address)


def codes(count, seed=0, width=2):
    return np.random.default_rng(seed).integers(0, 256, (count, width), np.uint8)


def worked(where, collection, out):
    """What an engine answers that adds, removes, searches, groups and exports."""
    with Engine.create(where, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        books = [engine.add(collection / name).to_dict() for name in ("photo", "sketch", "photo")]
        assert books[0]["added"] == books[2]["unchanged"] > 10
        first, *others = [item.key for item in engine.records()]
        years = [{"year": 2000 + at, "name": f"n{at % 3}"} for at in range(40)]
        engine.add_codes(codes(40, width=width), "shape", [f"k{at}" for at in range(40)], years)
        engine.add_codes(codes(9, 1, width), "shape")
        assert engine.remove([others[0], "k3", "none"]) == 2
        engine.relabel("k4", "cup", {"year": 1})
        one = engine.get(first)
        two = [(one.path, 1.0), (engine.get(others[5]).path, 0.5)]
        asked = [
            {"keys": [first], "k": 8},
            {"keys": [first], "k": 8, "score": "hamming", "refine": False},
            {"keys": [first], "k": 8, "score": "asymmetric", "targets": ["photo"]},
            {"keys": [first], "k": 8, "refine": True, "targets": ["sketch"]},
            {"keys": [first], "k": 8, "where": "year > 2030", "targets": ["shape"]},
            {"keys": [first], "k": 8, "where": "name = n1 and not year in (2001, 2004)"},
            {"keys": [first], "k": 8, "where": "category = cup or name ^= n2"},
            {"query": two, "k": 5},
            {"query": one.path, "exclude": [engine.get(others[7]).path], "k": 6},
            {"query": one.path, "max_distance": 3, "k": 50, "depth": 60},
            {"query": one.path, "k": 500},
        ]
        hits = [[hit.to_dict() for hit in engine.search(**each)] for each in asked]
        info = engine.info()
        answers = [
            books,
            hits,
            [part.tolist() for part in engine.search_batch(codes(70, 2, width), k=20)],
            [part.tolist() for part in engine.search_batch(codes(3, 2, width), k=400)],
            {name: info[name] for name in ("items", "next_id", "bits", "dim", "identities")},
            [
                group.to_dict() if hasattr(group, "to_dict") else group
                for group in engine.duplicates(2)
            ],
            list(engine.duplicates()),
            engine.find("year >= 2035").ids.tolist(),
            engine.fields(),
            [engine.thumbnail(id_) for id_ in (0, 1, 10**6)],
            len(engine),
            engine.export_to(out),
            (out / "items.jsonl").read_bytes(),
            (out / "embeddings.npy").read_bytes(),
            engine.verify(),
        ]
        engine.remove(where="category = cup", ignore=True)
        answers += [engine.ignored(), engine.forget(folder=collection), len(engine)]
    return answers


@pytest.mark.milvus
def test_it_answers_as_a_folder_does(address, toy_collection, tmp_path):
    mine = worked(address, toy_collection, tmp_path / "out")
    theirs = worked(tmp_path / "index", toy_collection, tmp_path / "other")
    for at, (one, other) in enumerate(zip(mine, theirs, strict=True)):
        assert one == other, at


@pytest.mark.milvus
def test_moving_house_and_back_keeps_ids_and_encodes_nothing(address, toy_collection, tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(toy_collection / "photo")
        engine.add_codes(codes(30, width=engine.model.bundle.card.bits // 8), "shape")
        engine.remove([next(engine.keys()), "shape/#40"])
        engine.copy_to(str(address))
        one = next(engine.keys())
        query = {"keys": [one], "k": 40, "score": "rescored"}
        wanted = [hit.to_dict() for hit in engine.search(**query)]
        items = list(engine.records())
    with pytest.raises(StoreError, match="is an index already"), Engine.open(address) as engine:
        engine.copy_to(address)
    with Engine.open(address) as engine:
        assert list(engine.records()) == items
        assert [hit.to_dict() for hit in engine.search(**query)] == wanted
        engine.copy_to(tmp_path / "back")
        assert engine.verify() == []
    with Engine.open(tmp_path / "back") as engine:
        assert list(engine.records()) == items
        assert [hit.to_dict() for hit in engine.search(**query)] == wanted
        assert engine.verify() == []
    assert check_index(address, repair=False) == ([], [])


@pytest.mark.milvus
def test_what_is_not_had_over_milvus_is_refused_in_words(address, toy_model, tmp_path):
    assert not is_index(address)
    with pytest.raises(StoreError, match="there is no index at milvus://"):
        Engine.open(address)
    with Engine.create(address, MODEL) as engine:
        assert is_index(address)
        with pytest.raises(InvalidInput, match="Milvus compacts by itself"):
            engine.compact()
        engine.add_codes(codes(5, width=engine.model.bundle.card.bits // 8), "photo")
        with pytest.raises(InvalidInput, match=r"structure 'hnsw'; make it with"):
            engine.search_batch(
                codes(1, width=engine.model.bundle.card.bits // 8), structure="hnsw"
            )
    with pytest.raises(StoreError, match="is an index already"):
        Engine.create(address, MODEL)
    with pytest.raises(IndexMismatch, match="their distances mean nothing"):
        Engine.open(address, toy_model)


@pytest.mark.milvus
def test_what_a_killed_writer_left_is_seen_by_nobody_and_removed_by_the_next(address):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        engine.add_codes(codes(5, width=width), "photo", list("abcde"))
        store = engine._store
        before = list(store.walk()), store.meta()
        books = store._shelf.books()
        rows = [
            row_of(Item(-1, f"new {at}", "photo"), books.meta.next_id + at, bytes(width), 0)
            for at in range(3)
        ]
        store.link.insert(store.link.name, rows)  # and killed before the books were written
        assert (list(store.walk()), store.meta()) == before
        assert engine.search_batch(codes(1, width=width), k=9)[1].max() == 4
        assert "3 rows were never counted" in engine.verify()[0]
    with Engine.open(address) as engine:
        engine.add_codes(codes(1, 7, width), "photo", ["f"])
        assert engine.verify() == []
        assert [item.id for item in engine.records()] == [0, 1, 2, 3, 4, 5]


@pytest.mark.milvus
def test_what_a_killed_creation_left_is_no_index_and_is_made_anew(address):
    link = connect(address)
    schema.create_books(link)
    if not is_lite(address):  # killed before the collection had an index and was loaded
        link._client.release_collection(schema.books(link.name))
        link._client.drop_index(schema.books(link.name), "bits")
    link.close()
    assert not is_index(address)
    with Engine.create(address, MODEL) as engine:
        assert len(engine) == 0
    if not is_lite(address):  # released by somebody: asked for, it is loaded again
        link = connect(address)
        link._client.release_collection(link.name)
        link.close()
    with Engine.open(address) as engine:
        assert engine.verify() == []


@pytest.mark.milvus
def test_an_index_that_was_begun_and_never_filled_is_made_anew(address):
    Engine.create(address, MODEL).close()
    link = connect(address)
    Shelf(link).drop([MANIFEST])  # as if it was killed before it wrote that
    link.close()
    assert not is_index(address)
    with Engine.create(address, MODEL) as engine:
        assert engine.verify() == []


@pytest.fixture
def impatient(monkeypatch):
    """Nothing that is missing comes back, so there is nothing to wait for."""
    monkeypatch.setattr(mending, "PATIENCE", 0.0)
    monkeypatch.setattr(milvus_store, "_PATIENCE", 0.0)


@pytest.mark.milvus
def test_what_a_server_lost_is_told_and_brought_back_by_the_same_command(
    address, toy_collection, impatient
):
    with Engine.create(address, MODEL) as engine:
        first = engine.add(toy_collection)
        keys, link = sorted(item.key for item in engine.records()), engine._store.link
        few = [item.id for item in engine.records()][:3]
        link.delete(schema.parts(link.name), few[1:])  # a part without item, two items without part
        link.delete(schema.items(link.name), few[:1])
        link.settle(schema.items(link.name))
        link.settle(schema.parts(link.name))
        told = "; ".join(engine.verify())
    for words in ("items of ", "records", "embeddings", "thumbnails", "imprints"):
        assert words in told
    with Engine.open(address) as engine:
        again = engine.add(toy_collection)
        assert (again.added, again.replaced) == (1, 2)
        assert again.unchanged == first.added - 3
        assert sorted(item.key for item in engine.records()) == keys
        assert engine.verify() == []


@pytest.mark.milvus
def test_what_comes_back_late_is_not_there_twice(address, impatient):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        engine.add_codes(codes(3, width=width), "photo", list("abc"))
        link, number = engine._store.link, 0
        old = row_of(Item(0, "a", "photo"), 0, bytes(width), number)
        engine.add_codes(codes(1, 1, width), "photo", ["a"])  # in place of id 0
        link.insert(schema.items(link.name), [old])  # whose deletion a server lost
        assert "4 are there" in engine.verify()[0]
    found, left = check_index(address, repair=True)
    assert found
    assert left == []
    with Engine.open(address) as engine:
        assert {item.key: item.id for item in engine.records()} == {"a": 3, "b": 1, "c": 2}


@pytest.mark.milvus
def test_of_several_books_the_newest_counts(address):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        shelf = engine._store._shelf
        older = shelf.books()
        engine.add_codes(codes(3, width=width), "photo")
        shelf.write({f"books/{older.written}": older.dump()})  # whose deletion a server lost
        assert len(engine) == 3
        shelf.write({"books": replace(older, written=0).dump()})  # as they were named once
        assert len(engine) == 3
    with Engine.open(address) as engine:
        engine.add_codes(codes(3, 1, width=width), "photo")
        assert engine.verify() == []
        books = Shelf(engine._store.link)
        assert books.names("books") == [f"books/{books.books().written}"]


@pytest.mark.milvus
def test_after_a_write_that_failed_the_next_one_clears_away_what_it_left(address, monkeypatch):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        engine.add_codes(codes(2, width=width), "photo", ["a", "b"])
        with monkeypatch.context() as patch:
            patch.setattr(
                Shelf, "write_books", lambda *_: (_ for _ in ()).throw(StoreError("gone"))
            )
            with pytest.raises(StoreError, match="gone"):
                engine.add_codes(codes(2, 1, width), "photo", ["c", "d"])
        engine.add_codes(codes(1, 2, width), "photo", ["e"])
        assert engine.verify() == []
        assert {item.key: item.id for item in engine.records()} == {"a": 0, "b": 1, "e": 2}


@pytest.mark.milvus
def test_an_index_whose_manifest_is_not_shown_is_not_made_anew(address):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        engine.add_codes(codes(3, width=width), "photo")
        shelf = engine._store._shelf
        manifest = shelf.texts(MANIFEST)[MANIFEST]
        shelf.drop([MANIFEST])
        with pytest.raises(StoreError, match=r"shows no manifest, and nothing was changed"):
            Engine.create(address, MODEL)
        shelf.write({MANIFEST: manifest})
    with Engine.open(address) as engine:
        assert len(engine) == 3


@pytest.mark.milvus
def test_one_process_writes_at_a_time_and_a_dead_one_is_passed_over(address, monkeypatch):
    with Engine.create(address, MODEL) as engine:
        width = engine.model.bundle.card.bits // 8
        shelf = engine._store._shelf
        other = {"who": "other", "host": "elsewhere", "pid": 1, "at": time.time()}
        shelf.write({WRITER: json.dumps(other)})
        with pytest.raises(StoreError, match=r"another process writes to .* \(elsewhere, process"):
            engine.add_codes(codes(1, width=width), "photo")
        shelf.write({WRITER: json.dumps({**other, "at": time.time() - 61})})
        engine.add_codes(codes(1, width=width), "photo")
        gone = {**other, "host": socket.gethostname(), "pid": 2**22 + 1}
        shelf.write({WRITER: json.dumps(gone)})
        engine.add_codes(codes(1, width=width), "photo")
        assert len(engine) == 2
