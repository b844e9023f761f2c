"""Whether a file or an item is unchanged, moved, replaced or new to an index."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from opensearch.domains import is_older
from opensearch.domains.collections.layout import declared as declared_by_path
from opensearch.domains.opening.guess import GUESSED
from opensearch.domains.shapes.upright import declared, is_mesh, upright_axis, with_axis_before
from opensearch.engine.ingest.whereabouts import (
    address,
    digest,
    exists,
    file_of,
    fingerprint,
    folders,
    is_of,
    stamp_of,
)
from opensearch.errors import InvalidInput
from opensearch.limits import Limits
from opensearch.records import FROM_PHOTOS, Item, Metadata, Source, Stamp, Up
from opensearch.store import Store

Compare = Literal["time", "content"]
State = Literal["added", "replaced", "moved", "unchanged"]


@dataclass(frozen=True, slots=True)
class Comparing:
    """What makes a file count as changed.

    `compare` names what must stay the same: size and time, or content. With `reread`, files
    that an older version of their reader has read also count as changed.

    Raises:
        InvalidInput: `compare` is neither.
    """

    compare: Compare = "time"
    reread: bool = False

    def __post_init__(self) -> None:
        if self.compare not in get_args(Compare):
            raise InvalidInput(f"files are compared by time or content, not by {self.compare!r}")


BY_TIME = Comparing()


@dataclass(frozen=True, slots=True)
class Change:
    """What to do with a file, and the key it has or gets.

    A `reread` file did not change; it keeps its domain unless that was guessed. `up` is the axis
    declared as up in a mesh, now or before. `stamp` is the stamp of the file, where its content
    had to be read. `source` is the file with what was said of it before.
    """

    state: State
    key: str
    domain: str | None = None
    reread: bool = False
    up: Up | None = None
    stamp: Stamp | None = None
    source: Source | None = None


class Changes:
    """Compares files and items with a store, and keeps the keys given out but not yet stored.

    Args:
        store: what holds the items.
        comparing: what makes a file changed.
        dry: write nothing, not even what was moved or touched.
        limits: what a file that is fetched for its content may cost.

    Attributes:
        relabelled: how many were found with a category or metadata declared anew.

    Raises:
        InvalidInput: files are to be read again, but the store keeps no versions of readers.
    """

    def __init__(
        self,
        store: Store,
        comparing: Comparing = BY_TIME,
        *,
        dry: bool = False,
        limits: Limits | None = None,
    ) -> None:
        if comparing.reread and not store.meta().summed:
            raise InvalidInput(
                "this index has an older format, which does not keep which reader read a file;"
                " `Engine.compact()` brings it to the new one"
            )
        self._store = store
        self._comparing = comparing
        self._dry = dry
        self._limits = limits or Limits()
        self._given: dict[str, str] = {}
        self._updates: dict[int, Item] = {}
        self._empty = not sum(store.meta().counts.values())
        self.relabelled = 0

    def of_file(self, source: Source) -> Change:
        """What to do with a file; moved and touched records are updated here.

        Raises:
            UnreadableFile: the file cannot be read.
        """
        known = None if self._empty else self._store.by_path(address(source))
        source = source if known is None else _as_said(known, source)
        change = self._of_file(known, source)
        return replace(change, up=declared(source.metadata), source=source)

    def of_item(self, source: Source, stamp: Stamp, path: str) -> Change:
        """What an item under a key of the caller's is to the index.

        Args:
            source: its key, and what is said of it.
            stamp: of its content.
            path: where it lies, "" for what is no file.
        """
        known = None if self._empty else self._store.by_key(source.key)
        if known is None:
            return replace(self._give(source.key, path, "added"), stamp=stamp)
        up = declared(source.metadata) or declared(known.metadata)
        turned = up != declared(known.metadata)
        same = known.digest == stamp.digest and _same_domain(known, source) and not turned
        reread = same and self._comparing.reread and is_older(known.reader)
        if not same or reread:
            kept = known.domain if reread and known.domain not in GUESSED else None
            given = self._give(source.key, path, "replaced")
            return replace(given, domain=kept, reread=reread, up=up, stamp=stamp)
        metadata = {**_of_photo(known), **source.metadata, **({"up": up} if up else {})}
        now = replace(known, category=source.category, metadata=metadata)
        self.relabelled += now != known
        there = replace(now, path=path, size=stamp.size, mtime_ns=stamp.mtime_ns)
        if there != known:
            self._update(there)
        return Change("unchanged", source.key)

    def stored(self, items: Iterable[Item]) -> None:
        """Forget keys that the store holds by now."""
        for item in items:
            self._given.pop(item.key, None)
        self._empty = False

    @property
    def updated(self) -> Container[int]:
        """Ids of what was moved, touched or declared anew since the last `flush`."""
        return self._updates.keys()

    def flush(self) -> None:
        """Store what was moved, touched or declared anew, in one transaction."""
        self._store.update(list(self._updates.values()))
        for item in self._updates.values():
            self._given.pop(item.key, None)
        self._updates.clear()

    def forget(self, key: str) -> None:
        """Take back the key of a file that failed."""
        self._given.pop(key, None)

    def _of_file(self, known: Item | None, source: Source) -> Change:
        if known is not None and _same_domain(known, source):
            return self._of_known(known, source)
        if known is not None:
            return self._give(known.key, address(source), "replaced")
        if self._dry and source.remote is None:
            fingerprint(source)  # a link to nothing would be told as added
        if self._empty or source.remote is not None:  # detecting a move would need a download
            return self._new(source)
        stamp = stamp_of(source)
        return self._moved(source, stamp) or replace(self._new(source), stamp=stamp)

    def _of_known(self, known: Item, source: Source) -> Change:
        size, mtime_ns = fingerprint(source)
        same, stamp = (known.size, known.mtime_ns) == (size, mtime_ns), None
        if not same or self._comparing.compare == "content":
            stamp = Stamp(size, mtime_ns, digest(source, self._limits))
            if known.digest != stamp.digest:
                return replace(self._give(known.key, address(source), "replaced"), stamp=stamp)
        turned = not _same_axis(known, source)
        if turned or (self._comparing.reread and is_older(known.reader)):
            kept = None if known.domain in GUESSED else known.domain
            given = self._give(known.key, address(source), "replaced")
            return replace(given, domain=kept, reread=not turned, stamp=stamp)
        now = _declared(known, source)
        self.relabelled += now != known
        if not same or now != known:
            self._update(replace(now, size=size, mtime_ns=mtime_ns))
        return Change("unchanged", known.key)

    def _moved(self, source: Source, stamp: Stamp) -> Change | None:
        """The stored item whose file had this content and is gone from its old place."""
        gone = [
            item
            for item in self._store.by_digest(stamp.digest)
            if item.id not in self._updates
            and _same_domain(item, source)
            and _same_axis(item, source)
            and (is_of(item, source) or not exists(item))
        ]
        if not gone:
            return None
        by_key = [item for item in gone if item.key == source.key]
        old = (by_key or gone)[0]
        there = replace(
            _declared(old, _as_said(old, source)),
            key=old.key if by_key or is_of(old, source) else self._free_key(source),
            path=address(source),
            size=stamp.size,
            mtime_ns=stamp.mtime_ns,
        )
        self._given[there.key] = there.path
        self._update(there)
        return Change("moved", there.key)

    def _update(self, item: Item) -> None:
        self._updates[item.id] = item
        if len(self._updates) >= 1024 and not self._dry:
            self.flush()

    def _new(self, source: Source) -> Change:
        twin = self._store.by_key(source.key)
        if twin is not None and not exists(twin):
            return self._give(source.key, address(source), "replaced")
        return self._give(self._free_key(source), address(source), "added")

    def _free_key(self, source: Source) -> str:
        """The source's key, or where another item has it, one with more of its path."""
        parents = folders(source)
        depth = source.key.count("/") + 1
        key = source.key
        for parent in parents[depth - 1 :]:
            if self._is_free(key, source):
                return key
            key = f"{parent.name}/{key}" if parent.name else str(address(source))
        return address(source)

    def _is_free(self, key: str, source: Source) -> bool:
        owner = self._given.get(key)
        if owner is None:
            item = None if self._empty else self._store.by_key(key)
            owner = item.path if item else None
        return owner in (None, address(source))

    def _give(self, key: str, path: str, state: State) -> Change:
        self._given[key] = path
        return Change(state, key)


def _as_said(item: Item, source: Source) -> Source:
    """A file of an item with what was said of it before, where nothing is said of it now.

    A run over a part of a collection sees only the ends of its paths, and no manifest above. A
    category that no folder gave was given by hand, or by a manifest that is gone.
    """
    source = with_axis_before(source, item.metadata)
    if source.listed or source.part is not None:
        return source
    domain, category = declared_by_path(item.key)
    in_part = item.key.endswith(f"/{source.key}")
    if in_part and (item.domain == domain or item.domain not in GUESSED):
        source = replace(source, domain=source.domain or item.domain)
    if source.category is None and (in_part or item.category != category):
        source = replace(source, category=item.category)
    said = {name: value for name, value in item.metadata.items() if name not in FROM_PHOTOS}
    return replace(source, metadata={**said, **source.metadata})


def _declared(item: Item, source: Source) -> Item:
    """The item with the category and metadata that folder or manifest declare now."""
    return replace(item, category=source.category, metadata={**_of_photo(item), **source.metadata})


def _of_photo(item: Item) -> Metadata:
    """Metadata that the file itself gave, and gives as long as its content stays."""
    return {name: item.metadata[name] for name in FROM_PHOTOS if name in item.metadata}


def _same_domain(item: Item, source: Source) -> bool:
    return source.domain in (None, item.domain)


def _same_axis(item: Item, source: Source) -> bool:
    """Whether views of the item stand on the axis that the source is said to stand on."""
    said = declared(source.metadata)
    before = upright_axis(file_of(item), declared(item.metadata))
    return said is None or not is_mesh(source.path) or upright_axis(source.path, said) == before
