"""The items that a filter and a folder let pass, by id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.layout import placed
from opensearch.engine.filters.comparing import BELOW, Comparison
from opensearch.engine.filters.naming import item_named
from opensearch.engine.filters.remarks import remarks
from opensearch.engine.filters.selecting import select, targeted
from opensearch.engine.filters.where import Both, Expression, parse_where
from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.remote import root_of
from opensearch.store import Store

_PAGE: Final = 1024


@dataclass(frozen=True)
class Found:
    """Items that were asked for.

    Attributes:
        ids: theirs, ascending: in the order they were added.
        notes: what the filter asks for and no item has.
        missing: keys that no item has.
    """

    ids: NDArray[np.int64]
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.ids)


def find(
    store: Store,
    where: str | None = None,
    *,
    keys: Sequence[str] = (),
    folder: str | Path | None = None,
    targets: Sequence[str] = (),
) -> Found:
    """Items by key, and those that pass a filter and whose files lie in a folder.

    Args:
        store: what is looked through.
        where: filter expression, see `engine.filters.where`.
        keys: of items that are wanted in any case.
        folder: of files, or a file; it need not be there any more, and may be an address.
        targets: domains that filter and folder look through; all that the store holds when empty.

    Returns:
        All items where neither filter nor keys nor folder is given.

    Raises:
        InvalidInput: a malformed filter or an unknown domain.
    """
    expression = None if where is None else parse_where(where)
    with store.snapshot():
        named = {key: item_named(store, key) for key in keys}
        parts = [np.array([item.id for item in named.values() if item], np.int64)]
        missing = [key for key, item in named.items() if item is None]
        domains = targeted(store, targets)
        notes = [] if expression is None else remarks(store, expression, domains)
        asked = _asked(expression, folder)
        if asked is not None:
            parts.append(np.flatnonzero(select(store, asked, domains)).astype(np.int64))
        elif not keys:
            parts += [store.ids(domain) for domain in domains]
        return Found(np.unique(np.concatenate(parts)), notes, missing)


def refuse_remarks(found: Found, where: str | None) -> Found:
    """What was found, unless the filter asks for a field or value that no item has.

    Raises:
        InvalidInput: it does, so it may not remove or export what was meant.
    """
    if found.notes:
        raise InvalidInput(f"`where` {where!r}: {'; '.join(found.notes)}")
    return found


def items(store: Store, ids: NDArray[np.int64]) -> Iterator[Item]:
    """Items of ids, read in pages; those that were removed meanwhile are passed over."""
    for start in range(0, len(ids), _PAGE):
        page = ids[start : start + _PAGE].tolist()
        try:
            yield from store.items(page)
        except StoreError:
            for id_ in page:
                try:
                    yield from store.items([id_])
                except StoreError:
                    continue


def rooted(folder: str | Path) -> str:
    """A folder as the paths of items in it begin: absolute, or an address."""
    root = root_of(folder)
    return root if isinstance(root, str) else str(placed(root))


def _asked(expression: Expression | None, folder: str | Path | None) -> Expression | None:
    if folder is None:
        return expression
    below = Comparison("path", BELOW, (rooted(folder),))
    return below if expression is None else Both((expression, below))
