"""Filters over ready codes in bulk: the lists say what a walk over numpy arrays says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.engine.filters import selecting
from opensearch.engine.filters.selecting import select
from opensearch.engine.filters.where import parse_where
from opensearch.store import LmdbStore, bulk

DOMAINS = ("photo", "shape")
NOTHING = 10**6
"""Stands for a year that an item has not."""

BATCH = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(DOMAINS),
        "count": st.integers(1, 9),
        "keyed": st.booleans(),
        "years": st.booleans(),
        "cups": st.booleans(),
        "seed": st.integers(0, 99),
    }
)

# An expression, and the mask that numpy gives of ids, domains (by place), years and cups.
FILTERS = {
    "year < 5": lambda ids, domains, years, cups: years < 5,
    "year != 3": lambda ids, domains, years, cups: (years != 3) & (years != NOTHING),
    "not year = 3": lambda ids, domains, years, cups: years != 3,
    "category = cup": lambda ids, domains, years, cups: cups,
    "not category = cup and domain = shape": lambda ids, domains, years, cups: (
        ~cups & (domains == 1)
    ),
    "category = cup or year >= 7": lambda ids, domains, years, cups: (
        cups | ((years >= 7) & (years != NOTHING))
    ),
    "id >= 6 and size = 0": lambda ids, domains, years, cups: ids >= 6,
    "key >= photo/#0 and path = ''": lambda ids, domains, years, cups: ids >= 0,
}


def put(store, asked):
    """Store a batch; what numpy knows of it."""
    rng = np.random.default_rng(asked["seed"])
    n = asked["count"]
    years, cups = rng.integers(0, 10, n), rng.random(n) < 0.5
    keys = [f"z{at}" for at in rng.choice(40, n, replace=False)] if asked["keyed"] else None
    metadata = [{"year": int(year)} for year in years] if asked["years"] else None
    categories = ["cup" if cup else None for cup in cups] if asked["cups"] else None
    codes = rng.integers(0, 256, (n, 1), np.uint8)
    ids = store.put_codes(codes, asked["domain"], keys, metadata, categories)
    return [
        (
            key,
            int(id_),
            DOMAINS.index(asked["domain"]),
            int(year) if asked["years"] else NOTHING,
            bool(cup) and asked["cups"],
        )
        for key, id_, year, cup in zip(keys or [None] * n, ids, years, cups, strict=True)
    ]


@settings(max_examples=60)
@given(st.lists(BATCH, min_size=1, max_size=5), st.lists(st.integers(0, 30), max_size=4))
def test_any_filter_is_what_numpy_says(tmp_path_factory, batches, removed):
    with LmdbStore.create(tmp_path_factory.mktemp("s") / "0", bits=8, dim=0) as store:
        rows = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "BATCH", 4)
            for asked in batches:
                for key, *row in put(store, asked):
                    rows[key or row[0]] = row  # an item of the same key is replaced
        for id_ in removed:
            store.remove([item.key for item in store.walk() if item.id == id_])
            rows = {name: row for name, row in rows.items() if row[0] != id_}
        assert store.verify() == []
        ids, domains, years, cups = np.array(list(rows.values()), np.int64).reshape(-1, 4).T
        for text, reference in FILTERS.items():
            found = np.flatnonzero(select(store, parse_where(text), DOMAINS))
            mask = reference(ids, domains, years, cups > 0)
            assert found.tolist() == sorted(ids[mask].tolist()), text


def test_lists_are_read_in_place_of_records(tmp_path, monkeypatch):
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        codes = np.zeros((300, 1), np.uint8)
        store.put_codes(codes, "photo", None, [{"year": at} for at in range(300)])
        store.put_codes(codes, "photo")
        monkeypatch.setattr(selecting, "_FEW", 0)  # of a few, records are as fast
        monkeypatch.setattr(type(store), "items", lambda *_: pytest.fail("records were read"))
        found = select(store, parse_where("year >= 290 and not category = x"), ["photo"])
        assert np.flatnonzero(found).tolist() == list(range(290, 300))


def test_a_store_without_lists_gets_none_and_is_read_record_by_record(tmp_path, monkeypatch):
    from opensearch.store import meta

    monkeypatch.setattr(meta.Meta, "posted", property(lambda _: False))
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        store.put_codes(np.zeros((9, 1), np.uint8), "photo", None, [{"n": at} for at in range(9)])
        store.put_codes(np.zeros((3, 1), np.uint8), "photo")
        with store._environment.read() as txn:
            assert txn.stat(store._environment.tables["postings"])["entries"] == 0
        found = select(store, parse_where("n > 5 or id = 10"), ["photo"])
        assert np.flatnonzero(found).tolist() == [6, 7, 8, 10]
        assert store.verify() == []


def test_books_name_items_without_records_only_while_there_are_any(tmp_path):
    import msgpack

    def books(store):
        with store._environment.read() as txn:
            return msgpack.unpackb(txn.get(b"meta", db=store._environment.tables["meta"]))

    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        assert "unnamed" not in books(store)  # readers that know of none read such a store
        store.put_codes(np.zeros((2, 1), np.uint8), "photo")
        assert books(store)["unnamed"] == {"photo": 2}
        store.remove(["photo/#0", "photo/#1"])
        assert "unnamed" not in books(store)
        assert store.verify() == []
