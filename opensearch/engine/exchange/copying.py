"""Copying a whole index, ids included, to another place of any kind.

Nothing is encoded. Items go from store to store in order of id, a page at a time; the index at the
other place appears only once it is complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.bundle import Bundle
from opensearch.engine.lifecycle.places import Place, kind_of
from opensearch.progress import Count
from opensearch.records import Item, Where
from opensearch.store import Block, Store, implied_key

_PAGE: Final = 2**14
"""Items in memory at once."""


@dataclass(frozen=True)
class _Row:
    """An item with its code; `bare` is a ready code without a record."""

    item: Item
    code: NDArray[np.uint8]
    embedded: bool
    bare: bool

    @property
    def kind(self) -> tuple[bool, str]:
        """What rows of one batch share."""
        return self.embedded, self.item.domain if self.bare else ""


def copy_index(place: Place, store: Store, bundle: Bundle, where: Where, progress: Count) -> int:
    """Copy an index; return how many items it has.

    Args:
        place: of the index.
        store: its items, which others may write to meanwhile: a snapshot is copied.
        bundle: its own model.
        where: the other place, where nothing lies yet.
        progress: called with items copied and items in all.

    Raises:
        StoreError: something lies there, or it cannot be written.
        InvalidInput: an item is larger than the other place can hold.
    """
    done = 0
    with (
        store.snapshot(),
        kind_of(where).building(where, bundle, place.precision) as other,
    ):
        meta = store.meta()
        total = sum(meta.counts.values())
        other.create_store(meta.bits, meta.dim)
        with other.open_store() as target:
            for page in _pages(store):
                _put(store, target, page)
                done += len(page.ids)
                progress(done, total)
        ignored = place.read_ignored()
        if ignored:
            other.write_ignored(ignored)
    return done


def _pages(store: Store) -> Iterator[Block]:
    """Codes of all domains in order of id, in blocks of a page."""
    streams = {name: _small(store.live(name)) for name in store.meta().domains}
    heads = {name: next(stream, None) for name, stream in streams.items()}
    while held := {name: block for name, block in heads.items() if block is not None}:
        last = min(int(block.ids[-1]) for block in held.values())
        parts = []
        for name, block in held.items():
            cut = int(np.searchsorted(block.ids, last, "right"))
            parts.append(Block(block.ids[:cut], block.codes[:cut]))
            rest = Block(block.ids[cut:], block.codes[cut:])
            heads[name] = rest if len(rest.ids) else next(streams[name], None)
        ids = np.concatenate([part.ids for part in parts])
        order = np.argsort(ids)
        yield Block(ids[order], np.concatenate([part.codes for part in parts])[order])


def _small(blocks: Iterator[Block]) -> Iterator[Block]:
    for block in blocks:
        for start in range(0, len(block.ids), _PAGE):
            part = slice(start, start + _PAGE)
            yield Block(block.ids[part], block.codes[part])


def _put(store: Store, target: Store, page: Block) -> None:
    """Store a page at the other place, in batches of one kind."""
    ids = page.ids.tolist()
    vectors, embedded = store.embeddings(ids, check=True)
    thumbnails, imprints = store.thumbnails(ids), store.imprints(ids)
    unnamed = any(store.meta().unnamed.values())
    rows = [
        _Row(item, code, has, unnamed and _is_bare(item, has))
        for item, code, has in zip(store.items(ids), page.codes, embedded.tolist(), strict=True)
    ]
    start = 0
    for (has, domain), group in groupby(rows, key=lambda row: row.kind):
        batch = list(group)
        part = slice(start, start + len(batch))
        start += len(batch)
        if domain:
            target.put_codes(page.codes[part], domain, ids=page.ids[part])
        else:
            target.put(
                [row.item for row in batch],
                page.codes[part],
                vectors[part] if has else None,
                thumbnails[part],
                imprints=imprints[part],
                ids=page.ids[part],
            )


def _is_bare(item: Item, embedded: bool) -> bool:
    """Whether an item has nothing but a code and the key that its id implies."""
    fields = item.path or item.digest or item.category is not None or item.metadata
    return not (embedded or fields) and item.key == implied_key(item.domain, item.id)
