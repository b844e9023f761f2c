"""Items by filter, folder and key; removing them, and ignoring their files from then on."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.ingest import left_out
from opensearch.engine.lifecycle.layout import IGNORED
from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore

MODEL = Path(__file__).parents[1] / "golden" / "model"


def item(key, path="", **fields):
    return Item(-1, key, fields.pop("domain", "photo"), path, **fields)


@pytest.fixture
def engine(tmp_path):
    """Items whose files are not there; none of them is read."""
    items = [
        item("a", "/c/x/a.png", category="cup", size=5, metadata={"taken": "2024-01-31T10:00:00"}),
        item("b", "/c/x/ü/b.png", category="Cup", metadata={"year": 2020}),
        item("c", "/c/xy.png", category="hat", domain="sketch"),
        item("d", "/c/x/s.ndjson#2", domain="sketch"),
        item("e"),
    ]
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine._store.put(items, np.zeros((5, 2), np.uint8), np.tile(np.eye(4)[:1], (5, 1)))
        yield engine


def keys(engine, *asked, **more):
    return [each.key for each in engine.iter_items(engine.find(*asked, **more).ids)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "abcde"),
        ({"where": "category ~ CUP"}, "ab"),
        ({"where": "category ~ cup", "keys": ["c", "a"]}, "abc"),
        ({"keys": ["e"]}, "e"),
        ({"folder": "/c/x"}, "abd"),
        ({"folder": "/c/x/"}, "abd"),
        ({"folder": "/c/x/s.ndjson"}, "d"),
        ({"folder": "/c/x/ü/../ü"}, "b"),
        ({"folder": "/"}, "abcd"),
        ({"folder": "/c", "where": "taken = 2024-01"}, "a"),
        ({"folder": "/nowhere"}, ""),
        ({"where": "path ~ 'x/Ü'"}, "b"),
        ({"targets": ["sketch"]}, "cd"),
        ({"where": "year >= 2020"}, "b"),
    ],
)
def test_items_are_found_in_the_order_they_came(engine, asked, expected):
    assert "".join(keys(engine, **asked)) == expected


def test_what_no_item_has_is_told_with_what_is_spelt_alike(engine):
    def notes(where):
        return engine.find(where).notes

    assert notes("category in (hat, cups)") == [
        "no item has the category 'cups'; did you mean 'cup'?"
    ]
    assert notes("domain = phto") == ["no item has the domain 'phto'; did you mean 'photo'?"]
    assert notes("yaer = 1 or categry = 2") == [
        "no item has a field 'yaer'; did you mean 'year'?",
        "no item has a field 'categry'; did you mean 'category'?",
    ]
    assert notes("year ~ 20") == ["year is not text, but ~ compares only text"]
    assert notes("year > soon") == ["year is a number and cannot be compared with 'soon'"]
    forms = "2024, 2024-01, 2024-01-31 or 2024-01-31T18:30"
    for value in ("31.01.2024", "2024/01/31", "2024-13", "5", "today"):
        assert notes(f"taken < {value}") == [
            f"taken needs a date to compare with, {forms}; got {value!r}"
        ]
    assert not notes("taken > 2024-01-31 and year < 5 and category > m")
    for pattern in ("*.jpg", "photo/*"):
        assert f"* has no special meaning in '{pattern}'" in notes(f"key ~ {pattern}")[0]
    assert not notes("key ~ * and path ^= a*b")
    assert notes("year = 2021") == ["no item has the year '2021'"]
    assert notes("taken = 2024 and not category != hat and year > 1 and size = 3") == []
    assert "Engine.add(reread=True)" in notes("camera ~ nikon")[0]
    assert engine.search(text="disc", where="categry = cup") == []


def test_metadata_that_a_field_of_every_item_hides_are_told(engine):
    shirt = item("f", metadata={"size": "XL", "year": 2024})
    engine._store.put([shirt], np.zeros((1, 2), np.uint8), np.eye(4)[:1])
    hidden = "size is every item's own; of f the manifest says a 'size', too"
    assert [note.partition(", which")[0] for note in engine.find("size = 5").notes] == [hidden]
    assert engine.find("mtime > 2024 or key = a or year = 2024").notes == []
    assert engine.find("size > 3", targets=["sketch"]).notes == []


def test_a_removed_item_and_a_missing_key_are_passed_over(engine):
    found = engine.find(keys=["a", "nokey"])
    assert found.missing == ["nokey"]
    every = engine.find().ids
    engine.remove(["b"])
    assert [each.key for each in engine.iter_items(every)] == ["a", "c", "d", "e"]


def test_removing_by_filter_and_folder(engine):
    assert engine.remove(["e", "nokey"], where="category ~ cup", folder="/c/x/ü") == 2
    assert keys(engine) == ["a", "c", "d"]
    assert engine.remove(folder="/c/x") == 2
    assert engine.remove() == 0
    assert keys(engine) == ["c"]


@pytest.mark.parametrize("where", ["not categry = cup", "not category = cupp", "a ="])
def test_a_filter_that_may_be_a_slip_removes_and_exports_nothing(engine, where, tmp_path):
    with pytest.raises(InvalidInput, match=r"`where` '"):
        engine.remove(where=where)
    with pytest.raises(InvalidInput, match=r"`where` '"):
        engine.export_to(tmp_path / "out", where=where)
    assert len(keys(engine)) == 5
    assert not (tmp_path / "out").exists()


def test_a_part_is_exported_and_imported(engine, tmp_path):
    assert engine.export_to(tmp_path / "out", where="not domain = photo or key = b") == 3
    with Engine.create(tmp_path / "other", MODEL) as other:
        other.import_from(tmp_path / "out")
        assert keys(other) == ["b", "c", "d"]
        assert other.find("category = Cup").ids.tolist() == [0]


def test_what_is_ignored_is_listed_kept_and_ended_by_key_path_or_folder(engine, tmp_path):
    assert engine.remove(["e"], where="category ~ cup", ignore=True) == 3
    assert engine.remove(folder="/c/x", ignore=True) == 1
    assert [(file.key, file.path) for file in engine.ignored()] == [
        ("a", "/c/x/a.png"),
        ("b", "/c/x/ü/b.png"),
        ("d", "/c/x/s.ndjson#2"),
    ]
    engine.compact()
    with Engine.open(engine.path) as again:
        assert len(again.ignored()) == 3
        assert again.forget(["nothing"]) == set()
        assert again.forget(["a", "/c/x/ü/b.png"]) == {"a", "/c/x/ü/b.png"}
        assert again.forget(folder="/c") == {"/c/x/s.ndjson#2"}
    assert engine.ignored() == []


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("before", [(), ("e",)])
def test_items_that_cannot_be_removed_are_not_ignored_either(engine, monkeypatch, before, links):
    """As on a disk with room for the list alone: that goes back without room for another."""
    engine.remove(["a"] if before else [], ignore=True)
    listed = engine.ignored()

    def no_room(*_):
        monkeypatch.setattr(left_out, "_write", no_room)
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(LmdbStore, "remove", no_room)
        if not links:
            patch.setattr("os.link", no_link)
        with pytest.raises(StoreError, match="full"):
            engine.remove(folder="/c/x", ignore=True)
    assert engine.ignored() == listed
    assert "d" in engine
    assert not list(engine.path.glob(".*"))


def no_link(*_):
    raise PermissionError(errno.EPERM, "no links here")


def test_items_that_were_removed_before_a_failure_stay_ignored(engine, monkeypatch):
    removed = LmdbStore.remove

    def interrupted(self, keys):
        removed(self, keys)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LmdbStore, "remove", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.remove(["a"], ignore=True)
    assert "a" not in engine
    assert [file.key for file in engine.ignored()] == ["a"]


def test_the_copy_that_a_killed_removal_left_is_neither_used_nor_kept(engine):
    left = engine.path / f".{IGNORED}.kept"
    left.write_text('{"key": "old", "path": "/old"}\n')
    engine.remove(["e"], ignore=True)
    assert [file.key for file in engine.ignored()] == []  # an item without a file
    assert not left.exists()


def test_a_damaged_list_names_its_line(engine):
    (engine.path / IGNORED).write_text('{"key": "a", "path": "/a"}\n\n{"key": 5}\n')
    with pytest.raises(StoreError, match=r"ignored.jsonl, line 3, names no file"):
        engine.ignored()


def test_index_leaves_out_what_was_removed_to_be_ignored(toy_model, toy_collection, tmp_path):
    files = tmp_path / "Bilder é"
    shutil.copytree(toy_collection / "photo" / "disc", files)
    with Engine.create(tmp_path / "index", toy_model) as engine:
        whole = engine.add(files, domain="photo", exclude=["0[01].jpg"])
        assert whole.ignored_suffixes["excluded"] == 2
        engine.remove(["02.jpg"], ignore=True)
        engine.remove(["03.jpg"])
        (files / "04.jpg").unlink()
        planned = engine.add(files, domain="photo", prune=True, dry_run=True)
        steps = {(each.step, each.name) for each in planned.planned}
        assert steps == {
            ("added", "00.jpg"),
            ("added", "01.jpg"),
            ("added", "03.jpg"),
            ("ignored", "02.jpg"),
            ("removed", "04.jpg"),
        }
        assert planned.closes
        assert json.loads(json.dumps(planned.to_dict()))["planned"][0]["step"] == "added"
        report = engine.add(files, domain="photo")
        assert (report.added, report.ignored, report.planned) == (3, 1, [])
        assert report.ignored_suffixes == {"told to be ignored": 1}
        os.utime(files / "02.jpg")
        assert engine.add(files, domain="photo").added == 0
        engine.forget(["02.jpg"])
        assert engine.add(files, domain="photo").added == 1


def test_a_key_is_found_however_its_accents_are_composed(engine):
    """Accents that are marks of their own, as macOS writes them; and escapes, as lists print."""
    composed, apart = "caf\u00e9.png", "cafe\u0301.png"
    engine._store.put([item(apart), item("new\nline")], np.zeros((2, 2), np.uint8), None)
    assert keys(engine, keys=[apart]) == keys(engine, keys=[composed]) == [apart]
    assert keys(engine, keys=["new\\nline"]) == ["new\nline"]
    assert engine.find(keys=[composed, "cafe.png"]).missing == ["cafe.png"]
    assert engine.relabel(composed, "house").key == apart
    engine._store.put([item(composed)], np.zeros((1, 2), np.uint8), None)
    assert keys(engine, keys=[composed]) == [composed]  # the very one goes first
