"""Items that are codes alone, in whatever else an index does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine, Query
from opensearch.errors import StoreError
from opensearch.pages import write_page

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def engine(tmp_path):
    """Ids 0 to 5 are codes alone, two pairs of them equal; 6 has a key."""
    codes = np.array([[0, 0], [255, 255], [0, 0], [15, 240], [255, 255], [60, 60]], np.uint8)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(codes, "photo")
        engine.add_codes(codes[:1], "photo", ["named"])
        yield engine


def test_duplicates_name_them_by_their_ids(engine):
    groups = [[item.key for item in group.items] for group in engine.duplicates(0)]
    assert groups == [["photo/#0", "photo/#2", "named"], ["photo/#1", "photo/#4"]]


def test_the_verb_removes_them_by_the_keys_that_are_shown(engine):
    words = ["remove", str(engine.path), "photo/#2", "photo/#5"]
    engine.close()
    assert CliRunner().invoke(main, words).stdout == "2 removed\n"
    result = CliRunner().invoke(main, words)
    assert "2 of 2 keys are not stored" in result.stderr


def test_they_cannot_be_asked_by_or_written_to(engine):
    with pytest.raises(StoreError, match="'photo/#3' was added as a ready code, without an emb"):
        engine.search(keys=["photo/#3"])
    item = engine.items([3])[0]
    with pytest.raises(StoreError, match="item 3 has no record to update; add it with a key"):
        engine._store.update([replace(item, category="cup")])
    assert engine.verify() == []


def test_a_page_shows_them(engine, tmp_path):
    query = Query(text="disc", k=7)
    answer = engine.ask(query)
    assert len(answer.hits) == 7
    write_page(tmp_path / "hits.html", engine, query, answer)
    assert "photo/#3" in (tmp_path / "hits.html").read_text(encoding="utf-8")


def test_files_are_indexed_beside_them(toy_model, toy_collection, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add_codes(np.zeros((5, 2), np.uint8), "photo")
        report = engine.add(toy_collection / "photo", prune=True)
        assert report.added == report.seen
        assert engine.info()["unnamed"] == {"photo": 5}
        again = engine.add(toy_collection / "photo", prune=True)
        assert (again.unchanged, again.removed) == (report.seen, 0)
        assert engine.verify() == []
