"""Put, update and remove against a dictionary, and what they leave on disk."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, blocks, lmdb_keys

BITS, DIM = 16, 3
DOMAINS = ("photo", "skëtch/√")


def items_of(keys, domain="photo", **fields):
    return [
        Item(-1, key, domain, path=f"/data/{key}", digest=key.encode()[:4], **fields)
        for key in keys
    ]


def arrays(count, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, BITS // 8), dtype=np.uint8)
    return codes, rng.normal(size=(count, DIM)).astype(np.float16)


@pytest.fixture
def store(tmp_path):
    with LmdbStore.create(tmp_path / "store" / "0", bits=BITS, dim=DIM) as store:
        yield store


def codes_of(store, domain):
    """Reference view: live rows by id, read from whole blocks."""
    dead = set(store.tombstones(domain).tolist())
    rows = {}
    for block in store.blocks(domain):
        for id_, row in zip(block.ids.tolist(), block.codes, strict=True):
            assert id_ not in rows
            rows[id_] = bytes(row)
    return {id_: row for id_, row in rows.items() if id_ not in dead}


def test_a_batch_comes_back_field_by_field(store):
    codes, vectors = arrays(2)
    item = Item(9, "a/1.png", "photo", "/data/a/1.png", "cat", 7, 2**62, b"d" * 16, {"y": [1, "é"]})
    odd = Item(0, "b\udcff\x00", "shape")
    assert store.put([item, odd], codes, vectors, [b"jpeg", b""]) == [0, 1]
    assert store.items([1, 0]) == [replace(odd, id=1), replace(item, id=0)]
    assert store.by_key("b\udcff\x00") == replace(odd, id=1)
    assert store.by_path("/data/a/1.png") == replace(item, id=0)
    assert store.by_digest(b"d" * 16) == [replace(item, id=0)]
    assert (store.thumbnail(0), store.thumbnail(1)) == (b"jpeg", None)
    rows, present = store.embeddings([1, 5, 0, 1])
    assert present.tolist() == [True, False, True, True]
    assert np.array_equal(rows, [vectors[1], [0, 0, 0], vectors[0], vectors[1]])
    meta = store.meta()
    assert (meta.counts, meta.embedded) == ({"photo": 1, "shape": 1}, {"photo": 1, "shape": 1})
    assert (meta.last_transaction, meta.next_id, meta.bits, meta.dim) == (1, 2, BITS, DIM)


def test_absent_things_are_none(store):
    assert store.by_key("") is store.by_key("x") is store.by_path("") is store.by_path("x") is None
    assert store.by_digest(b"") == store.by_digest(b"x") == list(store.blocks("none")) == []
    assert store.thumbnail(3) is None
    assert store.tombstones("none").tolist() == []
    assert store.put([], np.zeros((0, 2), np.uint8)) == []
    assert store.remove(["", "x"]) == 0
    with pytest.raises(StoreError, match="no item has the id 4; it was removed or replaced"):
        store.items([4])


def test_a_replaced_item_gets_a_new_id_and_its_old_row_a_tombstone(store):
    codes, vectors = arrays(3)
    store.put(items_of("abc"), codes, vectors, [b"1", b"2", b"3"])
    assert store.put(items_of("b"), codes[:1]) == [3]
    assert store.by_key("b").id == 3
    assert store.tombstones("photo").tolist() == [1]
    assert store.thumbnail(1) is None
    assert store.meta().embedded == {"photo": 2}
    assert [item.id for item in store.by_digest(b"b")] == [3]
    assert store.embeddings([1])[1].tolist() == store.embeddings([3])[1].tolist() == [False]
    assert store.remove(["b", "zz", "b", "a"]) == 2
    assert store.meta().tombstones == {"photo": 3}
    assert store.verify() == []


def test_the_last_of_items_that_share_a_key_in_a_batch_is_stored(store):
    codes, vectors = arrays(4)
    ids = store.put(items_of(["a", "b", "a", "c"]), codes, vectors, [b"1", b"2", b"3", b"4"])
    assert ids == [1, 0, 1, 2]
    assert codes_of(store, "photo") == {0: bytes(codes[1]), 1: bytes(codes[2]), 2: bytes(codes[3])}
    assert store.thumbnail(1) == b"3"


def test_a_moved_file_keeps_its_id_and_code(store):
    store.put(items_of("ab"), *arrays(2))
    a, b = store.items([0, 1])
    moved = replace(a, key="z", path="/new/z", mtime_ns=5, metadata={"n": 1})
    store.update([moved])
    assert store.by_key("a") is None
    assert store.by_path("/data/a") is None
    assert store.by_path("/new/z") == store.by_key("z") == moved
    store.update([replace(moved, key="b"), replace(b, key="z")])  # swapped in one batch
    assert (store.by_key("b").id, store.by_key("z").id) == (0, 1)
    assert store.verify() == []


def test_an_update_that_cannot_be_is_refused_whole(store):
    store.put(items_of("abc"), *arrays(3))
    a, b, c = store.items([0, 1, 2])
    with pytest.raises(InvalidInput, match="cannot take the key 'c': another item has it"):
        store.update([replace(a, path="/elsewhere"), replace(b, key="c")])
    with pytest.raises(InvalidInput, match="is of domain 'photo', not 'shape'"):
        store.update([replace(a, domain="shape")])
    with pytest.raises(InvalidInput, match="comes twice in one update"):
        store.update([a, replace(a, key="n")])
    with pytest.raises(InvalidInput, match="needs a key"):
        store.update([replace(a, key="")])
    with pytest.raises(StoreError, match="no item has the id 7"):
        store.update([replace(a, id=7)])
    assert store.items([0, 1, 2]) == [a, b, c]
    assert store.meta().last_transaction == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"codes": np.zeros((1, 3), np.uint8)},
            r"codes must be uint8 of shape \(1, 2\), got uint8",
        ),
        ({"codes": np.zeros((1, 2), int)}, "codes must be uint8 .* got int64"),
        ({"embeddings": np.zeros((1, 2))}, r"embeddings must be floating of shape \(1, 3\)"),
        ({"embeddings": np.full((1, 3), 1e9)}, "row 0 holds NaN or numbers too large for float16"),
        ({"thumbnails": []}, "1 items came with 0 thumbnails"),
        ({"items": [Item(0, "", "photo")]}, "needs a key and a domain"),
        ({"items": [Item(0, "k", "")]}, "needs a key and a domain"),
        *(
            ({"items": [Item(0, "k", "photo", metadata=wrong)]}, "metadata must be JSON values")
            for wrong in ({"x": {1}}, {"x": b"a"}, {"x": [float("nan")]}, {1: 2}, {"x": "\ud800"})
        ),
    ],
)
def test_a_batch_that_cannot_be_stored_is_refused_by_name(store, change, message):
    batch = {"items": items_of("a"), "codes": np.zeros((1, 2), np.uint8)} | change
    with pytest.raises(InvalidInput, match=message):
        store.put(**batch)
    assert store.meta().next_id == 0


def test_walk_is_in_order_of_key_even_past_what_a_name_holds(store, monkeypatch):
    monkeypatch.setattr("opensearch.store.lmdb_reading._PAGE", 2)
    long = "x" * (lmdb_keys.HEAD - 1) + "é"  # the head ends inside a letter
    keys = [long + tail for tail in ("", "b", "a" * 30, "c" * 99, "b" * 70, "b" * 71)]
    keys += ["x" * size for size in range(470, 500, 3)] + ["a", "xy", "y", "\U0001f600", "\uffff"]
    store.put(items_of(keys), *arrays(len(keys)))
    assert [item.key for item in store.walk()] == sorted(keys)
    assert [store.by_key(key).key for key in keys] == keys
    for prefix in ("x", "xy", long + "b", long + "b" * 70, "none"):
        expected = sorted(key for key in keys if key.startswith(prefix))
        assert [item.key for item in store.walk(prefix)] == expected


def test_keys_whose_hashes_collide_are_refused_not_mixed(store, monkeypatch):
    monkeypatch.setattr(lmdb_keys, "blake16", lambda raw: b"same hash for all"[:16])
    one, two = "k" * 600, "k" * 601
    store.put(items_of([one]), *arrays(1))
    store.put(items_of("ab"), *arrays(2))
    assert store.by_key(two) is None
    assert store.by_path("/data/b").key == "b"  # one hash for all paths, told apart by the text
    assert [item.key for item in store.by_digest(b"a")] == ["a"]
    with pytest.raises(StoreError, match="hashes collide; rename one"):
        store.put(items_of([two]), *arrays(1))
    with pytest.raises(StoreError, match="hashes collide; rename one"):
        store.remove([two])
    assert store.by_key(one).key == one
    assert store.verify() == []


def test_many_small_puts_leave_few_blocks(store):
    codes, vectors = arrays(300)
    for at, key in enumerate(map(str, range(300))):
        store.put(items_of([key]), codes[at : at + 1], vectors[at : at + 1])
    sizes = [len(block.ids) for block in store.blocks("photo")]
    assert sizes == [256, 32, 8, 4]  # a binary counter at 300
    assert codes_of(store, "photo") == {at: bytes(codes[at]) for at in range(300)}
    assert np.array_equal(store.embeddings(range(300))[0], vectors)


def test_blocks_stop_at_their_limit_and_start_after_an_id(store, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_ITEMS", 8)
    codes, _ = arrays(50)
    at = 0
    for size in (3, 20, 1, 1, 9, 16):
        store.put(items_of(map(str, range(at, at + size))), codes[at : at + size])
        at += size
    found = list(store.blocks("photo"))
    assert max(len(block.ids) for block in found) == 8
    assert np.array_equal(np.concatenate([block.ids for block in found]), np.arange(50))
    assert np.array_equal(np.concatenate([block.codes for block in found]), codes)
    for after in range(-1, 51):
        ids = [id_ for block in store.blocks("photo", after) for id_ in block.ids.tolist()]
        assert ids == list(range(after + 1, 50))


KEYS = st.sampled_from([*"abcdefgh", "g" * 600, "g" * 601])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.lists(KEYS, max_size=6), st.sampled_from(DOMAINS)),
        st.tuples(st.just("bare"), st.lists(KEYS, max_size=6), st.sampled_from(DOMAINS)),
        st.tuples(st.just("remove"), st.lists(KEYS, max_size=3), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=25)
@given(STEPS)
def test_any_sequence_agrees_with_a_dictionary_and_repeats_itself(tmp_path_factory, steps):
    expected, seen = {}, []
    folders = [tmp_path_factory.mktemp("store") for _ in range(2)]
    for folder in folders:
        expected.clear()
        with LmdbStore.create(folder / "0", bits=BITS, dim=DIM) as store:
            for seed, (verb, keys, domain) in enumerate(steps):
                codes, vectors = arrays(len(keys), seed)
                if verb == "remove":
                    present = {key for key in keys if expected.pop(key, None) is not None}
                    assert store.remove(keys) == len(present)
                    continue
                held = vectors if verb == "put" else None
                ids = store.put(items_of(keys, domain), codes, held)
                for at, (key, id_) in enumerate(zip(keys, ids, strict=True)):
                    vector = None if held is None else held[at].tolist()
                    expected[key] = (id_, domain, bytes(codes[at]), vector)
            assert store.verify() == []
            assert [item.key for item in store.walk()] == sorted(expected)
            for key, (id_, domain, code, vector) in expected.items():
                assert (store.by_key(key).id, store.by_key(key).domain) == (id_, domain)
                assert codes_of(store, domain)[id_] == code
                rows, present = store.embeddings([id_])
                assert present[0] == (vector is not None)
                assert vector is None or rows[0].tolist() == vector
            meta = store.meta()
            assert sum(meta.counts.values()) == len(expected)
            layout = [
                (name, [(b.ids.tolist(), b.codes.tolist()) for b in store.blocks(name)])
                for name in meta.domains
            ]
            seen.append((layout, replace(meta, identity="", origin="")))
    assert seen[0] == seen[1]
