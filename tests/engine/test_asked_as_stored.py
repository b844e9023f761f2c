"""A file that lies in the index is asked by as what it was indexed as, whatever it looks like."""

import shutil

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput


def washed(seed):
    """A ring on a ground of many colours: a photo by its content."""
    ground = 170 + 40 * np.random.default_rng(seed).normal(size=(20, 20, 3))
    wide = ground.clip(40, 255).astype(np.uint8).repeat(10, axis=0).repeat(10, axis=1)
    picture = Image.fromarray(wide)
    ImageDraw.Draw(picture).ellipse((30, 30, 170, 170), outline="black", width=6)
    return picture


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A picture that is a photo by its content, filed as a sketch; a copy that is not indexed."""
    folder = tmp_path_factory.mktemp("filed")
    stored = folder / "sketch" / "disc" / "a.png"
    stored.parent.mkdir(parents=True)
    washed(0).save(stored)
    shutil.copy(stored, folder / "elsewhere.png")
    return folder


@pytest.fixture
def engine(toy_model, folder, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        assert engine.add(folder / "sketch", domain="sketch").added == 1
        yield engine


def taken(engine, given, **asked):
    return [each.domain for each in engine.ask(Query(files=[(given, 1.0)], **asked)).opened]


def test_a_stored_file_is_what_it_was_indexed_as(engine, folder, monkeypatch):
    stored = folder / "sketch" / "disc" / "a.png"
    assert taken(engine, stored) == ["sketch"]
    assert engine.search(stored, k=1)[0].distance == 0
    assert taken(engine, stored, source="photo") == ["photo"]
    assert [part.domain for part in (engine.part(stored), engine.part(stored.read_bytes()))] == [
        "sketch",
        "sketch",
    ]
    monkeypatch.chdir(folder / "sketch")
    assert taken(engine, folder / "sketch" / ".." / "sketch" / "disc" / "a.png") == ["sketch"]
    both = [Query(files=[(each, 1.0)]) for each in (stored, folder / "elsewhere.png")]
    assert [each.opened[0].domain for each in engine.ask_many(both)] == ["sketch", "sketch"]


def test_a_dark_thing_filed_as_a_photo_is_asked_as_one(engine, tmp_path):
    """By its content it is taken for a silhouette."""
    dark = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(dark).rectangle((30, 60, 170, 140), fill="#141416")
    dark.save(tmp_path / "screen.png")
    assert taken(engine, tmp_path / "screen.png") == ["sketch"]
    assert engine.add(tmp_path / "screen.png", domain="photo").added == 1
    assert taken(engine, tmp_path / "screen.png") == ["photo"]
    assert engine.search(tmp_path / "screen.png", k=1)[0].distance == 0


def test_a_copy_is_what_its_twin_was_indexed_as_unless_twins_differ(engine, folder):
    assert taken(engine, folder / "elsewhere.png") == ["sketch"]
    engine.add_items([(folder / "elsewhere.png").read_bytes()], ["twin"], domain="photo")
    assert taken(engine, folder / "elsewhere.png") == ["photo"]
    assert taken(engine, folder / "sketch" / "disc" / "a.png") == ["sketch"]


def test_a_file_that_changed_is_told_by_its_content(engine, tmp_path):
    changing = tmp_path / "b.png"
    washed(0).save(changing)
    assert engine.add(changing, domain="sketch").added == 1
    assert taken(engine, changing) == ["sketch"]
    washed(2).save(changing)
    assert taken(engine, changing) == ["photo"]


def test_copies_are_compared_by_the_code_that_they_were_indexed_with(engine, folder):
    stored = folder / "sketch" / "disc" / "a.png"
    hits = engine.ask(Query(files=[(stored, 1.0)], like="exact")).hits
    assert [(hit.key, hit.distance) for hit in hits] == [("disc/a.png", 0)]


@pytest.mark.parametrize(
    "asked",
    [
        {"max_distance": 3},
        {"structure": "hnsw"},
        {"refine": True},
        {"score": "hamming"},
        {"depth": 1},
    ],
)
def test_what_copies_do_not_go_by_is_refused(engine, folder, asked):
    query = Query(files=[(folder / "elsewhere.png", 1.0)], like="exact", **asked)
    with pytest.raises(InvalidInput, match=f"`{next(iter(asked))}` cannot be combined with `like`"):
        engine.ask(query)
