"""The engine: an index opened with its model, for adding, searching and checking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine import arguments as must
from opensearch.engine.arrays import ArrayPath
from opensearch.engine.folder import IndexFolder, check_fits, is_index, told_of_folder
from opensearch.engine.generations import Generations
from opensearch.engine.importing import Export
from opensearch.engine.ingest.adding import Adding, Progress, keyed
from opensearch.engine.ingest.changes import Compare, Comparing
from opensearch.engine.ingest.planning import Prune, plan
from opensearch.engine.ingest.pruning import prune as prune_gone
from opensearch.engine.mending import adopt as adopt_model
from opensearch.engine.query import Query, Score, Weighted, locate, weighted
from opensearch.engine.ranking import Answer, Ranking
from opensearch.engine.upkeep import Upkeep
from opensearch.model import InputLike, Model
from opensearch.records import Hit, Metadata, Names, Report, Up
from opensearch.store import Store, again


class Engine(ArrayPath, Upkeep):
    """An index and the model at work on it; open one with `create` or `open`.

    Attributes:
        path: the index folder.
        model: what encodes queries and new files.
    """

    @classmethod
    @must.checked(
        path=must.index_path, model=must.optional(must.path), limits=must.optional(must.limits)
    )
    def create(
        cls, path: str | Path, model: str | Path | None = None, limits: Limits | None = None
    ) -> Engine:
        """Make an empty index around a model, the shipped starter by default.

        Raises:
            StoreError: the folder holds an index or other files.
            BundleError: `model` is no model.
        """
        bundle = Bundle.open(starter_model() if model is None else Path(model))
        with told_of_folder(Path(path)):
            folder = IndexFolder.create(Path(path), bundle, bundle.best_precision())
            folder.create_store(bundle.card.bits, bundle.card.dim)
            folder.finish(bundle)
        return cls(Generations(folder), Model(folder.open_model(), limits))

    @classmethod
    @must.checked(
        path=must.index_path,
        model=must.optional(must.path),
        adopt=must.flag,
        limits=must.optional(must.limits),
    )
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
        if model is not None and adopt:
            adopt_model(folder, folder.open_model(Path(model)))
            folder, model = IndexFolder.open(folder.path), None
        bundle = folder.open_model()
        generations = Generations(folder)
        if model is not None:
            counts = generations.current().store.meta().counts
            given = folder.open_model(Path(model))
            try:
                check_fits(folder.path, bundle, given, [name for name in counts if counts[name]])
            except BaseException:
                generations.close()
                raise
            bundle = given
        return cls(generations, Model(bundle, limits))

    @classmethod
    @must.checked(export=must.path, path=must.index_path, model=must.optional(must.path))
    def open_for(
        cls, export: str | Path, path: str | Path, model: str | Path | None = None
    ) -> Engine:
        """Open the index that an export will be imported into, or make it when there is none.

        Raises:
            UnreadableFile: the export is damaged or none; no index was made.
            IndexMismatch: the export was made by another model; no index was made.
        """
        if is_index(Path(path)):
            return cls.open(path, model)
        bundle = Bundle.open(starter_model() if model is None else Path(model))
        Export.open(Path(export)).check_fits(str(path), bundle.card.identities)
        return cls.create(path, model)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @must.checked(
        sources=must.paths,
        domain=must.optional(must.text),
        up=must.optional(must.axis),
        strict=must.flag,
        prune=must.flag_or("force"),
        dry_run=must.flag,
        compare=must.text,
        reread=must.flag,
        progress=must.called,
    )
    def add(
        self,
        *sources: str | Path,
        domain: str | None = None,
        up: Up | None = None,
        strict: bool = False,
        prune: Prune = False,
        dry_run: bool = False,
        compare: Compare = "time",
        reread: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Report:
        """Bring the index up to date with files and folders; only new or changed ones are encoded.

        Args:
            domain: what every file is taken for; told from folder or content when `None`.
            up: which axis is up in every mesh; when `None`, what was said of it before, its
                manifest says or its format states. Meshes that stood otherwise are read again.
            strict: stop at the first file that fails, in place of reporting it.
            prune: remove items of these sources whose files are gone; where a source has lost
                all or most of its items only if it is `"force"`.
            dry_run: give the books of such a run, as far as they can be told without reading
                the files; nothing is written or encoded.
            compare: what tells that a file has not changed: its size and time, or its content.
            reread: read files again that an older version of their reader has read.
            progress: called with files settled and files in all.

        Returns:
            The books, which close.

        Raises:
            InvalidInput: a source does not exist, or `reread` of an index of a format that keeps
                no readers' versions.
            Refused: `prune` would remove all or most items of a source; the rest is done.
            StoreError: another process writes to the index.
            BundleError: the model is damaged; nothing was stored.
        """
        roots = [Path(source) for source in sources]
        comparing = Comparing(compare, reread)
        if dry_run:
            return plan(self._store, self.model, roots, domain, prune, progress, comparing, up)

        def run(store: Store) -> Report:
            self.model.check(self._generations.folder.graphs)
            before = store.meta().next_id
            adding = Adding(store, self.model, domain, strict, progress, up=up, comparing=comparing)
            report = adding.run(roots)
            if prune:
                books = {"before": before, "replaced": report.replaced}
                report.removed = prune_gone(store, roots, force=prune == "force", **books)
            return report

        report = self._write(run)
        self._settle()
        return report

    @must.checked(
        inputs=must.inputs,
        keys=must.texts,
        domain=must.optional(must.text),
        metadata=must.optional(must.records),
        categories=must.optional(must.texts_or_none),
        up=must.optional(must.axis),
        strict=must.flag,
        reread=must.flag,
        progress=must.called,
    )
    def add_items(  # noqa: PLR0913 - what is said of the items, each by name
        self,
        inputs: Sequence[InputLike],
        keys: Names,
        domain: str | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Sequence[str | None] | None = None,
        *,
        up: Up | None = None,
        strict: bool = False,
        reread: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> Report:
        """Add bytes, pictures, arrays, meshes or files under keys of your own.

        An item that has one of the keys already is replaced, unless it was made of the same
        content. The record of what is no file has the path "": no file of it is ever missed when
        pruning, and `add(reread=True)` passes it over; it is read again when it is given again.

        Args:
            inputs: n of them, see `opensearch.model`.
            keys: n keys, all different.
            domain: what all are taken for; told from content when `None`.
            metadata: n dicts of JSON values.
            categories: n names or `None`s.
            up: which axis is up in every mesh; when `None`, what was said of the item before.
            strict: stop at the first that fails, in place of reporting it.
            reread: read again what an older version of its reader has read.
            progress: called with inputs settled and inputs in all.

        Returns:
            The books, which close.

        Raises:
            InvalidInput: lengths do not agree, a key is empty or comes twice, or a path of no file.
            StoreError: another process writes to the index.
        """
        items = keyed(inputs, keys, metadata, categories)  # type: ignore[arg-type]  # checked
        comparing = Comparing(reread=reread)

        def run(store: Store) -> Report:
            self.model.check(self._generations.folder.graphs)
            adding = Adding(store, self.model, domain, strict, progress, up=up, comparing=comparing)
            return adding.run_items(items)

        report = self._write(run)
        self._settle()
        return report

    def search(  # noqa: PLR0913 - a query in one call, each part by name
        self,
        query: Weighted | Sequence[Weighted] = (),
        *,
        text: str | None = None,
        keys: Names = (),
        exclude: Sequence[InputLike] = (),
        source: str | None = None,
        up: Up | None = None,
        targets: Names = (),
        k: int = 10,
        refine: bool = True,
        score: Score = "rescored",
        depth: int = 1000,
        max_distance: int | None = None,
        where: str | None = None,
        structure: str | None = None,
    ) -> list[Hit]:
        """The `k` nearest items, best first; see `Query` for the arguments."""
        return self.ask(
            Query(
                files=weighted(query),
                text=text,
                keys=keys,
                exclude=exclude,  # type: ignore[arg-type]  # checked and made inputs there
                source=source,
                up=up,
                targets=targets,
                k=k,
                refine=refine,
                score=score,
                depth=depth,
                max_distance=max_distance,
                where=where,
                structure=structure,
            )
        ).hits

    @must.checked(query=must.a(Query, "a Query"))
    def ask(self, query: Query) -> Answer:
        """As `search`, with the remarks on how the query was understood."""
        return again(lambda: self._answer(query))

    def _answer(self, query: Query) -> Answer:
        now = self._generations.current()
        with now.store.snapshot():  # stored items that are asked by are those that are ranked
            point = locate(query, self.model, now.store)
            if now.store.unlocked:
                point.notes.append(f"{self.path} is read-only: what a writer adds may go unnoticed")
            return Ranking(now, self.model, query).answer(point)

    @must.checked(files=must.inputs, domain=must.text)
    def embed(self, files: Sequence[InputLike], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of files, pictures or meshes of one domain."""
        self.model.bundle.domain(domain)
        return self.model.embed(files, domain)  # type: ignore[arg-type]  # made inputs by the check

    @must.checked(embeddings=must.vectors, domain=must.optional(must.text))
    def codes(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Codes (n, bits // 8) of embeddings (n, d)."""
        return self.model.hasher.encode(embeddings, domain)
