"""Write the golden indexes of the store format that the code at hand makes.

    python tests/golden/make.py

Writes `tests/golden/format-<n>_<what it holds>/`: an index without its model, which all golden
indexes share (`tests/golden/model`, trained as the fixture `toy_model` is), and `expected.json`,
what must be found in it. Run it once after a new format, or for a new thing held; folders that are
there stay, and no test passes without them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from opensearch.engine import Engine
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.records import Item
from opensearch.store import FORMAT, LmdbStore

HERE = Path(__file__).parent
MODEL = HERE / "model"
DOMAINS = ("photo", "shape", "sketch")
PICTURE = b"\xff\xd8 a picture \xff\xd9"


def item(number: int) -> Item:
    """The item of a number: fields of every kind, some of them missing."""
    domain = DOMAINS[number % 3]
    key = f"{domain}/{number:02d}.png"
    metadata = {"year": 2000 + number % 7, "score": number / 4, "ok": number % 2 == 0}
    if number % 5 == 0:
        metadata = {"note": "naïve — ✓", "year": "unknown", "tags": ["a", number]}
    return Item(
        id=-1,
        key=key,
        domain=domain,
        path=f"/collection/{key}",
        category=(None, "cup", "stop sign")[number % 4 % 3],
        size=1000 + number,
        mtime_ns=10**18 + number,
        digest=number.to_bytes(16, "big"),
        metadata=metadata,
        reader="" if number % 4 == 0 else f"image {number % 4}",
    )


def write(store: LmdbStore) -> None:
    """Batches of every kind: with and without embeddings, replaced, moved, removed."""
    rng = np.random.default_rng(7)
    meta = store.meta()
    codes = rng.integers(0, 256, (60, meta.bits // 8), np.uint8)
    vectors = rng.normal(size=(60, meta.dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = [item(number) for number in range(60)]
    store.put(items[:40], codes[:40], vectors[:40], [PICTURE] * 40)
    bare = [Item(-1, f"code/{at}", "photo", metadata={"n": at}) for at in range(40, 50)]
    store.put(bare, codes[40:50])
    store.put(items[5:10], codes[50:55], vectors[50:55], [b""] * 5)
    store.remove(["photo/00.png", "sketch/02.png", "code/44"])
    held = store.by_key("shape/01.png")
    assert held is not None
    moved = Item(held.id, "shape/moved.png", "", "/collection/moved", "moved cup", 1, 2, b"m" * 16)
    store.update([moved])


def write_codes(store: LmdbStore) -> None:
    """Ready codes in bulk: alone, with fields, with keys; some removed or replaced."""
    rng = np.random.default_rng(8)
    codes = rng.integers(0, 256, (60, store.meta().bits // 8), np.uint8)
    store.put_codes(codes[:25], "photo")
    years = [{"year": 2000 + at} for at in range(15)]
    store.put_codes(codes[25:40], "shape", None, years, [None, "cup", "stop sign"] * 5)
    store.put_codes(codes[40:50], "shape", [f"code/{at}" for at in range(10)])
    store.put_codes(codes[50:], "shape")
    store.remove(["photo/#3", "photo/#24", "shape/#26", "code/1", "shape/#50"])
    store.put_codes(codes[:2], "photo", ["photo/#7", "code/2"])


HELD = {"photo-shape-sketch_16-bits": write, "codes-alone_16-bits": write_codes}
"""What an index of the newest format holds, and what writes it."""


def expected(store: LmdbStore) -> list[dict[str, object]]:
    """Everything the store keeps of every item, as plain JSON types."""
    codes = {
        int(id_): code.tobytes().hex()
        for domain in store.meta().counts
        for block in store.blocks(domain)
        for id_, code in zip(block.ids, block.codes, strict=True)
    }
    rows = []
    for held in store.walk():
        vectors, present = store.embeddings([held.id])
        fields = {name: getattr(held, name) for name in held.__slots__}
        fields["digest"] = held.digest.hex()
        fields["code"] = codes[held.id]
        fields["embedding"] = vectors[0].tobytes().hex() if present[0] else None
        fields["thumbnail"] = (store.thumbnail(held.id) or b"").hex()
        rows.append(fields)
    return rows


def main() -> None:
    """Make the indexes of this format that are not there."""
    for held, work in HELD.items():
        out = HERE / f"format-{FORMAT}_{held}"
        if not out.exists():
            make(out, work)


def make(out: Path, work: Callable[[LmdbStore], None]) -> None:
    """Make an index, less its model, and list what it holds."""
    Engine.create(out, MODEL).close()
    with LmdbStore.open(IndexFolder.open(out).store) as store:
        work(store)
        rows = expected(store)
        found = store.verify()
    assert not found, found
    shutil.rmtree(out / "model")
    shutil.rmtree(out / "search", ignore_errors=True)
    for lock in out.rglob("*lock*"):
        lock.unlink()
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (out / "expected.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
