"""What keeps an index in order: removing, checking, compacting; and what it says of itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from opensearch.domains import is_older
from opensearch.engine import arguments as must
from opensearch.engine.compacting import Compacted, compact
from opensearch.engine.duplicates import Group, find_duplicates
from opensearch.engine.export import Progress, export
from opensearch.engine.generations import Following, Generations
from opensearch.engine.importing import Export
from opensearch.engine.mending import model_problems
from opensearch.errors import StoreError
from opensearch.model import Model
from opensearch.records import Names, Report
from opensearch.store import again


class Upkeep(Following):
    """The part of an `Engine` that needs no encoder.

    Attributes:
        model: what encodes queries and new files.
    """

    def __init__(self, generations: Generations, model: Model) -> None:
        super().__init__(generations)
        self.model = model

    @must.checked(keys=must.texts)
    def remove(self, keys: Names) -> int:
        """Remove items by key; return how many there were."""
        wanted = list(keys)
        return self._write(lambda store: store.remove(wanted))

    @must.checked(id_=must.whole(0))
    def thumbnail(self, id_: int) -> bytes | None:
        """The JPEG picture kept of an item, `None` for ready codes and ids that are not stored."""
        return self._store.thumbnail(id_) if id_ < must.IDS else None

    def info(self) -> dict[str, Any]:
        """What manifest, model and books say, as plain JSON types."""
        now, card = self._generations.current(), self.model.bundle.card
        meta = now.store.meta()
        return {
            "path": str(self.path),
            "items": dict(meta.counts),
            "bits": meta.bits,
            "dim": meta.dim,
            "format": meta.format,
            "generation": int(now.name),
            "last_transaction": meta.last_transaction,
            "next_id": meta.next_id,
            "tombstones": meta.tombstones,
            "unnamed": meta.unnamed,
            "older_readers": self._older(),
            "structures": now.searcher.info(),
            "method": card.method,
            "domains": self.model.bundle.domains,
            "identities": card.identities,
            "precision": self._generations.folder.precision,
            "runtime": self.model.bundle.runtime(),
        }

    def _older(self) -> int:
        """How many items an older reader has read; `add(reread=True)` reads those again."""
        readers = self._store.readers()
        return sum(count for version, count in readers.items() if is_older(version))

    @must.checked(repair=must.flag)
    def verify(self, repair: bool = False) -> list[str]:
        """Compare books, rows, search files and model; the problems found, none when whole.

        Args:
            repair: delete derived search files and make them anew from the store.
        """
        now, folder = self._generations.current(), self._generations.folder
        problems = again(now.store.verify)
        try:
            problems += again(now.searcher.problems)
        except StoreError as error:  # nothing to compare with
            problems = problems or [str(error)]
        problems += model_problems(folder.path)
        if repair:
            shutil.rmtree(folder.search, ignore_errors=True)
            self._generations.renew()
            self._settle()
        return problems

    @must.checked(
        max_distance=must.whole(0), min_score=must.number, domain=must.optional(must.text)
    )
    def duplicates(
        self, max_distance: int = 6, min_score: float = 0.97, domain: str | None = None
    ) -> Iterator[Group]:
        """Groups of near-identical items, see `engine.duplicates`; they never cross domains.

        Args:
            max_distance: largest Hamming distance of a pair, inclusive.
            min_score: least cosine of a pair whose items both have embeddings.
            domain: look in this one alone.

        Raises:
            InvalidInput: a negative distance, or a domain that the index does not hold.
        """
        store = self._store
        found = find_duplicates(store, max_distance, min_score, domain)
        if not store.unlocked:
            return found
        return iter(again(lambda: list(find_duplicates(store, max_distance, min_score, domain))))

    @must.checked(folder=must.path, progress=must.called)
    def export_to(self, folder: str | Path, progress: Progress = lambda done, total: None) -> int:
        """Write all items to a new folder, see `engine.export`; return how many there were.

        Raises:
            InvalidInput: the folder holds files, or an item has metadata that JSON cannot hold.
        """
        store, marks = self._store, self.model.bundle.card.identities
        return again(lambda: export(store, marks, Path(folder), progress))

    @must.checked(folder=must.path, progress=must.called)
    def import_from(
        self, folder: str | Path, progress: Progress = lambda done, total: None
    ) -> Report:
        """Add what an export holds; items whose keys are stored are replaced.

        Raises:
            UnreadableFile: a file is missing, damaged or no export; nothing was added.
            IndexMismatch: it was made with another space, hash or encoder.
        """
        source = Export.open(Path(folder))
        source.check_fits(str(self.path), self.model.bundle.card.identities)
        report = self._write(lambda store: source.add_to(store, progress))
        self._settle()
        return report

    def compact(self) -> Compacted:
        """Drop removed and replaced items for good and merge small blocks, in a new generation.

        Searches go on meanwhile, on the old generation; whoever reads the index follows to the
        new one by itself. Killed at any moment, the old one or the new one is whole. Approximate
        structures that were there are built over the new one before anybody follows to it. The
        old one is read by a child process, which damaged pages may end.

        Raises:
            StoreError: another process writes to the index, the disk lacks the space, or the
                store is damaged; nothing has changed.
        """
        folder = self._generations.folder
        built = self._generations.current().searcher.built()
        done = self._write(lambda store: compact(folder, store, built))
        self._settle()
        return done
