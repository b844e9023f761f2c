"""Items as rows of Milvus: records come back as they were, and fields say what filters may ask."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus import rows
from opensearch.milvus.search import _passing
from opensearch.records import Item

ANY = st.text(st.characters(exclude_categories=()), max_size=20)  # lone surrogates and NUL too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(ANY, inside, max_size=3),
    max_leaves=6,
)


@given(ANY.filter(bool), ANY, ANY | st.none(), st.binary(max_size=16), st.dictionaries(ANY, VALUES))
def test_a_record_gives_back_the_item_and_is_plain_ascii(key, path, category, digest, metadata):
    item = Item(7, key, "photo", path, category, 3, 2**62, digest, metadata, "image-1")
    record = rows.record_of(item)
    assert record.isascii()
    assert rows.item_of(7, record, "photo") == item


def test_a_ready_code_has_no_record_and_is_named_by_its_id():
    assert rows.item_of(17, "", "photo") == Item(17, "photo/#17", "photo")


def test_what_is_no_record_is_told_with_its_id():
    with pytest.raises(StoreError, match="record of item 5 is damaged"):
        rows.item_of(5, '["a"]', "photo")


@pytest.mark.parametrize("metadata", [{1: 2}, {"a": {1: 2}}, {"a": b"x"}, {"a": object()}])
def test_what_json_cannot_hold_is_refused(metadata):
    with pytest.raises(InvalidInput, match="metadata must be JSON values"):
        rows.record_of(Item(0, "k", "photo", metadata=metadata))


def test_a_record_that_a_row_cannot_hold_is_refused_with_both_sizes():
    with pytest.raises(InvalidInput, match=r"record has 70\d+ bytes, and Milvus holds 65535"):
        rows.record_of(Item(0, "k", "photo", metadata={"a": "x" * 70_000}))


def test_fields_are_texts_numbers_and_flags_and_all_else_is_asked_of_the_record():
    said = {"year": 2000, "ok": True, "name": 'a "b" \\', "none": None, "size": 3}
    assert rows.fields_of("cup", said) == {
        "category": "cup", "year": 2000.0, "ok": True, "name": 'a "b" \\',
    }  # fmt: skip
    odd = [[1], {"a": 1}, math.nan, math.inf, 2**60, "a\nb", "\udcff", "x" * 60_000]
    for value in odd:
        assert rows.fields_of(None, {"a": value}) is None
    assert rows.fields_of(None, {'a"b': 1}) is None
    assert rows.fields_of(None, {}) == {}


def test_hashes_are_numbers_that_a_column_holds_and_nothing_is_zero():
    assert rows.hashed("") == rows.hashed(b"") == 0
    assert 0 < rows.hashed("a\udcff") < 2**63
    assert rows.hashed("a") == rows.hashed(b"a") != rows.hashed("b")


def test_texts_are_quoted_as_expressions_want_them():
    assert rows.quoted('a"b\\c') == '"a\\"b\\\\c"'
    assert json.loads(rows.quoted('a"b\\c')) == 'a"b\\c'


@given(st.lists(st.booleans(), max_size=60), st.integers(0, 4))
def test_ids_that_pass_are_said_as_ranges_or_in_parts_and_each_once(passing, runs):
    allowed = np.array(passing, np.bool_)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("opensearch.milvus.search._RUNS", runs)
        patch.setattr("opensearch.milvus.search._LISTED", 5)
        said = _passing(allowed)
    counts = np.zeros(len(allowed), int)
    for expression in said:
        for id_ in range(len(allowed)):
            counts[id_] += eval(expression, {"id": id_})  # Milvus writes these as Python does
    assert counts.tolist() == allowed.astype(int).tolist()
