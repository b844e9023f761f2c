"""What a query was understood as, told beside its hits."""

import pytest

from opensearch import Query, Understood
from opensearch.engine import Engine
from opensearch.errors import InvalidInput


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


def test_words_without_a_say_are_told_and_change_nothing(engine):
    plain, wordy = (
        engine.ask(Query(text=text, refine=False)) for text in ("disc", "two big red discs running")
    )
    assert [hit.key for hit in wordy.hits] == [hit.key for hit in plain.hits]
    assert wordy.understood.not_counted == ["two", "big", "red", "running"]
    assert wordy.notes[0].startswith("searched for disc; not counted: two, big, red, running (")
    assert plain.notes == []


def test_words_to_leave_out_turn_the_query_as_excluded_files_do(engine):
    answer = engine.ask(Query(text="disc without cubes", refine=False))
    assert (answer.understood.words, answer.understood.excluded) == (["disc"], ["cube"])
    assert answer.notes == ["searched for disc; left out: cube"]


def test_unknown_words_are_told_with_near_ones(engine):
    understood = engine.ask(Query(text="disc and pyramyd")).understood
    assert understood.unknown["pyramyd"][0] == "pyramid"


def test_a_text_that_only_leaves_out_joins_a_file_and_is_refused_alone(engine, toy_collection):
    file = toy_collection / "photo" / "disc" / "08.jpg"
    answer = engine.ask(Query(files=[(file, 1.0)], text="not a cube"))
    assert answer.understood.excluded == ["cube"]
    with pytest.raises(
        InvalidInput, match=r"'not a cube' only says what to leave out \(cube\); say"
    ):
        engine.ask(Query(text="not a cube"))


def test_what_is_asked_for_and_left_out_is_refused(engine):
    with pytest.raises(InvalidInput, match="asks for disc and leaves it out"):
        engine.ask(Query(text="disc -disc"))
