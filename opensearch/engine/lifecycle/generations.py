"""An index opened: its newest generation, followed as compactions make others, and its model.

CURRENT names the newest generation. An engine checks it before each piece of work and opens the
new store when it has changed. Work under way in other threads ends on the generation it began on,
which is closed once nobody uses it any more.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from opensearch.domains import is_older
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine.exchange.importing import Export
from opensearch.engine.lifecycle.folder import folder_errors
from opensearch.engine.lifecycle.matching import check_fits
from opensearch.engine.lifecycle.places import Place, is_index, kind_of, open_place
from opensearch.engine.lifecycle.vectors import Vectors
from opensearch.errors import StoreError
from opensearch.records import Address, Where
from opensearch.search import CodeSearch
from opensearch.store import Store

T = TypeVar("T")

_log = logging.getLogger(__name__)

_writers: defaultdict[Where, threading.RLock] = defaultdict(threading.RLock)
"""A lock per index for the engines of this process; between processes the store's own serves."""


@dataclass(frozen=True)
class Generation:
    """An open generation: its name, the mark of CURRENT when it was opened, store and searcher.

    `vectors` keeps the embeddings that searches have used for scoring.
    """

    name: str
    mark: tuple[int, int]
    store: Store
    searcher: CodeSearch
    vectors: Vectors


class Generations:
    """Gives the newest generation of an index and writes to it.

    Attributes:
        folder: of the index, or whatever place it lies in.
        writing: to be held while something is written.
    """

    def __init__(self, folder: Place) -> None:
        """Open the current generation.

        Raises:
            StoreError: it is missing, damaged or of a newer format.
        """
        self.folder = folder
        where = folder.path
        self.writing = _writers[where if isinstance(where, Address) else where.resolve()]
        self._guard = threading.Lock()
        self._open = self._newest()
        self._closed = False

    def current(self) -> Generation:
        """The newest generation, opened now if a compaction has made one since the last call.

        Raises:
            StoreError: another index, or a copy of this one, has taken its place.
        """
        if not self._closed and self._is_outdated():
            with self._guard:
                if self._is_outdated():
                    self._open = self._following()
        return self._open

    def _is_outdated(self) -> bool:
        """Whether the open generation may no longer be the current one."""
        return self._open.mark != self.folder.mark() or self._open.store.replaced

    def _following(self) -> Generation:
        """The generation on disk, which must descend from the one that is open.

        Raises:
            StoreError: it is another index, or an older or other copy of this one.
        """
        before, fresh = self._open, self._newest()
        if fresh.store.shares(before.store):
            return fresh
        old, new = before.store.meta(), fresh.store.meta()
        compacted = int(fresh.name) > int(before.name)
        if new.lineage == old.lineage and compacted and new.last_transaction > old.last_transaction:
            return fresh
        fresh.store.close()
        what = "an older copy of it" if new.lineage == old.lineage else "another index"
        raise StoreError(
            f"the folder of index {self.folder.path} was replaced while it was open: {what} lies"
            " there now. Nothing was written to it; close this engine and open the index again."
        )

    def renew(self) -> Generation:
        """The current generation, opened again so that its searcher reads the files anew."""
        with self._guard:
            self._open = self._following()
        return self._open

    def write(self, work: Callable[[Store], T]) -> T:
        """Run `work` on the newest store; again if a compaction replaced it meanwhile.

        A store is replaced only while nobody writes to it, so the first run wrote nothing.
        """
        while True:
            now = self.current()
            try:
                with self.writing:
                    return work(now.store)
            except StoreError:
                if self.current() is now:
                    raise

    def write_and_settle(self, work: Callable[[Store], T]) -> T:
        """As `write`, then bring search up to date."""
        done = self.write(work)
        self.settle()
        return done

    def settle(self) -> None:
        """Bring search up to date with what was written, its files if enough was.

        Files are written by the one process that writes the store: rows are appended to them.
        They are derived: where they cannot be written, what was stored stays stored, so that is
        a remark in the log and no failure.
        """
        try:
            with self.writing:
                now = self.current()
                now.searcher.refresh()
                try:
                    now.store.claim()
                except StoreError:
                    return  # another process writes, and sees to the files
                now.searcher.fold()
                now.searcher.refresh()
                self.folder.drop_search_files(now.store.meta().identity)
        except (StoreError, OSError) as error:
            _log.warning("search of %s is not brought up to date: %s", self.folder.path, error)

    @contextmanager
    def claimed(self) -> Iterator[Generation]:
        """The current generation, while this process alone writes to the index.

        Raises:
            StoreError: another process writes.
        """
        with self.writing:
            now = self.current()
            now.store.claim()
            yield now

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Close the store, which refuses later use."""
        self._closed = True
        self._open.store.close()

    def _newest(self) -> Generation:
        while True:
            mark, name = self.folder.mark(), self.folder.generation
            try:
                return self._opened(mark, name)
            except StoreError:
                if name == self.folder.generation:
                    raise  # else it was compacted away while it was being opened

    def _opened(self, mark: tuple[int, int], name: str) -> Generation:
        folder = self.folder
        store = folder.open_store(name)
        searcher = folder.searcher(store)
        with suppress(StoreError):  # damage is no reason not to open: verify and export say more
            searcher.refresh()
        return Generation(name, mark, store, searcher, Vectors(store, store.meta().dim))


def open_bundle(model: str | Path | None) -> Bundle:
    """The bundle at a path, the shipped starter when there is none.

    Raises:
        BundleError: `model` is no model.
    """
    return Bundle.open(starter_model() if model is None else Path(model))


def create_index(path: Where, model: str | Path | None) -> tuple[Generations, Bundle]:
    """Make an empty index around a model; see `Engine.create`."""
    bundle = open_bundle(model)
    with folder_errors(path):
        folder = kind_of(path).create(path, bundle, bundle.best_precision())
        folder.create_store(bundle.card.bits, bundle.card.dim)
        folder.finish(bundle)
    folder = open_place(path)
    return Generations(folder), folder.open_model()


def open_index(path: Where, model: str | Path | None, adopt: bool) -> tuple[Generations, Bundle]:
    """Open an index, with a model in place of its own if one is given; see `Engine.open`."""
    folder = open_place(path)
    if model is not None and adopt:
        kind_of(path).adopt(folder, folder.open_model(Path(model)))
        folder, model = open_place(path), None
    bundle = folder.open_model()
    generations = Generations(folder)
    if model is None:
        return generations, bundle
    try:
        given = folder.open_model(Path(model))
        check_fits(folder.path, bundle, given, generations.current().store.meta().held)
    except BaseException:
        generations.close()
        raise
    return generations, given


def open_for_export(
    export: Path, path: Where, model: str | Path | None
) -> tuple[Generations, Bundle]:
    """Open the index that an export will be imported into, or make it; see `Engine.open_for`."""
    if is_index(path):
        return open_index(path, model, adopt=False)
    identities = open_bundle(model).card.identities
    Export.open(export).check_fits(str(path), identities)
    return create_index(path, model)


def describe(generations: Generations, bundle: Bundle) -> dict[str, Any]:
    """What manifest, model and books say, as plain JSON types.

    `older_readers` counts items that an older version of their reader has read.
    """
    now, folder, card = generations.current(), generations.folder, bundle.card
    meta, readers = now.store.meta(), now.store.readers()
    return {
        "path": str(folder.path),
        "items": dict(meta.counts),
        "bits": meta.bits,
        "dim": meta.dim,
        "format": meta.format,
        "generation": int(now.name),
        "last_transaction": meta.last_transaction,
        "next_id": meta.next_id,
        "tombstones": meta.tombstones,
        "unnamed": meta.unnamed,
        "older_readers": sum(count for version, count in readers.items() if is_older(version)),
        "structures": now.searcher.info(),
        "method": card.method,
        "domains": bundle.domains,
        "identities": card.identities,
        "precision": folder.precision,
        "runtime": bundle.runtime(),
    }
