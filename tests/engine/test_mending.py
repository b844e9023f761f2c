"""What lies around the store: lost manifests, damaged models, and what repairing makes anew."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from opensearch import starter_model
from opensearch.cli import main
from opensearch.engine import Engine, verify
from opensearch.engine.lifecycle.layout import holds_store
from opensearch.errors import BundleError, StoreError
from opensearch.store import LmdbStore

MODEL = Path(__file__).parents[1] / "golden" / "model"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    """`verify` without its child; that there is one is tested in test_faults_told.py."""
    monkeypatch.setattr(verify, "verify_index", verify.check_index)


@pytest.fixture
def index(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        codes = np.random.default_rng(0).integers(0, 256, (50, 2), np.uint8)
        engine.add_codes(codes, "photo", [f"k{at}" for at in range(50)])
    return tmp_path / "index"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "a.jpg")
    return folder


def held(index):
    with Engine.open(index) as engine:
        return engine.info()["items"]


MANIFESTS = {
    "gone": lambda file: file.unlink(),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:30]),
    "list": lambda file: file.write_text("[1]"),
    "other": lambda file: file.write_text(
        json.dumps({"format": 1, "identities": {"space": "f" * 64, "hash": "f" * 64}})
    ),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_lost_manifest_costs_nothing_and_is_written_anew(index, pictures, kind):
    before = (index / "manifest.json").read_bytes()
    MANIFESTS[kind](index / "manifest.json")
    if kind != "other":
        for words in (("info", index), ("index", pictures, "--to", index), ("query", index)):
            result = run(*words, *(("--text", "disc") if words[0] == "query" else ()))
            assert result.exit_code == 1, result.output
            assert f"opensearch verify {index} --repair" in result.stderr
        with pytest.raises(StoreError, match=r"repair=True|is an index already"):
            Engine.create(index, MODEL)
    result = run("verify", index)
    assert (result.exit_code, "manifest" in result.stdout) == (1, True)
    result = run("verify", index, "--repair")
    assert (result.exit_code, result.stdout.endswith("repaired\n")) == (0, True)
    assert (index / "manifest.json").read_bytes() == before
    assert run("verify", index).stdout == "whole\n"
    assert held(index) == {"photo": 50}


def test_a_manifest_is_not_written_for_a_model_that_did_not_make_the_store(index, tmp_path):
    (index / "manifest.json").unlink()
    shutil.rmtree(index / "model")
    shutil.copytree(starter_model(), index / "model")
    result = run("verify", index, "--repair")
    assert result.exit_code == 1
    assert "still broken:" in result.stdout
    assert "its store holds 16 and 4" in result.stdout
    assert not (index / "manifest.json").exists()


def test_a_creation_that_was_cut_short_is_no_hindrance(tmp_path, pictures):
    index = tmp_path / "new"
    Engine.create(index, MODEL).close()
    (index / "manifest.json").unlink()  # the last thing that creating writes
    assert not holds_store(index)
    assert "is not an index: it has no manifest.json" in run("info", index).stderr
    result = run("index", pictures, "--to", index, "--model", MODEL, "--domain", "photo")
    assert (result.exit_code, held(index)) == (0, {"photo": 1})
    assert holds_store(index)
    (index / "manifest.json").unlink()
    (index / "store" / "0" / "data.mdb").write_bytes(b"\1" * 100_000)
    assert holds_store(index)  # whatever it is, it is not ours to remove
    assert run("index", pictures, "--to", index).exit_code == 1
    assert (index / "store" / "0" / "data.mdb").stat().st_size == 100_000


@pytest.mark.parametrize("kind", ["gone", "odd", "none of them"])
def test_current_is_written_anew(index, kind):
    with Engine.open(index) as engine:
        engine.compact()
        store = engine._store
        store.compact_to(index / "store" / "2")  # as a compaction killed before its switch leaves
        engine.add_codes(np.zeros((1, 2), np.uint8), "photo", ["later"])
    current = index / "CURRENT"
    current.unlink() if kind == "gone" else current.write_text("x" if kind == "odd" else "7\n")
    result = run("verify", index)
    assert (result.exit_code, "CURRENT" in result.stdout) == (1, True)
    result = run("verify", index, "--repair")
    assert (result.exit_code, result.stdout.endswith("repaired\n")) == (0, True)
    assert current.read_text() == "1\n"
    assert held(index) == {"photo": 51}


def test_a_copy_that_is_newer_than_what_it_was_made_from_is_the_current_one(index):
    with LmdbStore.open(index / "store" / "0") as store:
        store.compact_to(index / "store" / "1")
    (index / "CURRENT").unlink()
    assert run("verify", index, "--repair").exit_code == 0
    assert (index / "CURRENT").read_text() == "1\n"


def zero_a_page(file):
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 512] = bytes(512)
    assert bytes(data) != file.read_bytes()
    file.write_bytes(data)


def the_one(folder, pattern):
    return sorted(folder.glob(pattern))[0]


@pytest.mark.parametrize("part", ["hash-*", "trunk-*.safetensors", "space-*", "projector-photo-*"])
def test_a_damaged_model_is_found_and_stores_nothing(index, pictures, part):
    file = the_one(index / "model", part)
    zero_a_page(file)
    result = run("verify", index)
    assert result.exit_code == 1
    assert f"the file {file.name} of model" in result.stdout
    result = run("index", pictures, "--to", index, "--domain", "photo")
    assert (result.exit_code, f"the file {file.name} of model" in result.stderr) == (1, True)
    assert held(index) == {"photo": 50}
    result = run("verify", index, "--repair")
    assert (result.exit_code, "still broken:" in result.stdout) == (1, True)
    assert run("index", pictures, "--to", index, "--model", MODEL).exit_code == 0  # the way out
    assert run("verify", index).stdout == "whole\n"
    assert held(index) == {"photo": 51}


def test_an_index_that_lost_its_model_says_the_way_back(index):
    shutil.rmtree(index / "model")
    for verb in ("info", "list", "compact"):
        result = run(verb, index)
        assert result.exit_code == 1
        assert f"the model inside index {index} is gone; if it was the shipped" in result.stderr
        assert f"opensearch verify {index} --repair" in result.stderr.replace("'", "")
        assert f"copy the model that made the index to {index / 'model'}" in result.stderr
        assert "Train" not in result.stderr
    shutil.copytree(MODEL, index / "model")
    assert held(index) == {"photo": 50}


def test_changed_settings_and_graphs_are_found(index):
    with Engine.open(index) as engine:
        card = index / "model" / "model.json"
        before = card.read_text()
        card.write_text(before.replace('"dim": 4', '"dim":  4'))
        assert engine.verify() == []
        fields = json.loads(before)
        fields["domains"]["photo"]["pooling"] = "max"
        card.write_text(json.dumps(fields))
        found = engine.verify()
        assert any("the part encoder/photo of model" in problem for problem in found), found
        card.write_text(before)
        for graph in (index / "model").glob("*.onnx"):
            zero_a_page(graph)
            assert any(graph.name in problem for problem in engine.verify())


def test_the_shipped_model_is_put_back(tmp_path):
    with Engine.create(tmp_path / "index") as engine:
        codes = np.zeros((3, engine.info()["bits"] // 8), np.uint8)
        engine.add_codes(codes, "photo", ["a", "b", "c"])
    model = tmp_path / "index" / "model"
    zero_a_page(the_one(model, "hash-*"))
    the_one(model, "trunk-*.safetensors").unlink()
    assert run("verify", tmp_path / "index").exit_code == 1
    result = run("verify", tmp_path / "index", "--repair", "--json")
    assert (result.exit_code, json.loads(result.stdout)["left"]) == (0, [])
    assert run("verify", tmp_path / "index").stdout == "whole\n"


def test_a_damaged_model_makes_no_index(tmp_path):
    shutil.copytree(MODEL, tmp_path / "model")
    zero_a_page(the_one(tmp_path / "model", "hash-*"))
    with pytest.raises(BundleError, match=r"the file hash-.* is damaged: .*Copy the model again"):
        Engine.create(tmp_path / "index", tmp_path / "model")
    assert not (tmp_path / "index").exists()


def test_repair_says_what_stays_broken(index):
    file = index / "store" / "0" / "data.mdb"
    with Engine.open(index) as engine:
        rows = next(engine._store.blocks("photo")).codes.tobytes()
    data = bytearray(file.read_bytes())
    data[data.index(rows) + 10] ^= 1
    file.write_bytes(data)
    for words in (("verify", index), ("verify", index, "--repair"), ("verify", index)):
        result = run(*words)
        assert result.exit_code == 1
        assert "1 block of codes of 'photo' is not as it was written" in result.stdout
