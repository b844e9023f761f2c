"""Export and import: every field, code, embedding and picture comes back; damage is refused."""

import hashlib
import json
import os
import re
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.cli import main
from opensearch.engine import Engine
from opensearch.engine.exchange import exporting
from opensearch.errors import IndexMismatch, InvalidInput, UnreadableFile
from opensearch.records import Item
from opensearch.store import codec

MODEL = Path(__file__).parents[1] / "golden" / "model"
FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | FINITE | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def everything(engine):
    """All that the index keeps, by key, ids left out."""
    store, found = engine._store, {}
    for domain in store.meta().domains:
        for block in store.live(domain):
            for item, code in zip(store.items(block.ids.tolist()), block.codes, strict=True):
                rows, present = store.embeddings([item.id])
                row = rows[0].tobytes() if present[0] else None
                fields = {name: getattr(item, name) for name in Item.__slots__ if name != "id"}
                found[item.key] = fields, code.tobytes(), row, store.thumbnail(item.id)
    return {key: repr(found[key]) for key in sorted(found)}


ITEMS = st.builds(
    Item,
    id=st.just(-1),
    key=st.text(min_size=1, max_size=8) | st.sampled_from(["a\udcff", "é", "x" * 600]),
    domain=st.sampled_from(["photo", "shape", "cartoon"]),
    path=st.text(max_size=5),
    category=st.none() | st.text(max_size=5),
    size=st.integers(0, 2**60),
    mtime_ns=st.integers(-(2**60), 2**62),
    digest=st.binary(max_size=16),
    metadata=st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    reader=st.text(max_size=5),
)


@settings(max_examples=15)
@given(st.lists(st.tuples(ITEMS, st.booleans(), st.binary(max_size=9)), max_size=8), st.data())
def test_a_round_trip_is_exact(tmp_path_factory, given_items, data):
    folder = tmp_path_factory.mktemp("export")
    rng = np.random.default_rng(0)
    with Engine.create(folder / "a", MODEL) as one, Engine.create(folder / "b", MODEL) as other:
        for item, embedded, picture in given_items:
            vector = rng.normal(size=(1, 4)) if embedded else None
            one._store.put([item], rng.integers(0, 256, (1, 2), np.uint8), vector, [picture])
        keys = sorted({item.key for item, _, _ in given_items})
        one.remove(keys[: data.draw(st.integers(0, 2))])
        count = one.export_to(folder / "out")
        report = other.import_from(folder / "out")
        assert everything(other) == everything(one)
        assert (report.seen, report.added, report.replaced) == (count, count, 0)
        again = other.import_from(folder / "out")
        assert (again.added, again.replaced) == (0, count)
        assert everything(other) == everything(one)
        assert other.verify() == []


@pytest.fixture
def index(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "PAGE", 16)
    rng = np.random.default_rng(1)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        items = [Item(-1, f"k{at}", "photo", metadata={"at": at}) for at in range(100)]
        codes, vectors = rng.integers(0, 256, (100, 2), np.uint8), rng.normal(size=(100, 4))
        engine._store.put(items, codes, vectors, [b"p"] * 100)
    return tmp_path / "index"


def test_the_verbs_carry_an_index_over(index, tmp_path):
    out, new = tmp_path / "out", tmp_path / "new"
    assert run("export", index, out).stdout == "100 exported\n"
    result = run("import", out, "--to", new, "--model", MODEL)
    assert result.stdout == "100 seen = 100 added + 0 replaced\n", result.output
    result = run("import", out, "--to", new, "--json")
    assert json.loads(result.stdout)["replaced"] == 100
    with Engine.open(index) as one, Engine.open(new) as other:
        assert everything(one) == everything(other)
        assert [h.key for h in one.search(keys=["k3"])] == [
            h.key for h in other.search(keys=["k3"])
        ]
    lines = (out / "items.jsonl").read_text().splitlines()
    assert list(json.loads(lines[3]))[:4] == ["id", "key", "domain", "path"]
    assert np.load(out / "codes.npy").shape == (100, 2)
    assert np.load(out / "embeddings.npy").dtype == np.float16


def test_an_export_never_overwrites_and_is_whole_or_not_there(index, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("precious")
    with Engine.open(index) as engine:
        with pytest.raises(InvalidInput, match="is there already; export to a new or empty"):
            engine.export_to(tmp_path / "mine")
        monkeypatch.setattr(exporting, "write_atomic", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.export_to(tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "mine"]


@pytest.mark.parametrize("metadata", [{"a": b"raw"}, {1: "x"}, {"a": {2: "y"}}])
def test_what_json_cannot_hold_is_named(index, tmp_path, metadata, monkeypatch):
    monkeypatch.setattr(codec, "_check_json", lambda value: None)  # as older versions stored it
    with Engine.open(index) as engine:
        engine._store.put([Item(-1, "odd", "photo", metadata=metadata)], np.zeros((1, 2), np.uint8))
        with pytest.raises(InvalidInput, match="item 'odd' has metadata that JSON cannot hold"):
            engine.export_to(tmp_path / "out")


def another_model(tmp_path):
    shutil.copytree(MODEL, tmp_path / "other")
    card = json.loads((tmp_path / "other" / "model.json").read_text())
    card["identities"]["encoder/photo"] = "f" * 64
    (tmp_path / "other" / "model.json").write_text(json.dumps(card))
    return tmp_path / "other"


def test_another_model_is_exit_four_and_leaves_no_index(index, tmp_path):
    run("export", index, tmp_path / "out")
    other = another_model(tmp_path)
    result = run("import", tmp_path / "out", "--to", tmp_path / "new", "--model", other)
    assert result.exit_code == 4
    assert "was made with encoder/photo" in result.stderr
    assert not (tmp_path / "new").exists()
    Engine.create(tmp_path / "new", other).close()
    with (
        Engine.open(tmp_path / "new") as engine,
        pytest.raises(IndexMismatch, match="their distances mean nothing"),
    ):
        engine.import_from(tmp_path / "out")


BROKEN = {
    "cut": (lambda out: (out / "codes.npy").write_bytes(b"x"), "codes.npy is damaged: it has 1 of"),
    "gone": (lambda out: (out / "items.jsonl").unlink(), "lacks its file items.jsonl"),
    "none": (lambda out: (out / "manifest.json").unlink(), "is not an export"),
    "odd": (lambda out: (out / "manifest.json").write_text("{}"), "damaged manifest.json"),
    "newer": (lambda out: rewrite(out, format=7), "format 7, this version reads up to 2"),
    "wide": (lambda out: rewrite(out, bits=32), "has 32 bits and 4 dimensions, the index 16"),
    "count": (lambda out: rewrite(out, items=99), "the manifest says uint8 of shape"),
}


def rewrite(out, **fields):
    manifest = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps({**manifest, **fields}))


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_export_is_refused_before_anything_is_added(index, tmp_path, kind):
    with Engine.open(index) as engine, Engine.create(tmp_path / "new", MODEL) as other:
        engine.export_to(tmp_path / "out")
        work, message = BROKEN[kind]
        work(tmp_path / "out")
        with pytest.raises((UnreadableFile, InvalidInput), match=message):
            other.import_from(tmp_path / "out")
        assert sum(other.info()["items"].values()) == 0


@pytest.mark.parametrize("name", ["manifest.json", "items.jsonl", "codes.npy"])
def test_a_pipe_in_place_of_a_file_is_not_waited_for(index, tmp_path, name):
    with Engine.open(index) as engine:
        engine.export_to(tmp_path / "out")
        (tmp_path / "out" / name).unlink()
        os.mkfifo(tmp_path / "out" / name)
        pipe = os.open(tmp_path / "out" / name, os.O_RDWR | os.O_NONBLOCK)
        os.write(pipe, b"{}\n")
        end = threading.Timer(1, os.close, [pipe])  # so that code that reads it ends, too
        end.start()
        with pytest.raises(UnreadableFile, match=r"is not an export: it has no|device, pipe or"):
            engine.import_from(tmp_path / "out")
        end.cancel()
        assert os.read(pipe, 9) == b"{}\n"
        os.close(pipe)


def test_what_is_no_export_is_called_what_it_is(index, tmp_path):
    (tmp_path / "plain.txt").write_text("hello")
    told = {
        tmp_path / "plain.txt": "it is a file; give the folder that holds manifest.json",
        index: "it is an index. Make an export of it: opensearch export INDEX OUT",
        tmp_path: "it has no manifest.json. Make one: opensearch export INDEX OUT",
    }
    for place, message in told.items():
        result = run("import", place, "--to", tmp_path / "new")
        assert result.exit_code
        assert f"{place} is not an export: {message}" in result.stderr
    with (
        Engine.open(index) as engine,
        pytest.raises(UnreadableFile, match="is not an export: there is nothing of this name"),
    ):
        engine.import_from(tmp_path / "gone")


def test_a_line_without_a_key_is_a_code_alone(index, tmp_path):
    from opensearch.engine.exchange.importing import Export

    with Engine.open(index) as engine, Engine.create(tmp_path / "new", MODEL) as other:
        engine.export_to(tmp_path / "out")
        source = Export.open(tmp_path / "out")
        path = tmp_path / "out" / "items.jsonl"
        path.write_text(path.read_text().replace('"key": "k4"', '"key": null'))
        with pytest.raises(UnreadableFile, match=r"line 5 .*\(without a key there can"):
            source.add_to(other._store, lambda *_: None)


def test_a_line_that_is_no_item_is_named(index, tmp_path):
    from opensearch.engine.exchange.importing import Export

    with Engine.open(index) as engine, Engine.create(tmp_path / "new", MODEL) as other:
        engine.export_to(tmp_path / "out")
        source = Export.open(tmp_path / "out")
        lines = (tmp_path / "out" / "items.jsonl").read_bytes().splitlines(keepends=True)
        (tmp_path / "out" / "items.jsonl").write_bytes(b"".join([*lines[:2], b"{}\n"]))
        with pytest.raises(UnreadableFile, match=r"line 3 of .*items\.jsonl is not an item"):
            source.add_to(other._store, lambda *_: None)
        (tmp_path / "out" / "items.jsonl").write_bytes(b"".join(lines[:2]))
        with pytest.raises(
            UnreadableFile, match="does not have the 100 lines that the manifest counts"
        ):
            source.add_to(other._store, lambda *_: None)


FORGED = {
    "thumbnail": [10**12, -1, "7", 1.5, True, None],
    "size": [2**64, "1", None],
    "mtime_ns": [2**64, -(2**63) - 1],
    "id": ["x", 2**70],
    "key": [["a"], 7],
    "domain": ["", 3, None],
    "path": [None, 1],
    "category": [1, ["cup"]],
    "metadata": [None, [], "x"],
    "embedded": [None, 1, "yes"],
    "reader": [None, 2],
    "digest": ["xyz", 1],
    "unheard": [1],
}


@pytest.mark.parametrize("field", FORGED)
def test_a_forged_line_is_named_and_costs_nothing(index, tmp_path, field):
    with Engine.open(index) as engine:
        engine.export_to(tmp_path / "out")
    path = tmp_path / "out" / "items.jsonl"
    lines = path.read_text().splitlines()
    for value in FORGED[field]:
        forged = json.dumps({**json.loads(lines[1]), field: value})
        path.write_text("\n".join([lines[0], forged, *lines[2:], ""]))
        manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
        raw = path.read_bytes()
        manifest["files"]["items.jsonl"] = {
            "bytes": len(raw),
            "sha256": hashlib.sha256(raw).hexdigest(),
        }
        (tmp_path / "out" / "manifest.json").write_text(json.dumps(manifest))
        result = run("import", tmp_path / "out", "--to", tmp_path / "new", "--model", MODEL)
        assert result.exit_code == 1, value
        assert re.search(
            r"line 2 of .*items\.jsonl is not an item \(.*export the index", result.stderr
        )


def test_an_import_that_was_cut_short_doubles_nothing(index, tmp_path, monkeypatch):
    from opensearch.engine.exchange import lines

    monkeypatch.setattr(lines, "PAGE", 16)
    rng = np.random.default_rng(4)
    with Engine.open(index) as one:
        one.add_codes(rng.integers(0, 256, (100, 2), np.uint8), "photo")
        one.add_codes(rng.integers(0, 256, (50, 2), np.uint8), "shape", None, [{"at": 1}] * 50)
        one.export_to(tmp_path / "out")

    def stop_after(wanted):
        def progress(done, total):
            if done >= wanted:
                raise KeyboardInterrupt

        return progress

    for wanted in (40, 130, 200, 240):
        with (
            Engine.open_for(tmp_path / "out", tmp_path / "new", MODEL) as other,
            pytest.raises(KeyboardInterrupt),
        ):
            other.import_from(tmp_path / "out", stop_after(wanted))
        if wanted == 130:
            with Engine.open(tmp_path / "new") as other:
                other.compact()  # carries the mark along
    assert run("verify", tmp_path / "new").exit_code == 0
    said = run("import", tmp_path / "out", "--to", tmp_path / "new").stdout
    assert re.fullmatch(r"250 seen = \d+ added \+ 100 replaced \+ \d+ unchanged, .*\n", said), said
    with Engine.open(index) as one, Engine.open(tmp_path / "new") as other:
        assert other.info()["items"] == one.info()["items"] == {"photo": 200, "shape": 50}
        assert sorted(map(repr, keyless(other))) == sorted(map(repr, keyless(one)))
        assert other.verify() == []
        again = other.import_from(tmp_path / "out")  # a whole import is repeated as it ever was
        assert (again.added, again.replaced, again.unchanged) == (150, 100, 0)


def keyless(engine):
    """What is kept of items without keys; their ids and what these imply are left out."""
    store, found = engine._store, []
    for domain in store.meta().domains:
        for block in store.live(domain):
            items = store.items(block.ids.tolist())
            found += [
                (item.domain, code.tobytes(), item.category, item.metadata)
                for item, code in zip(items, block.codes, strict=True)
                if item.key == f"{domain}/#{item.id}"
            ]
    return found


def test_items_without_keys_come_over_beside_those_that_have_some(index, tmp_path):
    rng = np.random.default_rng(2)
    with Engine.open(index) as one, Engine.create(tmp_path / "new", MODEL) as other:
        one.add_codes(rng.integers(0, 256, (40, 2), np.uint8), "photo")
        years = [{"year": at} if at % 2 else {} for at in range(30)]
        cups = ["cup" if at % 3 else None for at in range(30)]
        one.add_codes(rng.integers(0, 256, (30, 2), np.uint8), "shape", None, years, cups)
        one.add_codes(rng.integers(0, 256, (25, 2), np.uint8), "shape")
        one.remove(["photo/#100", "shape/#141", "shape/#170", "k3"])
        assert one.export_to(tmp_path / "out") == 191
        lines = (tmp_path / "out" / "items.jsonl").read_text().splitlines()
        assert sum(json.loads(line)["key"] is None for line in lines) == 92
        other.add_codes(rng.integers(0, 256, (200, 2), np.uint8), "photo")  # none of these is lost
        mine = keyless(other)
        report = other.import_from(tmp_path / "out")
        assert (report.seen, report.added, report.replaced) == (191, 191, 0)
        assert sorted(map(repr, keyless(other))) == sorted(map(repr, mine + keyless(one)))
        assert other.info()["unnamed"]["photo"] == 239
        assert 24 <= other.info()["unnamed"]["shape"] < 54  # those with fields have records
        for where in ("year > 4 and category = cup", "year <= 4 or at >= 50"):
            asked = {"keys": ["k7"], "k": 500, "refine": False, "where": where}
            found = [
                sorted((hit.distance, hit.category, str(hit.metadata)) for hit in e.search(**asked))
                for e in (one, other)
            ]
            assert found[0] == found[1]
            assert len(found[0]) > 8
        assert other.verify() == []
        again = other.import_from(tmp_path / "out")
        assert (again.added, again.replaced) == (92, 99)
        assert other.verify() == []
