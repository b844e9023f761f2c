"""An index as a collection: how many, whether, which, and all of one moment."""

import copy
import pickle
import threading

import numpy as np
import pytest

import opensearch
from opensearch.engine import Engine
from opensearch.errors import InvalidInput, StoreError


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as made:
        yield made


def codes(count):
    return np.zeros((count, 2), np.uint8)


def test_an_index_has_a_length_and_is_true_when_empty(engine):
    assert (len(engine), bool(engine), list(engine)) == (0, True, [])
    engine.add_codes(codes(3), "photo", ["a", "b", "c"])
    engine.add_codes(codes(2), "shape")
    engine.remove(["b"])
    assert len(engine) == 4
    assert list(engine) == list(engine.keys()) == ["a", "c", "shape/#3", "shape/#4"]


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_an_engine_is_neither_copied_nor_pickled(engine, copied):
    with pytest.raises(TypeError, match=r"cannot be pickled or copied; open its index again"):
        copied(engine)


def test_keys_are_in_it_and_nothing_else_is(engine):
    engine.add_codes(codes(1), "photo", ["é/1"], [{"year": 2020}], ["cup"])
    engine.add_codes(codes(1), "shape")
    assert "é/1" in engine
    assert "shape/#1" in engine
    assert "e/1" not in engine
    assert "" not in engine
    with pytest.raises(InvalidInput, match="key must be a text, got 5"):
        5 in engine  # noqa: B015


def test_a_record_is_typed_and_absent_ones_are_none(engine):
    engine.add_codes(codes(1), "photo", ["a"], [{"year": 2020}], ["cup"])
    found = engine.get("a")
    assert isinstance(found, opensearch.Item)
    assert (found.id, found.domain, found.category, found.metadata) == (
        0, "photo", "cup", {"year": 2020},
    )  # fmt: skip
    assert engine.get("b") is None


def test_a_walk_sees_one_moment_whoever_writes(engine):
    """By the loop itself, by another thread, by a compaction that drops what is walked."""
    engine.add_codes(codes(300), "photo", [f"k{n:03}" for n in range(300)])
    walk = engine.records()
    first = next(walk)
    engine.remove([f"k{n:03}" for n in range(1, 300, 2)])
    thread = threading.Thread(
        target=lambda: engine.add_codes(codes(2000), "photo", [f"n{n}" for n in range(2000)])
    )
    thread.start()
    thread.join()
    engine.compact()
    assert [first.key, *(item.key for item in walk)] == [f"k{n:03}" for n in range(300)]
    assert len(list(engine)) == len(engine) == 2150


def test_what_a_loop_removes_is_removed(engine):
    engine.add_codes(codes(50), "photo", [f"k{n:02}" for n in range(50)])
    for key in engine:
        if key.endswith("7"):
            assert engine.remove([key]) == 1
            assert key not in engine
    assert len(engine) == 45


def test_a_walk_begins_when_it_is_first_asked(engine):
    walk = engine.keys()
    engine.add_codes(codes(1), "photo", ["late"])
    assert list(walk) == ["late"]


def test_a_closed_index_says_so(engine):
    engine.close()
    for ask in (lambda: len(engine), lambda: "a" in engine, lambda: list(engine)):
        with pytest.raises(StoreError, match="is closed"):
            ask()
