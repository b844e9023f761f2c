"""A filter by posting lists passes the items that a walk over all records passes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.engine.filters import selecting
from opensearch.engine.filters.selecting import select
from opensearch.engine.filters.where import parse_where
from opensearch.records import Item
from opensearch.store import LmdbStore, meta

LONG = "x" * 199
DOMAINS = ("photo", "shape")
TEXTS = ["", "a", "B", "cup", "true", "nan", "10", "é", "\x00", LONG, LONG + "é", *"🙂z"]
TEXTS += [LONG + "yy" + tail for tail in ("", "a", "b" * 40, "b" * 41)]
NUMBERS = [0, -0.0, 1, 2.5, -3, 10, 10**17, 10**17 + 1, 2**63, 1e300, 5e-324]
ODD = [True, False, None, [1, "é"], ("t",), {"k": [2]}]
DATES = ["2024", "2024-02", "2024-01-31", "2024-01-31T10:00", "2024-01-31 10", "2024-13", "202"]
TEXTS += [*DATES, "2024-01-31T10:00:59Z", "2023-12-31"]
FIELDS = ["year", "note", "size", "category", "key", "id", "path", "domain", "none", "mtime"]
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
VALUES = st.sampled_from([*TEXTS, *NUMBERS, *ODD])


@pytest.fixture(autouse=True, scope="module")
def lists():
    """Few items are asked of their records; here they, too, are looked up in lists."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selecting, "_FEW", 0)
        yield


@st.composite
def items(draw):
    """A few items; keys come twice, so that some replace others."""
    return Item(
        -1,
        draw(st.sampled_from(["a", "b", "c", "d/1", "e"])),
        draw(st.sampled_from(DOMAINS)),
        path=draw(st.sampled_from(["", "/p/1", "/p/2"])),
        category=draw(st.sampled_from([None, "cup", "10", LONG + "yyc"])),
        size=draw(st.sampled_from([0, 10, 2**40])),
        mtime_ns=draw(st.sampled_from([0, 1, 1_700_000_000 * 10**9, 2**63])),
        metadata=draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4)),
    )


@st.composite
def expressions(draw, depth=3):
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from(["and", "or", "not"]))
        left = draw(expressions(depth - 1))
        if kind == "not":
            return f"not ({left})"
        return f"({left}) {kind} {draw(expressions(depth - 1))}"
    name = draw(st.sampled_from(FIELDS))
    if name == "mtime":
        return f"mtime {draw(SIGNS)} {draw(st.sampled_from(['1970', '2023-11-14', '2099']))}"
    right = st.sampled_from([*map(str, NUMBERS), "inf", "-inf", "1e0", "١"])
    if name not in ("id", "size"):  # which are compared with numbers alone
        right |= st.sampled_from([*TEXTS, "FALSE", "photo", "/p/1"])
        right |= st.sampled_from(["[1, 'é']", "['t']", "{'k': [2]}"])
    quoted = right.map(lambda text: f'"{text}"')
    if draw(st.booleans()):
        values = draw(st.lists(quoted, min_size=1, max_size=3))
        return f"{name} in ({', '.join(values)})"
    parts = [] if name in ("id", "size") else ["~", "^="]
    return f"{name} {draw(SIGNS | st.sampled_from(parts or ['=']))} {draw(quoted)}"


def walked(store, expression, domains=DOMAINS):
    """Reference: every record asked."""
    return sorted(i.id for i in store.walk() if i.domain in domains and expression(i))


def put(store, batch):
    store.put(batch, np.zeros((len(batch), 1), np.uint8))


STEPS = st.lists(st.lists(items(), max_size=5), min_size=1, max_size=3)


@settings(max_examples=150)
@given(STEPS, st.lists(items(), max_size=2), st.sets(st.sampled_from(["a", "cup"])), st.data())
def test_any_filter_is_the_walk_over_all_records(tmp_path_factory, batches, moved, gone, data):
    with LmdbStore.create(tmp_path_factory.mktemp("s") / "0", bits=8, dim=0) as store:
        for batch in batches:
            put(store, batch)
        for item in moved:
            held = store.by_key(item.key)
            if held is not None:
                store.update([replace(item, id=held.id, domain="")])
        store.remove(gone)
        assert store.verify() == []
        for _ in range(5):
            expression = parse_where(data.draw(expressions()))
            found = np.flatnonzero(select(store, expression, DOMAINS)).tolist()
            assert found == walked(store, expression)
            one = np.flatnonzero(select(store, expression, ["shape"])).tolist()
            assert one == walked(store, expression, ["shape"])


@pytest.mark.parametrize("asked", ["= {}", "> {}", "< {}", "!= {}", "in ({}, 2023)"])
def test_dates_are_found_however_they_are_written(tmp_path, asked):
    written = [f"2024-01-31{mark}{hour}:30" for mark in " T" for hour in (17, 18, 19)]
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        put(store, [Item(-1, day, "photo", metadata={"taken": day}) for day in written])
        expression = parse_where(f"taken {asked.format('2024-01-31T18')}")
        found = np.flatnonzero(select(store, expression, ["photo"])).tolist()
        assert found == walked(store, expression)
        assert found


def many(n):
    rng = np.random.default_rng(0)
    share = rng.permutation(n) / n
    return [
        Item(-1, f"k{at}", "photo", metadata={"share": float(part), "year": int(part * 100)})
        for at, part in enumerate(share)
    ]


@pytest.mark.parametrize("limit", [0.01, 0.1, 0.9])
def test_any_selectivity(tmp_path, limit, monkeypatch):
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        put(store, many(2000))
        expression = parse_where(f"share < {limit} and year >= 0 and category != x or year = 200")
        assert not select(store, expression, ["photo"]).any()
        expression = parse_where(f"share < {limit} and year >= 0 and not category = x")
        expected = walked(store, expression)
        monkeypatch.setattr(type(store), "items", lambda *_: pytest.fail("records were read"))
        found = np.flatnonzero(select(store, expression, ["photo"])).tolist()
    assert found == expected
    assert len(found) == 2000 * limit


def test_terms_that_need_records_read_only_those_that_are_left(tmp_path, monkeypatch):
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        put(store, many(500))
        asked, read = [], store.items
        monkeypatch.setattr(store, "items", lambda ids: asked.extend(ids) or read(ids))
        expression = parse_where("size = 0 and year = 7")
        assert select(store, expression, ["photo"]).sum() == len(asked) == 5


def test_a_store_without_lists_is_read_record_by_record(tmp_path, monkeypatch):
    monkeypatch.setattr(meta.Meta, "posted", property(lambda _: False))
    with LmdbStore.create(tmp_path / "0", bits=8, dim=0) as store:
        put(store, many(300))
        expression = parse_where("year > 10 and not year = 50")
        found = np.flatnonzero(select(store, expression, ["photo"])).tolist()
        assert found == walked(store, expression)
        with store.fields() as fields:
            assert fields is None
        assert store.verify() == []
