"""Imprints for items that older versions stored without any, or with less than is kept now.

A picture's thumbnail is enough; drawings and shapes need their file, unchanged and in its place. If
that is gone, a drawing's imprint is made from its thumbnail, and a shape gets none.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from opensearch.domains.collections.catalog import fingerprint
from opensearch.domains.opening.workers import Readers
from opensearch.domains.reading import imprint_of_file
from opensearch.domains.shapes.upright import declared
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.imprints.kinds import CORNERS, PICTURE, SHAPE
from opensearch.model import Model
from opensearch.model.inputs import file_and_part
from opensearch.records import Item, Stamp
from opensearch.store import Store

_LESS: Final = (b"", PICTURE, SHAPE, CORNERS)
"""First bytes of imprints that hold less than is kept now, where the file has more."""
_PAGE: Final = 256
"""Items whose imprints are stored at once."""


def make_imprints(store: Store, model: Model) -> int:
    """Make the imprints that items lack; return how many were made.

    Killed at any moment, what was made stays, and the next run goes on.

    Raises:
        StoreError: another process writes to the index.
    """
    made = 0
    with model.readers() as readers, ThreadPoolExecutor(readers.count) as pool:
        for items in _lacking(store, model):
            imprints = list(pool.map(partial(_imprint, store, model, readers), items))
            found = [(i.id, each) for i, each in zip(items, imprints, strict=True) if each]
            store.put_imprints([id_ for id_, _ in found], [each for _, each in found])
            made += len(found)
    return made


def _lacking(store: Store, model: Model) -> Iterator[list[Item]]:
    """Items of domains that the model reads, in pages; ready codes are none."""
    for domain in model.bundle.card.domains:
        ids = store.ids(domain).tolist()
        for start in range(0, len(ids), _PAGE):
            page = ids[start : start + _PAGE]
            first = {i: each[:1] for i, each in zip(page, store.imprints(page), strict=True)}
            some = [id_ for id_, byte in first.items() if byte in _LESS]
            items = [
                item
                for item in store.items(some)
                if item.digest and (first[item.id] != PICTURE or _drawn(item))
            ]
            if items:
                yield items


def _drawn(item: Item) -> bool:
    """Whether the file of an item says its strokes."""
    return file_and_part(Path(item.path))[0].suffix.lower() == ".ndjson"


def _imprint(store: Store, model: Model, readers: Readers, item: Item) -> bytes:
    reader = model.bundle.domain(item.domain).reader.reader
    if reader != "image" and item.path:
        imprint = _of_file(model, readers, item)
        if imprint:
            return imprint
    picture = store.thumbnail(item.id)
    if picture is None or reader == "mesh" or store.imprints([item.id])[0]:
        return b""
    return imprint_of_file(picture)


def _of_file(model: Model, readers: Readers, item: Item) -> bytes:
    """The imprint of an item's file, none where it is gone or another one."""
    path, part = file_and_part(Path(item.path))
    stamp = Stamp(item.size, item.mtime_ns, item.digest)
    try:
        if fingerprint(path) != (item.size, item.mtime_ns):
            return b""
        opened = readers.open(path, part, item.domain, True, declared(item.metadata), stamp)
    except (UnreadableFile, InvalidInput, OSError):
        return b""
    return opened.imprint if opened.digest == item.digest else b""
