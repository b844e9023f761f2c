"""What an index holds: its records, what they say, copies among them, and what is exported.

Nothing here writes to the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.engine import arguments as must
from opensearch.engine.checking import checked
from opensearch.engine.exchange.exporting import export
from opensearch.engine.filters import finding
from opensearch.engine.filters.fields import FieldValues, fields_of
from opensearch.engine.filters.finding import Found, refuse_remarks
from opensearch.engine.ingest import left_out
from opensearch.engine.ingest.left_out import IgnoredFile
from opensearch.engine.open_index import OpenIndex
from opensearch.engine.query.copies import without_imprint
from opensearch.engine.query.duplicates import Group
from opensearch.engine.query.grouping import find_groups
from opensearch.engine.query.looking_up import found_item
from opensearch.progress import Count, Progress, quiet, uncounted
from opensearch.records import Item, Names
from opensearch.store import again


class Reading(OpenIndex):
    """What an index holds."""

    @checked(folder=must.source)
    def find(
        self,
        where: str | None = None,
        *,
        keys: Names = (),
        folder: str | Path | None = None,
        targets: Names = (),
    ) -> Found:
        """Ids of items, in the order they were added; all where nothing is asked.

        Args:
            where: filter expression, see docs/filters.md.
            keys: items that are wanted in any case.
            folder: what passes must also be a file in it, or be it; it may be gone, or lie at an
                address.
            targets: domains looked through; all that the index holds when empty.

        Raises:
            InvalidInput: a malformed filter, or a domain that the index does not hold.
        """
        asked = {"keys": keys, "folder": folder, "targets": targets}
        return again(lambda: finding.find(self._store, where, **asked))  # type: ignore[arg-type]

    @checked()
    def items(self, ids: Iterable[int]) -> list[Item]:
        """Records of ids that a search gave, in their order; padding (-1) is passed over.

        Raises:
            StoreError: an id is not stored any more.
        """
        return self._store.items(id_ for id_ in ids if id_ >= 0)

    @checked()
    def iter_items(self, ids: Iterable[int]) -> Iterator[Item]:
        """As `items`, a page at a time; what was removed meanwhile is passed over."""
        return finding.items(self._store, np.array(ids, np.int64))

    @checked()
    def item(self, id_: int) -> Item | None:
        """The record of the item of an id, `None` where there is none (any more)."""
        return again(lambda: found_item(self._store, id_))

    @checked()
    def get(self, key: str) -> Item | None:
        """The record of the item of this key, `None` where there is none."""
        return again(lambda: self._store.by_key(key))

    def keys(self) -> Iterator[str]:
        """Keys of all items, as `records` gives them."""
        return (item.key for item in self.records())

    def records(self) -> Iterator[Item]:
        """Records of all items as they are when the first is asked for, whatever is written since.

        They are read one by one, in order of id. What is added, replaced or removed in the loop,
        or by others, changes nothing of it.
        """
        yield from self._store.every()

    def __len__(self) -> int:
        """How many items there are."""
        return sum(self._store.meta().counts.values())

    def __bool__(self) -> bool:
        """True, also of an empty index."""
        return True

    @checked()
    def __contains__(self, key: object) -> bool:
        """Whether an item has this key."""
        return self.get(key) is not None  # type: ignore[arg-type]  # checked

    def __iter__(self) -> Iterator[str]:
        """As `keys`."""
        return self.keys()

    @checked()
    def fields(self, values: int = 50) -> list[FieldValues]:
        """Fields that `where` may ask for, each with its kind and its most frequent values."""
        return fields_of(self._store, values)

    @checked()
    def thumbnail(self, id_: int) -> bytes | None:
        """The JPEG picture kept of an item, `None` for ready codes and ids that are not stored."""
        return self._store.thumbnail(id_) if id_ < must.IDS else None

    def ignored(self) -> list[IgnoredFile]:
        """The files that `add` passes over since `remove` was told to ignore them."""
        return list(left_out.read(self._generations.folder).values())

    @checked()
    def duplicates(
        self,
        max_distance: int | None = None,
        min_score: float | None = None,
        domain: str | None = None,
        exact: bool = False,
        progress: Progress = quiet,
    ) -> Iterator[Group]:
        """Groups of copies of one picture or shape, see `engine.query.copies`.

        With `max_distance` or `min_score` groups of items that mean the same to the model, within
        a domain, see `engine.query.duplicates`: ready codes can be grouped by nothing else.

        Args:
            max_distance: largest Hamming distance of a pair, inclusive; 6 when `None`.
            min_score: least cosine of a pair whose items both have embeddings; .97 when `None`.
            domain: look in this one alone.
            exact: copies in another format, size or brightness, or shapes moved, scaled and with
                their vertices in another order; none that was cropped, mirrored, turned or
                simplified.
            progress: called with what copies are compared, how many of it are, and in all.

        Raises:
            InvalidInput: a negative distance, a domain that the index does not hold, or `exact`
                of groups by codes.
        """
        return find_groups(self._store, max_distance, min_score, domain, exact, progress)

    @checked()
    def without_imprint(self, domain: str | None = None) -> int:
        """The number of items, of one domain or of all, whose copies cannot be found.

        Ready codes and embeddings have no imprint. Nor have items of imports and of older
        versions; `compact` makes theirs.

        Raises:
            InvalidInput: a domain that the index does not hold.
        """
        return again(lambda: without_imprint(self._store, domain))

    @checked()
    def export_to(
        self,
        folder: str | Path,
        progress: Count = uncounted,
        *,
        where: str | None = None,
    ) -> int:
        """Write items to a new folder, see `engine.exchange`; return how many there were.

        Args:
            folder: new, or empty.
            progress: called with items written and items in all.
            where: only those that pass this filter.

        Raises:
            InvalidInput: the folder holds files, an item has metadata that JSON cannot hold, or the
                filter is malformed or asks for what no item has.
        """
        store, marks = self._store, self.model.bundle.card.identities

        def chosen() -> NDArray[np.int64]:
            return refuse_remarks(finding.find(store, where), where).ids

        some = None if where is None else chosen
        return again(lambda: export(store, marks, Path(folder), progress, some))
