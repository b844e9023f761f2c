"""Checksums of records, pictures, blocks and books: damage is told, and never copied as sound."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.engine import Engine
from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import LmdbStore, Meta, codec, meta

MODEL = Path(__file__).parents[1] / "golden" / "model"
ITEM = Item(7, "k", "photo", "/p", "cup", 1, 2, b"d" * 16, {"year": 2001}, "image 2")
HEADER = codec.HEADER.pack(0, True)


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_no_flipped_bit_of_a_record_is_taken_for_an_item(at, bit):
    record = codec.pack_items([ITEM], [HEADER], sums=True)[0]
    assert codec.unpack_item(7, record, ["photo", "shape"]) == ITEM
    damaged = bytearray(record)
    damaged[at % len(record)] ^= 1 << bit
    with pytest.raises(StoreError, match="the record of item 7 is damaged"):
        codec.unpack_item(7, bytes(damaged), ["photo", "shape"])


def test_a_record_of_an_older_format_is_read_and_renewed():
    old = codec.pack_items([ITEM], [HEADER], sums=False)[0]
    before = replace(ITEM, reader="")
    assert codec.unpack_item(7, old, ["photo"]) == before
    new = codec.renewed(7, old, ["photo"])
    assert new == codec.pack_items([before], [HEADER], sums=True)[0]
    assert codec.renewed(7, new, ["photo"]) == new


def test_the_readers_version_is_kept_where_the_format_has_it(tmp_path, monkeypatch):
    kept = {}
    for number in (2, 3):
        with monkeypatch.context() as patch:
            patch.setattr(Meta.__init__, "__defaults__", _defaults(number))
            store = LmdbStore.create(tmp_path / str(number), bits=16, dim=4)
        store.put([ITEM], np.zeros((1, 2), np.uint8), np.ones((1, 4)), [b"picture"])
        assert store.meta().format == number
        assert store.verify() == []
        kept[number] = store.items([0])[0].reader, store.thumbnail(0), store.meta().origin != ""
        store.update([replace(ITEM, id=0, key="other")])
        assert store.items([0])[0].reader == kept[number][0]
        store.compact_to(tmp_path / f"{number}-compacted")
        with LmdbStore.open(tmp_path / f"{number}-compacted") as copy:
            assert copy.meta().format == 3
            assert copy.meta().lineage == store.meta().lineage
            assert copy.meta().identity != store.meta().identity
            assert copy.items([0])[0].reader == kept[number][0]
            assert copy.thumbnail(0) == b"picture"
            assert copy.verify() == []
        store.close()
    assert kept == {2: ("", b"picture", False), 3: ("image 2", b"picture", True)}


def _defaults(number):
    """Defaults of `Meta` with another format."""
    given_defaults = Meta.__init__.__defaults__
    return tuple(number if value == meta.FORMAT else value for value in given_defaults)


@pytest.fixture
def index(tmp_path):
    """3,000 items with every kind of row, in more than one block."""
    rng = np.random.default_rng(7)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        items = [Item(-1, f"key-{at:04d}", "photo", f"/p/{at}") for at in range(3000)]
        codes, vectors = rng.integers(0, 256, (3000, 2), np.uint8), rng.normal(size=(3000, 4))
        engine._store.put(items, codes, vectors, [b"picture-%04d" % at for at in range(3000)])
    return tmp_path / "index"


def needle(engine, what):
    """Bytes on the disk that belong to one kind of row, and none of them twice."""
    store = engine._store
    if what == "codes":
        return next(store.blocks("photo")).codes[1000:1010].tobytes()
    if what == "embeddings":
        return store.embeddings(range(1000, 1010))[0].tobytes()
    return {"records": b"/p/1000\xc0", "pictures": b"picture-1000"}[what]


def flip(index, wanted):
    file = index / "store" / "0" / "data.mdb"
    data = bytearray(file.read_bytes())
    at, count = data.find(wanted), data.count(wanted)
    assert count >= 1
    while at >= 0:
        data[at + 3] ^= 4
        at = data.find(wanted)
    file.write_bytes(data)


KINDS = {
    "codes": r"1 block of codes of 'photo' is not as it was written",
    "embeddings": r"1 block of embeddings of 'photo' is not as it was written",
    "records": r"the record of item 1000 is damaged: its bytes are not those that were written",
    "pictures": r"the thumbnail of item 1000 is damaged",
}


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("how", ["compact", "export", "merge"])
def test_damage_is_never_copied_as_if_it_were_sound(index, tmp_path, what, how):
    with Engine.open(index) as engine:
        wanted = needle(engine, what)
    flip(index, wanted)
    rng = np.random.default_rng(8)
    with Engine.open(index) as engine:
        found = engine.verify()
        assert any(re.search(KINDS[what], sentence) for sentence in found), found
        if how == "compact":
            with pytest.raises(StoreError, match="restore the index from a copy"):
                engine.compact()
        elif how == "export":
            with pytest.raises(StoreError, match="restore the index from a copy"):
                engine.export_to(tmp_path / "out")
            assert not list(tmp_path.glob("*out*"))
        elif what in ("codes", "embeddings"):  # the last block is small and would be merged
            more = [Item(-1, f"new-{at}", "photo") for at in range(4000)]
            codes, vectors = rng.integers(0, 256, (4000, 2), np.uint8), rng.normal(size=(4000, 4))
            with pytest.raises(StoreError, match="restore the index from a copy"):
                engine._store.put(more, codes, vectors)
            assert engine.info()["items"] == {"photo": 3000}
        again = engine.verify()
        assert any(re.search(KINDS[what], sentence) for sentence in again), again


def test_damaged_books_are_told(index):
    with Engine.open(index) as engine:
        name = engine._store.meta().identity.encode()
    file = index / "store" / "0" / "data.mdb"
    data = file.read_bytes()
    assert name in data
    file.write_bytes(data.replace(name, bytes([name[0] ^ 1]) + name[1:]))
    with pytest.raises(StoreError, match=r"the books of .* are damaged \(their bytes are not"):
        Engine.open(index)


def test_an_older_format_keeps_its_own_fields(tmp_path, monkeypatch):
    import msgpack

    monkeypatch.setattr(Meta.__init__, "__defaults__", _defaults(2))
    with LmdbStore.create(tmp_path / "0", bits=16, dim=4) as store:
        shared = store._environment
        with shared.read() as txn:
            held = msgpack.unpackb(txn.get(b"meta", db=shared.tables["meta"]))
            assert txn.stat(shared.tables["meta"])["entries"] == 1
    assert sorted(held) == [
        "bits",
        "counts",
        "dim",
        "embedded",
        "format",
        "identity",
        "last_transaction",
        "next_id",
        "tombstones",
    ]
