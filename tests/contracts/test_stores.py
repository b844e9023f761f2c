"""What a store must do, asked of those over LMDB and Milvus and of `MemoryStore`.

The last is the proof that another can stand in: an `Engine` works on it, and it serves as the
slow reference of the others. In what the one over Milvus may differ stands in `MAY_DIFFER`.
"""

import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import MemoryStore
from milvus_places import empty_store, milvus_params

from opensearch.engine import Engine
from opensearch.engine.filters.selecting import select
from opensearch.engine.filters.where import parse_where
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.search import Searcher
from opensearch.store import LmdbStore, Mark

BITS, DIM = 16, 3
MODEL = Path(__file__).parents[1] / "golden" / "model"

MAY_DIFFER = {
    "keeps tombstones": "rows that go are deleted; none is left to be masked or compacted away",
    "keeps old versions": "a snapshot sees none that come later, but lacks those removed meanwhile",
    "long records": "a record has at most 65,535 bytes",
    "one transaction": "a writer killed within `update` has written some of its records",
}
"""What a store over Milvus need not do."""


def does(store, what):
    """Whether a store keeps to one of the points of `MAY_DIFFER`."""
    assert what in MAY_DIFFER
    return type(store).__name__ != "MilvusStore"


@contextmanager
def made(kind, folder):
    """An empty store of a kind."""
    if kind == "lmdb":
        with LmdbStore.create(folder, bits=BITS, dim=DIM) as store:
            yield store
    elif kind == "memory":
        yield MemoryStore(BITS, DIM)
    else:
        with empty_store(kind, folder, BITS, DIM) as store:
            yield store


@pytest.fixture(params=["lmdb", "memory", *milvus_params()])
def store(request, tmp_path):
    with made(request.param, tmp_path / "store") as store:
        yield store


def dead(store, *ids):
    """Tombstones of a domain whose items of these ids were removed."""
    return list(ids) if does(store, "keeps tombstones") else []


def codes(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, BITS // 8), np.uint8)


def vectors(count, seed=0):
    return np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float16)


def items(*keys, domain="photo", **fields):
    return [Item(-1, key, domain, **fields) for key in keys]


def held(store, domain):
    """Codes of the live items of a domain, from whole blocks and tombstones."""
    dead = set(store.tombstones(domain).tolist())
    found = {}
    for block in store.blocks(domain):
        assert (np.diff(block.ids) > 0).all()
        for id_, code in zip(block.ids.tolist(), block.codes, strict=True):
            assert id_ not in found
            found[id_] = bytes(code)
    return {id_: code for id_, code in found.items() if id_ not in dead}


def test_imprints_are_kept_with_their_items_and_go_with_them(store):
    first = store.put(items("a", "b", "c"), codes(3), imprints=[b"of a", b"", b"of c"])
    store.put_codes(codes(2), "shape")
    assert store.imprints([*first, 3, 4, 99]) == [b"of a", b"", b"of c", b"", b"", b""]
    store.put_imprints([first[1], 99], [b"of b", b"of none"])
    assert store.imprints([first[1], 99]) == [b"of b", b""]
    store.put(items("a"), codes(1), imprints=[b"of a anew"])
    store.remove(["c"])
    assert store.imprints(first) == [b"", b"of b", b""]
    assert store.imprints([store.by_key("a").id]) == [b"of a anew"]
    with pytest.raises(InvalidInput, match="2 items came with 1 imprints"):
        store.put(items("d", "e"), codes(2), imprints=[b"of d"])
    with pytest.raises(InvalidInput, match="1 items came with 2 imprints"):
        store.put_imprints([0], [b"", b""])
    assert store.verify() == []


def test_what_is_put_comes_back_by_every_way_to_it(store):
    full = Item(9, "a/1", "photo", "/d/a/1", "cat", 7, 2**62, b"d" * 16, {"y": [1, "é"]}, "image-1")
    odd = Item(0, "b\udcff\x00", "shape")
    assert store.put([full, odd], codes(2), vectors(2), [b"jpeg", b""]) == [0, 1]
    first, second = replace(full, id=0), replace(odd, id=1)
    assert store.items([1, 0, 1]) == [second, first, second]
    assert (store.by_key("a/1"), store.by_key("b\udcff\x00")) == (first, second)
    assert (store.by_key("a"), store.by_key("")) == (None, None)
    assert (store.by_path("/d/a/1"), store.by_path("")) == (first, None)
    assert (store.by_digest(b"d" * 16), store.by_digest(b"")) == ([first], [])
    assert (store.thumbnail(0), store.thumbnail(1), store.thumbnail(7)) == (b"jpeg", None, None)
    rows, present = store.embeddings([1, 5, 0, -1])
    assert (rows.dtype, rows.shape, present.tolist()) == (np.float16, (4, DIM), [1, 0, 1, 0])
    assert np.array_equal(rows[[0, 2]], vectors(2)[[1, 0]])
    assert not rows[[1, 3]].any()
    assert [item.id for item in store.walk()] == [0, 1]
    assert held(store, "photo") == {0: bytes(codes(2)[0])}
    assert [block.ids.tolist() for block in store.blocks("shape", 0)] == [[1]]
    assert list(store.blocks("shape", 1)) == list(store.blocks("none")) == []
    assert store.ids("shape").tolist() == [1]
    assert store.readers() == {"image-1": 1}
    assert store.verify() == []


def test_the_books_are_those_of_what_is_there(store):
    before = store.meta()
    assert (before.bits, before.dim, before.next_id, before.domains) == (BITS, DIM, 0, [])
    store.put(items("a", "b"), codes(2), vectors(2))
    store.put(items("c", domain="shape"), codes(1))
    store.put_codes(codes(3), "shape")
    store.remove(["a", "none"])
    books = store.meta()
    assert books.domains == ["photo", "shape"]
    assert books.counts == {"photo": 1, "shape": 4}
    assert books.embedded == {"photo": 1, "shape": 0}
    assert books.tombstones == {"photo": len(dead(store, 0)), "shape": 0}
    assert {domain: n for domain, n in books.unnamed.items() if n} == {"shape": 3}
    assert (books.next_id, books.last_transaction) == (6, before.last_transaction + 4)
    assert books.identity == before.identity


def test_an_item_whose_key_is_put_again_gets_a_new_id(store):
    store.put(items("a", "b"), codes(2), vectors(2), [b"one", b"two"])
    assert store.put(items("b", "c", "b"), codes(3, 1)) == [3, 2, 3]  # the last of a key stays
    assert store.by_key("b").id == 3
    with pytest.raises(StoreError, match="no item has the id 1"):
        store.items([1])
    assert store.tombstones("photo").tolist() == dead(store, 1)
    assert store.ids("photo").tolist() == [0, 2, 3]
    assert held(store, "photo")[3] == bytes(codes(3, 1)[2])
    assert (store.thumbnail(1), store.embeddings([1])[1].tolist()) == (None, [False])
    live = np.concatenate([block.ids for block in store.live("photo")])
    assert live.tolist() == [0, 2, 3]
    assert store.put([], codes(0)) == []


def test_ready_codes_need_no_keys(store):
    assert store.put_codes(codes(3), "photo").tolist() == [0, 1, 2]
    keyed = store.put_codes(codes(3, 1), "photo", ["z", "x", "z"], [{}, {"y": 1}, {"y": 2}])
    assert keyed.tolist() == [4, 3, 4]
    named = store.put_codes(codes(2, 2), "shape", categories=["cup", None]).tolist()
    assert [store.items([id_])[0].key for id_ in named] == [f"shape/#{id_}" for id_ in named]
    assert (store.by_key("photo/#1").id, store.by_key("z").metadata) == (1, {"y": 2})
    assert (store.by_key("photo/#7"), store.by_key("photo/#01")) == (None, None)
    walked = [item.key for item in store.walk()]
    assert walked == ["shape/#5", "shape/#6", "x", "z", "photo/#0", "photo/#1", "photo/#2"]
    assert [item.key for item in store.walk("photo/#")] == walked[4:]
    assert store.remove(["photo/#1", "x"]) == 2
    assert store.by_key("photo/#1") is None
    assert store.ids("photo").tolist() == [0, 2, 4]
    assert store.verify() == []


def test_records_are_updated_in_place(store):
    store.put(items("a", "b", path="/p", reader="r1"), codes(2), vectors(2))
    first, second = store.items([0, 1])
    swapped = [replace(first, key="b", path="/q"), replace(second, key="a", metadata={"y": 1})]
    store.update(swapped)
    assert store.items([0, 1]) == swapped
    assert (store.by_key("a").id, store.by_path("/q").id, store.by_path("/p").id) == (1, 0, 1)
    assert held(store, "photo") == {0: bytes(codes(2)[0]), 1: bytes(codes(2)[1])}
    for wrong, error in (
        (replace(swapped[0], key="a"), InvalidInput),
        (replace(swapped[0], domain="shape"), InvalidInput),
        (replace(swapped[0], id=7), StoreError),
        (replace(swapped[0], key=""), InvalidInput),
    ):
        before = store.meta()
        with pytest.raises(error):
            store.update([wrong])
        assert store.meta() == before
        assert store.items([0, 1]) == swapped


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.put(items("a"), codes(2)),
        lambda store: store.put(items("a"), codes(1).astype(np.int8)),
        lambda store: store.put(items("a"), codes(1), np.zeros((1, DIM + 1))),
        lambda store: store.put(items("a"), codes(1), np.full((1, DIM), np.nan)),
        lambda store: store.put(items("a"), codes(1), None, [b"", b""]),
        lambda store: store.put(items(""), codes(1)),
        lambda store: store.put(items("a", domain=""), codes(1)),
        lambda store: store.put_codes(codes(2)[:, :1], "photo"),
        lambda store: store.put_codes(codes(2), ""),
        lambda store: store.put_codes(codes(2), "photo", ["a"]),
        lambda store: store.put_codes(codes(2), "photo", ["a", ""]),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_is_written(store, call):
    store.put(items("a", "b"), codes(2))
    before, walked = store.meta(), list(store.walk())
    with pytest.raises(InvalidInput):
        call(store)
    assert (store.meta(), list(store.walk())) == (before, walked)


def test_more_than_a_server_gives_at_once_is_given_whole(store):
    """Milvus Lite leaves out what is above 16,384 rows without a word."""
    many = codes(20_000)
    given = store.put_codes(many, "photo")
    assert store.ids("photo").tolist() == given.tolist() == list(range(20_000))
    assert sum(len(block.ids) for block in store.live("photo")) == 20_000
    assert sum(1 for _ in store.every()) == sum(1 for _ in store.walk()) == 20_000
    distances, ids = _searcher(store).search(many[:1], ["photo"], 18_000)
    away = np.unpackbits(many ^ many[0], axis=1).sum(axis=1)
    order = np.argsort(away, kind="stable")[:18_000]
    assert (distances[0].tolist(), ids[0].tolist()) == (away[order].tolist(), order.tolist())
    assert store.remove(["photo/#0", "photo/#1"]) == 2
    assert store.ids("photo").tolist() == list(range(2, 20_000))
    assert store.verify() == []


def test_a_job_marks_how_far_it_is(store):
    assert store.mark("import one") == 0
    store.put(items("a"), codes(1), mark=Mark("import one", 1))
    store.put_codes(codes(4), "photo", mark=Mark("import two", 5))
    assert (store.mark("import one"), store.mark("import two"), store.mark("three")) == (1, 5, 0)
    store.finish("import one")
    before = store.meta().last_transaction
    store.finish("three")
    assert (store.mark("import one"), store.mark("import two")) == (0, 5)
    assert store.meta().last_transaction == before


def test_a_snapshot_is_one_moment_for_its_thread(store):
    store.put(items("a", "b"), codes(2))
    with store.snapshot(), store.snapshot():
        before = store.meta()
        thread = threading.Thread(
            target=lambda: (store.put(items("b", "c"), codes(2, 1)), store.remove(["a"]))
        )
        thread.start()
        thread.join()
        assert store.meta() == before
        if does(store, "keeps old versions"):
            assert [item.key for item in store.walk()] == ["a", "b"]
            assert sorted(held(store, "photo")) == [0, 1]
        else:
            assert list(store.walk()) == []
            assert held(store, "photo") == {}
        assert store.tombstones("photo").tolist() == []
    assert [item.key for item in store.walk()] == ["b", "c"]
    assert sorted(held(store, "photo")) == [2, 3]


def test_every_item_is_of_the_moment_of_the_first_and_hinders_nobody(store):
    """In one thread: what is written in the loop is not in it, and may take all the room it needs.

    A snapshot would keep a store on a disk from growing, and show what was there before.
    """
    store.put(items("b", "a", "c"), codes(3))
    store.put_codes(codes(3), "shape")
    store.remove(["shape/#4"])
    found = []
    for item in store.every():
        found.append((item.id, item.key))
        if len(found) == 1:
            store.remove(["a", "shape/#5"])
            size = 200_000 if does(store, "long records") else 50_000
            big = [replace(each, metadata={"m": "x" * size}) for each in items("c", "d")]
            store.put(big, codes(2, 1))
            store.put_codes(codes(2), "shape")
            assert store.by_key("a") is None
    assert found == [(0, "b"), (1, "a"), (2, "c"), (3, "shape/#3"), (5, "shape/#5")]
    assert [item.key for item in store.every()] == [
        "b",
        "c",
        "d",
        *(f"shape/#{i}" for i in (3, 8, 9)),
    ]
    assert next(store.every()).key == "b"  # and whoever stops early owes nothing


@pytest.mark.parametrize(
    "text",
    [
        "year > 2001",
        "year = 2001 or year = 2003",
        "not (year <= 2002)",
        "category in (cup, bat) and ok = true",
        "name >= m",
        "name != x",
        "key = k3",
        "domain = shape",
        "id < 3 and size = 0",
    ],
)
def test_filters_pass_what_a_walk_over_the_records_would(store, text):
    for number, domain in enumerate(("photo", "shape", "photo")):
        rows = [
            Item(
                -1,
                f"k{4 * number + at}",
                domain,
                category=(None, "cup", "bat", "cat")[at],
                metadata={"year": 2000 + at, "ok": at > 1, "name": "axmz"[at], "odd": None},
            )
            for at in range(4)
        ]
        store.put(rows, codes(4))
    store.put_codes(codes(3), "photo")
    store.remove(["k1", "k7"])
    expression = parse_where(text)
    mask = select(store, expression, ["photo", "shape"])
    assert mask.shape == (store.meta().next_id,)
    assert np.flatnonzero(mask).tolist() == sorted(i.id for i in store.walk() if expression(i))


def test_a_store_that_is_closed_says_so(store):
    store.close()
    with pytest.raises(StoreError, match="open it again"):
        store.meta()


KEYS = st.sampled_from(["a", "b", "c", "photo/#0", "photo/#3", "д"])
STEPS = st.one_of(
    st.tuples(st.just("put"), st.lists(KEYS, max_size=4), st.booleans()),
    st.tuples(st.just("codes"), st.integers(1, 3), st.just(None)),
    st.tuples(st.just("keyed"), st.lists(KEYS, min_size=1, max_size=3), st.booleans()),
    st.tuples(st.just("remove"), st.lists(KEYS, max_size=3), st.just(None)),
)


@settings(max_examples=25)
@given(st.lists(STEPS, max_size=8))
def test_both_answer_alike_whatever_is_done_to_them(tmp_path_factory, steps):
    with made("lmdb", tmp_path_factory.mktemp("s") / "0") as store:
        _compare(store, steps)


@pytest.mark.parametrize("kind", milvus_params())
@settings(max_examples=12)
@given(steps=st.lists(STEPS, min_size=3, max_size=8))
def test_milvus_answers_as_the_others_do(tmp_path_factory, kind, steps):
    with made(kind, tmp_path_factory.mktemp("s") / "0") as store:
        _compare(store, steps)


def _compare(store, steps):
    """Do the same to a store in memory and to this one, and ask both."""
    memory = MemoryStore(BITS, DIM)
    for at, (step, what, more) in enumerate(steps):
        if step == "codes" and any(memory.by_key(f"photo/#{n}") for n in (0, 3)):
            continue  # others pass over implied keys that are taken; an id may be left out
        answers = [_do(each, at, step, what, more) for each in (memory, store)]
        assert answers[0] == answers[1]
    tombs = does(store, "keeps tombstones")
    assert _all(store, tombs=tombs) == _all(memory, tombs=tombs)
    assert store.verify() == []
    for query in codes(3, 99):
        found = [
            _searcher(each).search(query[None], ["photo", "shape"], 9)[1].tolist()
            for each in (memory, store)
        ]
        assert found[0] == found[1]


def _searcher(store):
    """What searches a store."""
    if type(store).__name__ == "MilvusStore":
        from opensearch.milvus import MilvusSearch

        return MilvusSearch(store)
    return Searcher(store, None, BITS)


def _do(store, at, step, what, more):
    if step == "put":
        kept = items(*what, domain="shape" if more else "photo", path=f"/{at}")
        return store.put(kept, codes(len(what), at), vectors(len(what), at) if more else None)
    if step == "codes":
        return store.put_codes(codes(what, at), "photo").tolist()
    if step == "keyed":
        fields = [{"at": at}] * len(what) if more else None
        return store.put_codes(codes(len(what), at), "photo", what, fields).tolist()
    return store.remove(what)


def _all(store, *, tombs=True):
    books = store.meta()
    every = list(store.walk())
    rows, present = store.embeddings([item.id for item in every])
    return (
        (books.counts, books.embedded, books.next_id, books.domains),
        books.tombstones if tombs else {},
        every,
        (rows.tolist(), present.tolist()),
        {domain: held(store, domain) for domain in books.domains},
        {domain: store.tombstones(domain).tolist() for domain in books.domains} if tombs else {},
        sorted(store.readers().items()),
        [store.by_path(f"/{at}") for at in range(8)],
    )


def test_an_engine_works_on_another_store(toy_collection, tmp_path, monkeypatch):
    """Another store needs no more than to be opened: the folder of the index does that."""
    kept = {}

    def create(folder, bits, dim):
        kept[folder.path] = MemoryStore(bits, dim)

    monkeypatch.setattr(IndexFolder, "create_store", create)
    monkeypatch.setattr(IndexFolder, "open_store", lambda folder, *_, **__: kept[folder.path])
    memory = _worked(toy_collection, tmp_path / "memory", MemoryStore)
    monkeypatch.undo()
    assert memory == _worked(toy_collection, tmp_path / "lmdb", LmdbStore)


def _worked(collection, folder, kind):
    """What an engine answers that adds, removes, searches, groups, exports and imports."""
    with Engine.create(folder / "index", MODEL) as engine:
        assert isinstance(engine._store, kind)
        books = [engine.add(collection / "photo", domain="photo").to_dict() for _ in range(2)]
        assert books[0]["added"] == books[1]["unchanged"] > 10
        first, *others = [item.key for item in engine._store.walk()]
        years = [{"year": at} for at in range(40)]
        engine.add_codes(codes(40), "shape", [f"k{at}" for at in range(40)], years)
        engine.add_codes(codes(9, 1), "photo")
        assert engine.remove([others[0], "k3", "none"]) == 2
        engine.build_structure("hnsw")
        hits = [
            engine.search(keys=[first], k=8),
            engine.search(keys=[first], k=8, structure="hnsw"),
            engine.search(keys=[first], k=8, where="year > 30", targets=["shape"]),
        ]
        assert [len(found) for found in hits] == [8, 8, 8]
        info = engine.info()
        answers = [
            books,
            [[hit.to_dict() for hit in found] for found in hits],
            [part.tolist() for part in engine.search_batch(codes(5, 2), k=99)],
            {name: info[name] for name in ("items", "next_id", "structures", "tombstones")},
            list(engine.duplicates(2)),
            engine.export_to(folder / "out"),
            (folder / "out" / "items.jsonl").read_bytes(),
            engine.verify(),
        ]
    with Engine.create(folder / "again", MODEL) as engine:
        answers.append(engine.import_from(folder / "out").to_dict())
        answers.append([replace(item, id=0) for item in engine._store.walk()])
    return answers
