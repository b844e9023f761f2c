"""Ready codes in bulk, with records and without: what they are to every reader of the store."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, Mark, bulk


def rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 2), np.uint8)


@pytest.fixture
def store(tmp_path):
    with LmdbStore.create(tmp_path / "store", bits=16, dim=0) as store:
        yield store


def test_codes_alone_are_items_whose_keys_their_ids_imply(store):
    store.put([Item(0, "a.png", "photo")], rows(1))
    ids = store.put_codes(rows(3), "photo")
    assert (ids.dtype, ids.tolist()) == (np.int64, [1, 2, 3])
    assert store.items([2]) == [Item(2, "photo/#2", "photo")]
    assert store.by_key("photo/#3") == Item(3, "photo/#3", "photo")
    for unknown in ("photo/#0", "photo/#4", "shape/#2", "photo/#02", "photo/#-1", "photo/#", "/#2"):
        assert store.by_key(unknown) is None
    assert [item.key for item in store.walk()] == ["a.png", "photo/#1", "photo/#2", "photo/#3"]
    assert [item.id for item in store.walk("photo/#2")] == [2]
    assert store.embeddings([1])[1].tolist() == [False]
    with store._environment.read() as txn:
        assert txn.stat(store._environment.tables["items"])["entries"] == 1
    assert store.meta().counts == {"photo": 4}
    assert store.verify() == []


def test_codes_alone_are_removed_and_replaced_by_their_keys(store):
    store.put_codes(rows(4), "photo")
    assert store.remove(["photo/#1", "photo/#1", "photo/#9"]) == 1
    assert store.put([Item(0, "photo/#2", "shape")], rows(1)) == [4]
    assert store.by_key("photo/#2") == Item(4, "photo/#2", "shape")
    assert store.tombstones("photo").tolist() == [1, 2]
    assert [item.id for item in store.walk()] == [4, 0, 3]
    for gone in (1, 2, 99, -1):
        with pytest.raises(StoreError, match=rf"no item has the id {gone}; it was removed"):
            store.items([gone])
    with pytest.raises(StoreError, match="item 0 has no record to update"):
        store.update([Item(0, "new", "photo")])
    assert store.meta().counts == {"photo": 2, "shape": 1}
    assert store.verify() == []


def test_an_implied_key_that_someone_holds_is_passed_over(store):
    store.put([Item(0, "photo/#4", "shape"), Item(0, "photo/#40", "shape")], rows(2))
    assert store.put_codes(rows(3), "photo").tolist() == [5, 6, 7]
    assert store.put_codes(rows(2), "photo", categories=["cup", None]).tolist() == [8, 9]
    assert store.by_key("photo/#4").domain == "shape"
    assert store.by_key("photo/#8") == Item(8, "photo/#8", "photo", category="cup")
    assert store.put_codes(rows(3), "shape").tolist() == [10, 11, 12]
    assert store.verify() == []


def test_records_in_bulk_are_those_of_items_one_by_one(store, tmp_path):
    keys = [f"k{at % 7}" for at in range(10)] + ["g" * 600]
    metadata = [{"year": at} for at in range(11)]
    categories = ["cup" if at % 2 else None for at in range(11)]
    with LmdbStore.create(tmp_path / "other", bits=16, dim=0) as other:
        ids = store.put_codes(rows(11), "photo", keys, metadata, categories)
        items = [
            Item(0, key, "photo", category=category, metadata=more)
            for key, category, more in zip(keys, categories, metadata, strict=True)
        ]
        assert ids.tolist() == other.put(items, rows(11))
        assert list(store.walk()) == list(other.walk())
        assert (store.put_codes(rows(1), "photo", ["k2"])).tolist() == other.put(
            [Item(0, "k2", "photo")], rows(1)
        )
        assert store.tombstones("photo").tolist() == other.tombstones("photo").tolist() == [6]
    assert store.verify() == []


def test_large_bulks_are_written_in_batches(store, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 4)
    assert store.put_codes(rows(10), "photo").tolist() == list(range(10))
    assert store.meta().last_transaction == 3
    assert store.put_codes(rows(5), "photo", list("abcba")).tolist() == [10, 12, 11, 12, 13]
    assert store.by_key("a").id == 13  # of a later batch: it replaced the first
    assert np.array_equal(np.concatenate([b.codes for b in store.blocks("photo")])[:10], rows(10))


def test_domains_that_come_in_turn_keep_their_codes(store):
    for turn in range(4):
        store.put_codes(rows(3), ("photo", "shape")[turn % 2])
    found = [item.domain for item in store.items(range(12))]
    assert found == ["photo"] * 3 + ["shape"] * 3 + ["photo"] * 3 + ["shape"] * 3


def test_ids_are_those_given_and_a_mark_stands_behind_the_last_batch(store, monkeypatch):
    monkeypatch.setattr(bulk, "BATCH", 4)
    with pytest.raises(InvalidInput, match="ids must ascend from 4 on"):
        store.put_codes(rows(5), "photo", mark=Mark("job", 5), ids=np.array([0, 1, 2, 3, 2]))
    assert (store.mark("job"), store.meta().next_id) == (0, 4)
    given = np.array([10, 11, 12, 20, 30])
    assert np.array_equal(store.put_codes(rows(5), "photo", mark=Mark("job", 5), ids=given), given)
    assert (store.mark("job"), store.meta().next_id) == (5, 31)
    for wrong in ([30], [40, 40], [41, 40]):
        with pytest.raises(InvalidInput, match="ids must ascend from 31 on"):
            store.put_codes(rows(len(wrong)), "photo", ids=np.array(wrong))
    assert store.verify() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((2, 3), np.uint8), "a"), r"shape \(n, 2\), got uint8 of shape \(2, 3\)"),
        ((np.zeros((2, 2)), "a"), "got float64 of shape"),
        ((rows(2), "a", ["x"]), "2 codes came with 1 keys"),
        ((rows(2), "a", None, [{}]), "2 codes came with 1 metadata"),
        ((rows(2), "a", None, None, ["cup"] * 3), "2 codes came with 3 categories"),
        ((rows(2), "a", ["x", ""]), "keys that are not empty"),
        ((rows(2), ""), "need a domain"),
        ((rows(1), "a", ["x"], [{"y": {1, 2}}]), "item 'x' cannot be stored.* JSON values"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(store, arguments, message):
    with pytest.raises(InvalidInput, match=message):
        store.put_codes(*arguments)
    assert store.meta().next_id == 0


def test_no_codes_are_no_items(store):
    assert store.put_codes(rows(0), "photo").tolist() == []
    assert store.meta().last_transaction == 0


def test_verify_tells_a_lost_record_from_an_item_without_one(store):
    store.put_codes(rows(3), "photo")
    store.put([Item(0, "a", "photo")], rows(1))
    shared = store._environment
    shared.write(lambda txn: txn.delete(bytes(7) + b"\3", db=shared.tables["items"]))
    assert any("and 3 without a record" in problem for problem in store.verify())


@settings(max_examples=25)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("alone"), st.integers(1, 9)),
            st.tuples(st.just("keyed"), st.lists(st.sampled_from("abc"), min_size=1, max_size=4)),
            st.tuples(st.just("remove"), st.integers(0, 40)),
        ),
        max_size=10,
    )
)
def test_any_sequence_agrees_with_a_dictionary(tmp_path_factory, steps):
    expected = {}
    with LmdbStore.create(tmp_path_factory.mktemp("store") / "0", bits=16, dim=0) as store:
        for verb, what in steps:
            if verb == "alone":
                expected.update({f"a/#{id_}": id_ for id_ in store.put_codes(rows(what), "a")})
            elif verb == "keyed":
                ids = store.put_codes(rows(len(what)), "a", what)
                expected.update(zip(what, ids.tolist(), strict=True))
            else:
                keys = [f"a/#{what}", "b"]
                gone = [key for key in keys if expected.pop(key, None) is not None]
                assert store.remove(keys) == len(gone)
        assert {item.key: item.id for item in store.walk()} == expected
        assert all(store.by_key(key).id == id_ for key, id_ in expected.items())
        assert store.meta().counts.get("a", 0) == len(expected)
        assert store.verify() == []
