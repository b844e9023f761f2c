"""Fields that a filter can ask for, and the values that are offered for them."""

import numpy as np
import pytest

from opensearch.engine.filters.fields import fields_of
from opensearch.engine.filters.selecting import select
from opensearch.engine.filters.where import parse_where
from opensearch.records import Item
from opensearch.store import LmdbStore


@pytest.fixture
def store(tmp_path):
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        yield store


def put(store, *metadata, category=None):
    rows = [
        Item(-1, f"k{n}", "photo", category=category, metadata=m) for n, m in enumerate(metadata)
    ]
    store.put(rows, np.zeros((len(rows), 1), np.uint8))


def test_the_most_frequent_values_come_first_and_numbers_have_bounds(store):
    put(
        store, {"year": 3, "by": "b"}, {"year": 1, "by": "a"}, {"year": 1, "by": None}, {"year": -2}
    )
    found = {each.name: each for each in fields_of(store, 2)}
    assert list(found) == ["domain", "year", "by"]  # those that most items have first
    assert (found["year"].kind, found["year"].values) == ("number", [(1, 2), (-2, 1)])
    assert (found["year"].low, found["year"].high, found["year"].distinct) == (-2, 3, 3)
    assert (found["by"].kind, found["by"].values) == ("text", [("a", 1), ("b", 1)])
    assert not found["by"].sampled


def test_long_texts_are_no_choice_and_no_number_is_none(store):
    put(store, {"note": "x" * 201}, {"note": "x" * 200})
    assert [each.values for each in fields_of(store, 9)][1] == [("x" * 200, 1)]


def test_true_is_no_number_beside_one(store):
    put(store, {"ok": 1}, {"ok": True}, {"ok": True}, {"ok": False})
    found = {each.name: each for each in fields_of(store, 9)}["ok"]
    assert (found.kind, found.values, found.distinct) == ("truth", [(True, 2), (False, 1)], 2)


def test_what_an_own_field_hides_is_not_offered(store):
    put(store, {"category": "hat", "size": 3, "colour": "red"}, category="cup")
    found = {each.name: each.values for each in fields_of(store, 9)}
    assert found == {
        "domain": [("photo", 1)],
        "category": [("cup", 1)],
        "colour": [("red", 1)],
    }
    for name, values in found.items():  # every value that is offered finds its items
        for value, count in values:
            passed = select(store, parse_where(f"{name} = {value}"), ["photo"])
            assert np.count_nonzero(passed) == count
