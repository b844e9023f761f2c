"""What a query was understood as, told beside its hits."""

import pytest

from opensearch import Query, Understood
from opensearch.engine import Engine


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("index") / "toys", toy_model) as engine:
        engine.add(toy_collection)
        yield engine


def test_words_that_were_searched_for_are_told(engine):
    assert engine.ask(Query(text="Disc")).understood.words == ["disc"]


def test_what_is_empty_is_not_told():
    assert Understood(words=["disc"]).to_dict() == {"words": ["disc"]}
    assert Understood().to_dict() == {}
