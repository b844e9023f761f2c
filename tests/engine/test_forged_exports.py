"""Exports that somebody has changed, sums and all: refused by name, and nothing is added."""

import errno
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.exchange import exporting
from opensearch.errors import InvalidInput, OpenSearchError, UnreadableFile
from opensearch.records import Item

MODEL = Path(__file__).parents[1] / "golden" / "model"
DEEP = "[" * 100_000 + "]" * 100_000


@pytest.fixture
def exported(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        items = [Item(-1, f"k{at}", "photo", metadata={"at": at}) for at in range(3)]
        codes = np.arange(6, dtype=np.uint8).reshape(3, 2)
        engine._store.put(items, codes, np.eye(3, 4), [b"p"] * 3)
        engine.export_to(tmp_path / "out")
    return tmp_path / "out"


def signed(folder):
    """Write sizes and sums of the files as they are now into the manifest."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        data = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def refused(folder, tmp_path, match):
    with Engine.create(tmp_path / "other", MODEL) as engine:
        with pytest.raises(UnreadableFile, match=match):
            engine.import_from(folder)
        assert engine.info()["items"] == {}


@pytest.mark.parametrize(
    "change",
    [
        {"thumbnail": 10**12}, {"thumbnail": -1}, {"thumbnail": "1"}, {"thumbnail": 2**70},
        {"id": "x"}, {"id": True}, {"id": -5}, {"key": 5}, {"key": ["k"]}, {"key": None},
        {"domain": 5}, {"domain": ""}, {"domain": None}, {"domain": "\ud800"}, {"path": 5},
        {"path": None}, {"category": 5}, {"size": "1"}, {"size": 2**64}, {"size": 1.5},
        {"mtime_ns": None}, {"mtime_ns": -(2**70)}, {"digest": "zz"}, {"digest": 5},
        {"digest": None},
        {"metadata": []}, {"metadata": None}, {"metadata": "a"}, {"embedded": 1},
        {"embedded": "yes"}, {"embedded": None}, {"reader": 5}, {"stranger": 1},
    ],
    ids=str,
)  # fmt: skip
def test_a_line_of_other_kinds_is_no_item(exported, tmp_path, change):
    lines = (exported / "items.jsonl").read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), **change})
    (exported / "items.jsonl").write_text("\n".join(lines) + "\n")
    signed(exported)
    refused(exported, tmp_path, r"line 1 of .*items\.jsonl is not an item \(")


@pytest.mark.parametrize("name", ["ph/oto", "ph oto", "-photo", "p" * 65, "фото"])
def test_a_domain_that_would_make_keys_ambiguous_is_refused(exported, tmp_path, name):
    """`ph/oto/#3` may be of `ph` or of `ph/oto`."""
    lines = (exported / "items.jsonl").read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), "domain": name})
    (exported / "items.jsonl").write_text("\n".join(lines) + "\n")
    signed(exported)
    refused(exported, tmp_path, "cannot name one: names have up to 64 letters a-z, digits, _ and -")
    with Engine.open(tmp_path / "other") as engine:
        for add in (
            lambda: engine.add_codes(np.zeros((1, 2), np.uint8), name),
            lambda: engine.add_embeddings(np.eye(1, 4), name, ["k"]),
        ):
            with pytest.raises(
                InvalidInput, match="cannot name a domain: names have up to 64 letters"
            ):
                add()
        assert engine.info()["items"] == {}


@pytest.mark.parametrize("line", ["[]", "5", "null", "{", "\xff", DEEP, '{"id": 1}'], ids=range(7))
def test_a_line_that_is_none_is_no_item(exported, tmp_path, line):
    text = (exported / "items.jsonl").read_bytes()
    (exported / "items.jsonl").write_bytes(line.encode("latin-1") + b"\n" + text)
    signed(exported)
    refused(exported, tmp_path, r"line 1 of .*items\.jsonl is not an item \(")


@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_embeddings_without_a_direction_are_refused(exported, tmp_path, value):
    rows = np.load(exported / "embeddings.npy")
    rows[1] = value
    np.save(exported / "embeddings.npy", rows)
    signed(exported)
    refused(exported, tmp_path, "holds rows of zeros or NaN")


@pytest.mark.parametrize("new", [b"\0", b"(", b"\xff", b"'"])
@pytest.mark.parametrize("old", [b"}", b"(", b"'shape'"])
def test_an_array_whose_header_is_damaged_is_refused(exported, tmp_path, old, new):
    """NumPy reads it as Python, and raises what readers of Python raise."""
    file = exported / "codes.npy"
    if old == new:
        new = b"[("
    file.write_bytes(file.read_bytes().replace(old, new.ljust(len(old)), 1))
    signed(exported)
    refused(exported, tmp_path, r"codes\.npy is no array")


@pytest.mark.parametrize("name", ["codes.npy", "embeddings.npy"])
@pytest.mark.parametrize("kind", ["objects", "shape", "dtype", "huge", "text", "empty"])
def test_arrays_of_other_kinds_are_refused(exported, tmp_path, name, kind):
    array = np.load(exported / name)
    if kind == "objects":
        np.save(exported / name, np.array([{"a": 1}] * 3, dtype=object), allow_pickle=True)
    elif kind == "shape":
        np.save(exported / name, array[:2])
    elif kind == "dtype":
        np.save(exported / name, array.astype(np.float64))
    elif kind == "huge":
        with (exported / name).open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (2**40, 2**40)}
            np.lib.format.write_array_header_1_0(file, header)
    else:
        (exported / name).write_bytes(b"" if kind == "empty" else b"no array at all")
    signed(exported)
    refused(exported, tmp_path, name)


@pytest.mark.parametrize(
    "change",
    [
        {"identities": {}}, {"identities": {"space": "a"}}, {"identities": 5},
        {"identities": None}, {"files": {}}, {"files": 5}, {"files": {"items.jsonl": 5}},
        {"items": -1}, {"items": "x"}, {"items": None}, {"bits": None}, {"dim": []},
        {"format": 99}, {"format": "1"}, {"format": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_of_other_kinds_is_refused(exported, tmp_path, change):
    manifest = json.loads((exported / "manifest.json").read_text())
    (exported / "manifest.json").write_text(json.dumps({**manifest, **change}))
    refused(exported, tmp_path, "export")


@pytest.mark.parametrize("change", [{"items": 10**30}, {"items": 2}, {"bits": 8}, {"dim": 10**9}])
def test_a_manifest_that_counts_otherwise_is_refused(exported, tmp_path, change):
    manifest = json.loads((exported / "manifest.json").read_text())
    (exported / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with Engine.create(tmp_path / "other", MODEL) as engine:
        with pytest.raises(OpenSearchError):
            engine.import_from(exported)
        assert engine.info()["items"] == {}


@pytest.mark.parametrize("text", ["", "[]", "5", DEEP, "\ufeff{}"], ids=range(5))
def test_a_manifest_that_is_none_is_refused(exported, tmp_path, text):
    (exported / "manifest.json").write_text(text)
    refused(exported, tmp_path, "damaged manifest")


def test_an_export_to_a_full_disk_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(exporting._Summed, "write", full)
    with (
        Engine.create(tmp_path / "index", MODEL) as engine,
        pytest.raises(
            OpenSearchError, match=r"cannot write the export .*: the disk is full"
        ) as told,
    ):
        engine.export_to(tmp_path / "out")
    assert told.value.exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_an_export_below_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("here")
    with Engine.create(tmp_path / "index", MODEL) as engine:
        with pytest.raises(InvalidInput, match=r"cannot write the export .*: Not a directory"):
            engine.export_to(tmp_path / "file" / "out")
        with pytest.raises(OpenSearchError, match="is there already"):
            engine.export_to(tmp_path / "file")
