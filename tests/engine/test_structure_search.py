"""A query through an approximate structure: named by the caller, measured, exact under a filter."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput
from opensearch.search.backends import approximate
from opensearch.search.backends import chunk_tables as tables
from opensearch.search.backends import multi_index as multi


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture
def index(toy_model, toy_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(approximate, "RECALL", 2.0)  # the greatest effort: all is looked at
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add(toy_collection)
        engine.remove(item.key for item in list(engine.records()) if item.domain == "sketch")
        engine.add_codes(np.random.default_rng(0).integers(0, 256, (100, 2), np.uint8), "photo")
    return tmp_path / "index"


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
@pytest.mark.parametrize("score", ["rescored", "asymmetric"])
def test_hits_are_those_of_an_exact_search_when_all_is_looked_at(index, name, score):
    with Engine.open(index) as engine:
        engine.build_structure(name)
        keyless = [item.key for item in engine._store.walk("photo/#")]
        assert engine.remove(keyless[:9]) == 9
        for asked in (
            {"text": "disc"},
            {"keys": ["photo/disc/00.jpg"], "targets": ["photo"], "refine": False},
            {"text": "disc", "where": "category = disc"},
        ):
            exact = engine.ask(Query(**asked, k=30, score=score))
            found = engine.ask(Query(**asked, k=30, score=score, structure=name))
            assert found.hits == exact.hits
            assert len(found.hits) > 5
            said = [note for note in found.notes if note.startswith(f"approximate by {name}")]
            assert len(said) == ("where" not in asked)
            assert [note for note in found.notes if note not in said] == exact.notes


def test_what_was_not_built_is_refused_with_the_way_out(index):
    with Engine.open(index) as engine:
        for where in (None, "category = disc"):
            with pytest.raises(InvalidInput, match=r"`Engine.build_structure\('ivf'\)`, or"):
                engine.search(text="disc", structure="ivf", where=where)
            with pytest.raises(InvalidInput, match="unknown structure 'tree'; known: hnsw, ivf"):
                engine.search(text="disc", structure="tree", where=where)


def test_exact_names_a_search_by_no_structure(index):
    codes = np.zeros((2, 2), np.uint8)
    with Engine.open(index) as engine:
        assert Query(text="disc", structure="exact") == Query(text="disc")
        assert engine.search(text="disc", structure="exact") == engine.search(text="disc")
        for one, other in zip(
            engine.search_batch(codes, structure="exact"), engine.search_batch(codes), strict=True
        ):
            assert (one == other).all()


def test_the_verbs_build_measure_use_and_drop(index):
    result = run("structure", index, "hnsw")
    assert result.stdout == "photo: recall@10 1.000\nshape: recall@10 1.000\n", result.output
    assert json.loads(run("structure", index, "ivf", "--json").stdout) == {"photo": 1, "shape": 1}
    shown = json.loads(run("info", index, "--json").stdout)["structures"]["photo"]
    assert shown["exact"] == "flat"
    assert shown["hnsw"]["rows"] == shown["ivf"]["rows"] > 100
    assert shown["hnsw"]["recall"] == shown["ivf"]["recall"] == 1
    assert "recall" in run("info", index).stdout
    found = run("query", index, "--text", "disc", "--structure", "hnsw", "--json")
    assert found.stdout == run("query", index, "--text", "disc", "--json").stdout
    assert "approximate by hnsw: recall@10 was 1.00 in photo, 1.00 in shape" in found.stderr
    assert run("compact", index).exit_code == 0
    kept = json.loads(run("info", index, "--json").stdout)["structures"]["photo"]
    assert set(kept) == {"exact", "hnsw", "ivf"}
    assert run("structure", index, "exact").stdout == "all searches are exact\n"
    assert not [file for file in (index / "search").rglob("*") if "hnsw" in file.name]
    exact = run("query", index, "--text", "disc", "--structure", "exact", "--json")
    assert (exact.exit_code, exact.stdout) == (0, found.stdout)
    result = run("query", index, "--text", "disc", "--structure", "hnsw")
    assert result.exit_code == InvalidInput.exit_code
    assert "has no structure 'hnsw'" in result.stderr


def test_info_tells_of_multi_index_tables(index, monkeypatch):
    monkeypatch.setattr(tables, "FEWEST", 1)
    monkeypatch.setattr(multi, "SHARE", 10.0**9)
    with Engine.open(index) as engine:
        before = engine.search(text="disc", k=50)
        engine.add_codes(np.zeros((40, 2), np.uint8), "cartoon")
        rows = engine.info()["items"]["photo"]
        assert engine.info()["structures"]["photo"]["exact"] == f"multi-index over {rows} rows"
        targets = ["photo", "shape"]
        assert engine.search(text="disc", k=50, targets=targets) == before
