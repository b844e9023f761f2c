"""Writing an index as JSON lines and arrays that other programs read; see docs/formats.md.

Everything comes from one snapshot and is streamed: memory holds a few blocks, whatever the size.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.tensors import write_atomic
from opensearch.engine.lifecycle.made_whole import is_taken, made_whole
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.progress import Count
from opensearch.records import Item
from opensearch.store import Block, Meta, Store, implied_key

FORMAT = 2
"""Version of what is written; 1 lacks the reader's version of an item, and is still read."""

MANIFEST = "manifest.json"
ITEMS, CODES, EMBEDDINGS = "items.jsonl", "codes.npy", "embeddings.npy"
THUMBNAILS = "thumbnails.bin"
PAGE = 1024
"""Items in memory at once."""


class _Summed:
    """A file written once, which keeps its sha256 and size."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.size = 0
        self.sha256 = hashlib.sha256()
        self._file: BinaryIO = path.open("wb")

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.sha256.update(data)
        self.size += len(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def export(
    store: Store,
    identities: Mapping[str, str],
    out: Path,
    progress: Count,
    chosen: Callable[[], NDArray[np.int64]] | None = None,
) -> int:
    """Write items of a store to a new folder; return how many there were.

    Args:
        store: what to write.
        identities: of the model that made it.
        out: made whole under another name first; may be there, empty.
        progress: called with items written and items in all.
        chosen: gives the ids of the items to write, in the same snapshot; all when `None`.

    Raises:
        InvalidInput: the folder holds files or cannot be written, an item has metadata that JSON
            cannot hold.
        StoreError: what is stored is damaged, or another process writes there; nothing is left
            in the folder.
        OpenSearchError: the disk is full; nothing is left.
    """
    try:
        return _whole(store, identities, out, progress, chosen)
    except OSError as error:
        raise unwritable(error)(
            f"cannot write the export {str(out)!r}: {system_reason(error)}; nothing of it was kept"
        ) from error


def _whole(
    store: Store,
    identities: Mapping[str, str],
    out: Path,
    progress: Count,
    chosen: Callable[[], NDArray[np.int64]] | None,
) -> int:
    if is_taken(out):
        raise InvalidInput(f"{out} is there already; export to a new or empty folder")
    if not out.name:
        raise InvalidInput(f"{out} cannot be the name of a folder; export to a new one")
    with made_whole(out.absolute()) as made, store.snapshot():
        return _write(store, identities, made, progress, None if chosen is None else chosen())


def _write(
    store: Store,
    identities: Mapping[str, str],
    out: Path,
    progress: Count,
    ids: NDArray[np.int64] | None,
) -> int:
    """Write the items of these ids, all when `None`."""
    meta = store.meta()
    total, done = sum(meta.counts.values()) if ids is None else len(ids), 0
    with (
        _Summed(out / ITEMS) as lines,
        _Summed(out / CODES) as codes,
        _Summed(out / EMBEDDINGS) as embeddings,
        _Summed(out / THUMBNAILS) as thumbnails,
    ):
        _header(codes, "|u1", (total, meta.bits // 8))
        _header(embeddings, "<f2", (total, meta.dim))
        for domain in meta.domains:
            for block in store.live(domain):
                rows = np.flatnonzero(np.isin(block.ids, block.ids if ids is None else ids))
                for start in range(0, len(rows), PAGE):
                    part = rows[start : start + PAGE]
                    page = Block(block.ids[part], block.codes[part])
                    codes.write(page.codes.tobytes())
                    _write_items(store, page, lines, embeddings, thumbnails)
                    done += len(page.ids)
                    progress(done, total)
    _write_manifest(out, meta, identities, total, (lines, codes, embeddings, thumbnails))
    return total


def _write_manifest(
    out: Path,
    meta: Meta,
    identities: Mapping[str, str],
    items: int,
    files: Sequence[_Summed],
) -> None:
    """What the export holds, made by which model, and the sums of its files."""
    kept = ("space", "hash", *(f"encoder/{domain}" for domain in meta.held))
    manifest = {
        "format": FORMAT,
        "items": items,
        "bits": meta.bits,
        "dim": meta.dim,
        "identities": {part: identities[part] for part in kept if part in identities},
        "files": {f.name: {"bytes": f.size, "sha256": f.sha256.hexdigest()} for f in files},
    }
    write_atomic(out / MANIFEST, json.dumps(manifest, indent=1).encode())


def _write_items(
    store: Store, page: Block, lines: _Summed, embeddings: _Summed, thumbnails: _Summed
) -> None:
    ids = page.ids.tolist()
    rows, present = store.embeddings(ids, check=True)
    embeddings.write(rows.astype("<f2", copy=False).tobytes())
    for item, embedded in zip(store.items(ids), present.tolist(), strict=True):
        picture = store.thumbnail(item.id) or b""
        thumbnails.write(picture)
        lines.write(_line(item, embedded, len(picture)))


def _line(item: Item, embedded: bool, thumbnail: int) -> bytes:
    fields: dict[str, Any] = {name: getattr(item, name) for name in Item.__slots__}
    fields |= {"digest": item.digest.hex(), "embedded": embedded, "thumbnail": thumbnail}
    code_alone = not (embedded or thumbnail or item.path or item.digest)
    if code_alone and item.key == implied_key(item.domain, item.id):
        fields["key"] = None  # its id names it, and where it is imported it gets another
    _check_metadata(item)
    return json.dumps(fields).encode() + b"\n"


def _check_metadata(item: Item) -> None:
    """Refuse metadata that JSON would not give back unchanged: bytes, keys that are not text."""
    try:
        if repr(json.loads(json.dumps(item.metadata))) == repr(item.metadata):  # nan is nan here
            return
        reason = "a name that is no text"
    except TypeError as error:
        reason = str(error)
    raise InvalidInput(
        f"item {item.key!r} has metadata that JSON cannot hold ({reason}); index it again with"
        " plain values, then export"
    )


def _header(file: _Summed, descr: str, shape: tuple[int, int]) -> None:
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
