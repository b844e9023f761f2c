"""Many queries at once are answered as each would be alone."""

import pytest

from opensearch import Query
from opensearch.engine import Engine
from opensearch.engine.query import many
from opensearch.errors import InvalidInput, OpenSearchError, UnreadableFile


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("index") / "toys", toy_model) as engine:
        engine.add(toy_collection)
        yield engine


def shown(came):
    if isinstance(came, OpenSearchError):
        return type(came), str(came)
    hits = [(hit.key, hit.distance, round(hit.score, 4)) for hit in came.hits]
    return hits, came.notes, came.understood, [opened.domain for opened in came.opened]


def alone(engine, query):
    try:
        return engine.ask(query)
    except OpenSearchError as error:
        return error


@pytest.mark.parametrize("chunk", [3, 64])
def test_each_answer_is_that_of_the_query_alone(
    engine, toy_collection, tmp_path, monkeypatch, chunk
):
    monkeypatch.setattr(many, "CHUNK", chunk)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG")
    photo = toy_collection / "photo" / "disc" / "08.jpg"
    sketch = toy_collection / "sketch" / "cube" / "08.png"
    shape = next((toy_collection / "shape" / "disc").iterdir())
    queries = [
        Query(files=[(photo, 1.0)], k=3),
        Query(files=[(photo, 1.0)], source="sketch", k=3),
        Query(files=[(sketch, 0.5), (shape, 1.0)], exclude=[photo], k=2),
        Query(text="disc", k=2),
        Query(files=[(broken, 1.0)]),
        Query(files=[(tmp_path / "missing.png", 1.0)]),
        Query(files=[(photo, 1.0)], source="nodomain"),
        Query(files=[(shape, 1.0)], up="z", targets=["shape"], k=2),
        Query(files=[(photo.read_bytes(), 1.0)], k=3),
        Query(text="disc", where="a ="),
    ]
    came = list(engine.ask_many(queries))
    assert [shown(each) for each in came] == [shown(alone(engine, query)) for query in queries]
    kinds = [type(came[at]) for at in (4, 5, 6, 9)]
    assert kinds == [UnreadableFile, InvalidInput, InvalidInput, InvalidInput]
    assert list(engine.ask_many([])) == []


def test_what_a_file_was_taken_for_is_told(engine, toy_collection):
    photo = toy_collection / "photo" / "disc" / "08.jpg"
    taken = engine.ask(Query(files=[(photo, 1.0)], source="photo")).understood
    assert taken.to_dict() == {"files": [{"name": "08.jpg", "domain": "photo", "sure": True}]}
