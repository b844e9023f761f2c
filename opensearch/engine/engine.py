"""The engine: an index opened with its model, for adding, searching and checking."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine.adding import Adding, Progress
from opensearch.engine.arrays import ArrayPath
from opensearch.engine.folder import IndexFolder, check_fits
from opensearch.engine.known import exists, file_of
from opensearch.engine.model import Model
from opensearch.engine.query import Query, Score, locate
from opensearch.engine.ranking import Answer, Ranking
from opensearch.records import Hit, Report
from opensearch.search import Searcher, Structures, audit
from opensearch.store import Store

FileLike = str | Path | tuple[str | Path, float]


class Engine(ArrayPath):
    """An index and the model at work on it; open one with `create` or `open`.

    Attributes:
        path: the index folder.
        model: what encodes queries and new files.
    """

    def __init__(self, folder: IndexFolder, store: Store, model: Model) -> None:
        self.path = folder.path
        self.model = model
        self._folder = folder
        self._store = store
        self._searcher = self._open_searcher()
        self._structures = Structures(store, self._searcher, folder.search)

    @classmethod
    def create(
        cls, path: str | Path, model: str | Path | None = None, limits: Limits | None = None
    ) -> Engine:
        """Make an empty index around a model, the shipped starter by default.

        Raises:
            StoreError: the folder holds an index or other files.
            BundleError: `model` is no model.
        """
        bundle = Bundle.open(starter_model() if model is None else Path(model))
        folder = IndexFolder.create(Path(path), bundle)
        store = Store.create(folder.store, bits=bundle.card.bits, dim=bundle.card.dim)
        folder.finish()
        return cls(folder, store, Model(Bundle.open(folder.model), limits))

    @classmethod
    def open(
        cls,
        path: str | Path,
        model: str | Path | None = None,
        *,
        adopt: bool = False,
        limits: Limits | None = None,
    ) -> Engine:
        """Open an index; the first write makes this process its only writer.

        Args:
            model: a model to use in place of the index's own; it must fit.
            adopt: also make it the index's own, from now on.

        Raises:
            StoreError: not an index, or damaged.
            IndexMismatch: the model does not fit the index.
        """
        folder = IndexFolder.open(Path(path))
        bundle = Bundle.open(folder.model)
        store = Store.open(folder.store)
        if model is not None:
            held = [domain for domain, count in store.meta().counts.items() if count]
            given = Bundle.open(Path(model))
            try:
                check_fits(folder.path, bundle, given, held)
            except BaseException:
                store.close()
                raise
            bundle = given.copy_to(folder.model) if adopt else given
        return cls(folder, store, Model(bundle, limits))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the store."""
        self._store.close()

    def add(
        self,
        *sources: str | Path,
        domain: str | None = None,
        strict: bool = False,
        prune: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Report:
        """Bring the index up to date with files and folders; only new or changed ones are encoded.

        Args:
            domain: what every file is taken for; told from folder or content when `None`.
            strict: stop at the first file that fails, in place of reporting it.
            prune: remove items of these sources whose files are gone.
            progress: called with files settled and files in all.

        Returns:
            The books, which close.

        Raises:
            InvalidInput: a source does not exist.
            StoreError: another process writes to the index.
        """
        roots = [Path(source) for source in sources]
        report = Adding(self._store, self.model, domain, strict, progress).run(roots)
        if prune:
            report.removed = self._prune(roots)
        self._searcher.refresh()
        self._searcher.fold()
        return report

    def search(  # noqa: PLR0913 - a query in one call, each part by name
        self,
        query: FileLike | Sequence[FileLike] = (),
        *,
        text: str | None = None,
        keys: Sequence[str] = (),
        exclude: Sequence[str | Path] = (),
        source: str | None = None,
        targets: Sequence[str] = (),
        k: int = 10,
        refine: bool = True,
        score: Score = "rescored",
        depth: int = 1000,
        max_distance: int | None = None,
        where: str | None = None,
    ) -> list[Hit]:
        """The `k` nearest items, best first; see `Query` for the arguments."""
        return self.ask(
            Query(
                files=_weighted(query),
                text=text,
                keys=keys,
                exclude=[Path(path) for path in exclude],
                source=source,
                targets=targets,
                k=k,
                refine=refine,
                score=score,
                depth=depth,
                max_distance=max_distance,
                where=where,
            )
        ).hits

    def ask(self, query: Query) -> Answer:
        """As `search`, with the remarks on how the query was understood."""
        point = locate(query, self.model, self._store)
        if self._store.unlocked:
            point.notes.append(f"{self.path} is read-only: what a writer adds may go unnoticed")
        return Ranking(self._store, self._searcher, self.model, query).answer(point)

    def embed(self, files: Sequence[str | Path], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of files of one domain."""
        return self.model.embed([Path(file) for file in files], domain)

    def codes(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Codes (n, bits // 8) of embeddings (n, d)."""
        return self.model.hasher.encode(embeddings, domain)

    def remove(self, keys: Iterable[str]) -> int:
        """Remove items by key; return how many there were."""
        return self._store.remove(keys)

    def thumbnail(self, id_: int) -> bytes | None:
        """The JPEG picture kept of an item, `None` for ready codes."""
        return self._store.thumbnail(id_)

    def info(self) -> dict[str, Any]:
        """What manifest, model and books say, as plain JSON types."""
        meta, card = self._store.meta(), self.model.bundle.card
        return {
            "path": str(self.path),
            "items": dict(meta.counts),
            "bits": meta.bits,
            "dim": meta.dim,
            "last_transaction": meta.last_transaction,
            "next_id": meta.next_id,
            "tombstones": meta.tombstones,
            "structures": self._structures.info(),
            "method": card.method,
            "domains": self.model.bundle.domains,
            "identities": card.identities,
        }

    def verify(self, repair: bool = False) -> list[str]:
        """Compare books, rows and search files; return the problems found, empty when whole.

        Args:
            repair: delete derived search files and make them anew from the store.
        """
        problems = self._store.verify()
        problems += audit(self._store, self._folder.search, self._store.meta().bits)
        if repair:
            shutil.rmtree(self._folder.search, ignore_errors=True)
            self._searcher = self._open_searcher()
            self._structures = Structures(self._store, self._searcher, self._folder.search)
            self._searcher.fold()
        return problems

    def _open_searcher(self) -> Searcher:
        searcher = Searcher(self._store, self._folder.search, self.model.bundle.card.bits)
        searcher.refresh()
        return searcher

    def _prune(self, roots: Sequence[Path]) -> int:
        """Remove items whose files under the roots are gone."""
        gone = [
            item.key
            for item in self._store.walk()
            if item.path and _under(file_of(item), roots) and not exists(item)
        ]
        return self._store.remove(gone)


def _weighted(query: FileLike | Sequence[FileLike]) -> list[tuple[Path, float]]:
    """One file, one (file, weight), or a list of either, as paths and weights."""
    if isinstance(query, str | Path):
        return [(Path(query), 1.0)]
    if isinstance(query, tuple) and len(query) == 2 and isinstance(query[1], int | float):
        return [(Path(str(query[0])), float(query[1]))]
    return [pair for part in query for pair in _weighted(part)]


def _under(file: Path, roots: Sequence[Path]) -> bool:
    """Whether a file lies at or below a root that is still there."""
    return any(file.is_relative_to(root.absolute()) for root in roots if root.exists())
