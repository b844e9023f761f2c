"""The engine: an index and the model at work on it, for adding, searching and checking.

Each method checks what it is given and hands it on: `lifecycle` makes, opens, follows, checks and
compacts an index, `ingest` adds files and items, `query` answers, `exchange` exports and imports.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.domains.excluding import Excluded
from opensearch.engine import arguments as must
from opensearch.engine.checking import checked
from opensearch.engine.exchange.copying import copy_index
from opensearch.engine.exchange.exporting import export
from opensearch.engine.exchange.importing import Export
from opensearch.engine.ingest import left_out, removing
from opensearch.engine.ingest.adding import Progress, Run
from opensearch.engine.ingest.changes import Compare, Comparing
from opensearch.engine.ingest.embeddings import (
    add_embeddings,
    check_made_by,
    unit_rows,
)
from opensearch.engine.ingest.encoding import IN_PLACE, Encoding
from opensearch.engine.ingest.keyed import described, keyed
from opensearch.engine.ingest.left_out import IgnoredFile
from opensearch.engine.ingest.pruning import Prune
from opensearch.engine.ingest.runs import add_files, add_inputs, plan
from opensearch.engine.lifecycle.compacting import Compacted
from opensearch.engine.lifecycle.generations import (
    Generations,
    create_index,
    describe,
    open_for_export,
    open_index,
)
from opensearch.engine.lifecycle.imprinting import make_imprints
from opensearch.engine.lifecycle.places import kind_of, located
from opensearch.engine.lifecycle.verifying import problems_of
from opensearch.engine.query import finding
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.copies import without_imprint
from opensearch.engine.query.duplicates import Group
from opensearch.engine.query.fields import FieldValues, fields_of
from opensearch.engine.query.finding import Found, refuse_remarks
from opensearch.engine.query.grouping import find_groups
from opensearch.engine.query.looking_up import found_item, relabelled
from opensearch.engine.query.many import answer_many, search_codes
from opensearch.engine.query.parts import Part, made_part
from opensearch.engine.query.query import Query, Score, Weighted, weighted
from opensearch.engine.query.ranking import answer
from opensearch.errors import OpenSearchError
from opensearch.model import InputLike, Model
from opensearch.records import Address, Hit, Item, Metadata, Names, Report, Several, Up, Where
from opensearch.remote import root_of
from opensearch.store import Store, again


class Engine:
    """An index and the model at work on it; open one with `create` or `open`.

    Attributes:
        path: where the index lies: a folder, or an address.
        model: what encodes queries and new files.
    """

    def __init__(self, generations: Generations, model: Model) -> None:
        self.path: Where = generations.folder.path
        self.model = model
        self._generations = generations

    @classmethod
    @checked()
    def create(
        cls,
        path: str | Path | Address,
        model: str | Path | None = None,
        limits: Limits | None = None,
    ) -> Engine:
        """Make an empty index around a model, the shipped starter by default.

        Args:
            path: a folder, or the address of a place in a server, see docs/scale-out.md.

        Raises:
            StoreError: the folder holds an index or other files.
            BundleError: `model` is no model.
        """
        generations, bundle = create_index(_where(path), model)
        return cls(generations, Model(bundle, limits))

    @classmethod
    @checked()
    def open(
        cls,
        path: str | Path | Address,
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
        generations, bundle = open_index(_where(path), model, adopt)
        return cls(generations, Model(bundle, limits))

    @classmethod
    @checked()
    def open_for(
        cls, export: str | Path, path: str | Path | Address, model: str | Path | None = None
    ) -> Engine:
        """Open the index that an export will be imported into, or make it when there is none.

        Raises:
            UnreadableFile: the export is damaged or none; no index was made.
            IndexMismatch: the export was made by another model; no index was made.
        """
        generations, bundle = open_for_export(Path(export), _where(path), model)
        return cls(generations, Model(bundle))

    def close(self) -> None:
        """Release the store."""
        self._generations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @checked()
    def add(  # noqa: PLR0913 - one run, all that may be said of it by name
        self,
        *sources: str | Path,
        domain: str | None = None,
        up: Up | None = None,
        strict: bool = False,
        prune: Prune = False,
        exclude: Names = (),
        dry_run: bool = False,
        compare: Compare = "time",
        reread: bool = False,
        encoding: Encoding = IN_PLACE,
        progress: Progress = lambda done, total: None,
    ) -> Report:
        """Bring the index up to date with files and folders; only new or changed ones are encoded.

        Args:
            sources: paths, or addresses such as s3://bucket/photos, which the extra remote reads.
            domain: what every file is taken for; told from folder or content when `None`.
            up: which axis is up in every mesh; when `None`, what was said of it before, its
                manifest says or its format states. Meshes that stood otherwise are read again.
            strict: stop at the first file that fails, in place of reporting it.
            prune: remove items of these sources whose files are gone; where a source has lost
                all or most of its items only if it is `"force"`.
            exclude: patterns, as in .gitignore, of what this run passes over; see
                `domains.excluding`. What is stored already stays.
            dry_run: give the books of such a run and the names in `planned`, as far as they can be
                told without reading the files; nothing is written or encoded.
            compare: what tells that a file has not changed: its size and time, or its content.
            reread: read files again that an older version of their reader has read.
            encoding: where they are read and encoded: in this process, or on the machines of
                `opensearch.cluster.OnRay`; written they are here.
            progress: called with files settled and files in all.

        Returns:
            The books, which close.

        Raises:
            InvalidInput: a source does not exist, a pattern is malformed, or `reread` of an index
                of a format that keeps no readers' versions.
            MissingExtra: a source is an address, and what reads it is not installed.
            Refused: `prune` would remove all or most items of a source; the rest is done.
            StoreError: another process writes to the index.
            BundleError: the model is damaged; nothing was stored.
        """
        roots = [root_of(source) for source in sources]
        comparing = Comparing(compare, reread)
        run = Run(domain, up, strict, comparing, Excluded(exclude), progress, encoding)
        if dry_run:
            ignored = left_out.read(self._generations.folder).keys()
            return plan(self._store, self.model, roots, run, prune, ignored)
        return add_files(self._generations, self.model, roots, run, prune)

    @checked()
    def add_items(  # noqa: PLR0913 - what is said of the items, each by name
        self,
        inputs: Several[InputLike],
        keys: Names,
        domain: str | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Several[str | None] | None = None,
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
        run = Run(domain, up, strict, Comparing(reread=reread), progress=progress)
        return add_inputs(self._generations, self.model, items, run)

    @checked()
    def add_codes(
        self,
        codes: NDArray[np.uint8],
        domain: str,
        keys: Names | None = None,
        metadata: Sequence[Metadata] | None = None,
        categories: Several[str | None] | None = None,
    ) -> NDArray[np.int64]:
        """Add ready codes in bulk; they are searchable when the call returns.

        Without embeddings these items have no scores and no refinement. Without keys they are
        named by their ids, `photo/#17`; with nothing but codes no records are stored. Batches
        of 64 Ki items are acknowledged one by one.

        Args:
            codes: shape (n, bits // 8).
            domain: of all of them.
            keys: n keys; an item that has one of them already is replaced.
            metadata: n dicts of JSON values.
            categories: n names or `None`s.

        Returns:
            The n ids given.

        Raises:
            InvalidInput: shapes or lengths do not agree.
            StoreError: another process writes to the index.
        """
        return self._generations.write_and_settle(
            lambda store: store.put_codes(codes, domain, keys, metadata, categories)  # type: ignore[arg-type]  # checked
        )

    @checked()
    def add_embeddings(
        self,
        embeddings: NDArray[np.floating[Any]],
        domain: str,
        keys: Names,
        metadata: Sequence[Metadata] | None = None,
        categories: Several[str | None] | None = None,
        *,
        made_by: str | None = None,
    ) -> NDArray[np.int64]:
        """Add ready embeddings, such as `embed` gives; their codes are made here.

        They must lie in the space of this index's model: a cosine with a vector of any other
        model is a number without meaning, and nothing in the vector tells. So keep, with vectors
        that you store, the identity of what made them, and hand it over as `made_by`.

        Args:
            embeddings: shape (n, d), finite, unit rows within .01; made exact here.
            domain: of all of them, also one that the model has no encoder for.
            keys: n keys, all different; an item that has one of them already is replaced.
            metadata: n dicts of JSON values.
            categories: n names or `None`s.
            made_by: the identity of the encoder that made them, of `identities` in `info()`,
                or that of the space for vectors of an encoder of your own; not checked
                when `None`.

        Returns:
            The n ids given, in batches of 16 Ki items that are acknowledged one by one.

        Raises:
            InvalidInput: shapes or lengths do not agree, a row is no unit vector, a key is empty
                or comes twice.
            IndexMismatch: `made_by` is no identity of this index's model; nothing was added.
            StoreError: another process writes to the index.
        """
        card = self.model.bundle.card
        if made_by is not None:
            check_made_by(made_by, card.identities, domain)
        rows = unit_rows(embeddings, card.dim)
        items = described(len(rows), domain, keys, metadata, categories)  # type: ignore[arg-type]  # checked
        return add_embeddings(self._generations, self.model, items, rows)

    @checked()
    def remove(
        self,
        keys: Names = (),
        *,
        where: str | None = None,
        folder: str | Path | None = None,
        ignore: bool = False,
    ) -> int:
        """Remove items by key, and those that `find` finds; return how many there were.

        Args:
            keys: of items; others are passed over.
            where: as of `find`.
            folder: as of `find`; with `where`, what passes both.
            ignore: `add` passes their files over from now on, see `ignored` and `forget`; else
                it brings in again what lies under its sources.

        Raises:
            InvalidInput: as `find`, or the filter asks for what no item has; nothing was removed.
            StoreError: another process writes to the index.
        """
        asked, place = (list(keys), where, folder), self._generations.folder
        return self._generations.write(
            lambda store: removing.remove(store, *asked, place if ignore else None)
        )

    @checked()
    def forget(self, names: Names = (), *, folder: str | Path | None = None) -> set[str]:
        """Ignore files no longer that `remove` was told to ignore; `add` may bring them in again.

        Args:
            names: keys their items had, or their paths.
            folder: all that lie in it.

        Returns:
            The names that were found, and the paths of what was found in the folder.
        """
        place = self._generations.folder
        if not left_out.read(place):
            return set()
        with self._generations.claimed():
            return left_out.forget(place, names, folder)

    def ignored(self) -> list[IgnoredFile]:
        """The files that `add` passes over since `remove` was told to ignore them."""
        return list(left_out.read(self._generations.folder).values())

    @checked()
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
            folder: what passes must also be a file in it, or be it; it may be gone.
            targets: domains looked through; all that the index holds when empty.

        Raises:
            InvalidInput: a malformed filter, or a domain that the index does not hold.
        """
        asked = {"keys": keys, "folder": folder, "targets": targets}
        return again(lambda: finding.find(self._store, where, **asked))  # type: ignore[arg-type]

    def search(  # noqa: PLR0913 - a query in one call, each part by name
        self,
        query: Weighted | Sequence[Weighted] = (),
        *,
        text: str | None = None,
        sentence: str | None = None,
        keys: Names = (),
        exclude: Several[InputLike] = (),
        source: str | None = None,
        up: Up | None = None,
        targets: Names = (),
        k: int = 10,
        refine: bool | None = None,
        score: Score = "rescored",
        depth: int = 1000,
        max_distance: int | None = None,
        min_score: float | None = None,
        where: str | None = None,
        structure: str | None = None,
    ) -> list[Hit]:
        """The `k` nearest items, best first; see `Query` for the arguments."""
        return self.ask(
            Query(
                files=weighted(query),
                text=text,
                sentence=sentence,
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
                min_score=min_score,
                where=where,
                structure=structure,
            )
        ).hits

    @checked(query=must.a(Query, "a Query"))
    def ask(self, query: Query) -> Answer:
        """As `search`, with the remarks on how the query was understood."""
        return again(lambda: answer(query, self._generations, self.model))

    @checked(queries=must.a(list | tuple, "a list of Query"))  # type: ignore[arg-type]
    def ask_many(self, queries: Sequence[Query]) -> Iterator[Answer | OpenSearchError]:
        """As `ask`, of many: their files are embedded in batches.

        Returns:
            For each query, in order, its answer or the error that `ask` would raise.
        """
        for query in queries:
            must.a(Query, "a Query")("each of queries", query)
        return answer_many(queries, self._generations, self.model)

    @checked()
    def part(
        self,
        given: InputLike | None = None,
        *,
        key: str | None = None,
        text: str | None = None,
        domain: str | None = None,
        up: Up | None = None,
    ) -> Part:
        """An input, a stored item or words as a part of queries, read and encoded once.

        Args:
            given: a file, picture or mesh, of `domain` if it is said, and with `up` on top.
            key: of a stored item.
            text: words.

        Raises:
            InvalidInput: not just one of the three is given, or the key or the words are unknown.
            UnreadableFile: the input cannot be read.
        """
        return made_part(self.model, self._store, (given, key, text), domain, up)  # type: ignore[arg-type]  # checked

    @checked()
    def search_batch(
        self,
        codes: NDArray[np.uint8],
        targets: Names = (),
        k: int = 10,
        structure: str | None = None,
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Nearest items of many codes at once, without records; see `items` for those.

        Args:
            codes: shape (n, bits // 8).
            targets: domains searched; all that the index holds when empty.
            k: hits wanted.
            structure: name of a backend, such as `hnsw`, whose structure was built; exact when
                `None`.

        Returns:
            Hamming distances (n, k) and ids (n, k), in order of (distance, id); short rows
            are padded with id -1 and the largest distance.

        Raises:
            InvalidInput: codes of another shape, a domain that the index does not hold, or a
                structure that was not built.
        """
        return search_codes(self._generations, codes, targets, k, structure)

    @checked()
    def items(self, ids: Iterable[int]) -> list[Item]:
        """Records of ids that a search gave, in their order; padding (-1) is passed over.

        Raises:
            StoreError: an id is not stored any more.
        """
        return self._store.items(id_ for id_ in ids if id_ >= 0)

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

    @checked()
    def get(self, key: str) -> Item | None:
        """The record of the item of this key, `None` where there is none."""
        return again(lambda: self._store.by_key(key))

    def __iter__(self) -> Iterator[str]:
        """As `keys`."""
        return self.keys()

    def keys(self) -> Iterator[str]:
        """Keys of all items, as `records` gives them."""
        return (item.key for item in self.records())

    def records(self) -> Iterator[Item]:
        """Records of all items as they are when the first is asked for, whatever is written since.

        They are read one by one, in order of id. What is added, replaced or removed in the loop,
        or by others, changes nothing of it.
        """
        yield from self._store.every()

    @checked()
    def iter_items(self, ids: Iterable[int]) -> Iterator[Item]:
        """As `items`, a page at a time; what was removed meanwhile is passed over."""
        return finding.items(self._store, np.array(ids, np.int64))

    @checked()
    def item(self, id_: int) -> Item | None:
        """The record of the item of an id, `None` where there is none (any more)."""
        return again(lambda: found_item(self._store, id_))

    @checked(metadata=must.record)
    def relabel(self, key: str, category: str | None, metadata: Metadata | None = None) -> Item:
        """Give an item another category, and other metadata unless they are `None`.

        A category or field that a manifest or folder declares comes back when the file is indexed
        anew.

        Raises:
            InvalidInput: there is no such item, or metadata are not JSON values.
            StoreError: another process writes to the index.
        """
        return self._generations.write_and_settle(
            lambda store: relabelled(store, key, category, metadata)
        )

    @checked()
    def fields(self, values: int = 50) -> list[FieldValues]:
        """Fields that `where` may ask for, each with its kind and its most frequent values."""
        return fields_of(self._store, values)

    @checked()
    def thumbnail(self, id_: int) -> bytes | None:
        """The JPEG picture kept of an item, `None` for ready codes and ids that are not stored."""
        return self._store.thumbnail(id_) if id_ < must.IDS else None

    @checked()
    def duplicates(
        self,
        max_distance: int | None = None,
        min_score: float | None = None,
        domain: str | None = None,
        exact: bool = False,
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

        Raises:
            InvalidInput: a negative distance, a domain that the index does not hold, or `exact`
                of groups by codes.
        """
        return find_groups(self._store, max_distance, min_score, domain, exact)

    @checked()
    def without_imprint(self, domain: str | None = None) -> int:
        """How many items, of a domain or of all, no copies can be found of.

        Ready codes and embeddings have no imprint. Nor have items of older versions; `compact`
        makes theirs.

        Raises:
            InvalidInput: a domain that the index does not hold.
        """
        return again(lambda: without_imprint(self._store, domain))

    @checked()
    def embed(self, files: Several[InputLike], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of files, pictures or meshes of one domain."""
        self.model.bundle.domain(domain)
        return self.model.embed(files, domain)  # type: ignore[arg-type]  # made inputs by the check

    @checked()
    def codes(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Codes (n, bits // 8) of embeddings (n, d)."""
        return self.model.hasher.encode(embeddings, domain)

    @checked()
    def build_structure(self, structure: str, seed: int = 0) -> dict[str, float]:
        """Build a structure over all items there are, for searches that name it.

        Items added later are searched flat beside it until it is built again, and `compact`
        builds it again; it lies in the index and `info` shows it.

        Args:
            structure: name of a backend that is built on request; see `search.BACKENDS`.
            seed: of the queries that recall is measured with.

        Returns:
            Recall@10 against the exact search, by domain.

        Raises:
            InvalidInput: an unknown structure.
            StoreError: the index cannot be written.
        """
        with self._generations.claimed() as now:
            return now.searcher.build(structure, seed)

    def drop_structures(self) -> None:
        """Remove all structures that were built by name; `compact` builds none of them any more.

        Raises:
            StoreError: the index cannot be written.
        """
        with self._generations.claimed() as now:
            now.searcher.drop()

    def info(self) -> dict[str, Any]:
        """What manifest, model and books say, as plain JSON types."""
        return describe(self._generations, self.model.bundle)

    @checked()
    def verify(self, repair: bool = False) -> list[str]:
        """Compare books, rows, search files and model; the problems found, none when whole.

        Args:
            repair: delete derived search files and make them anew from the store.
        """
        return problems_of(self._generations, repair)

    def compact(self) -> Compacted:
        """Drop removed and replaced items for good and merge small blocks, in a new generation.

        Searches go on meanwhile, on the old generation; whoever reads the index follows to the
        new one by itself. Killed at any moment, the old one or the new one is whole. Approximate
        structures that were there are built over the new one before anybody follows to it. The
        old one is read by a child process, which damaged pages may end. Items of older versions
        then get what `duplicates` knows copies by: of their thumbnails, or of their files.

        Raises:
            StoreError: another process writes to the index, the disk lacks the space, or the
                store is damaged; nothing has changed.
        """
        folder, built = self._generations.folder, self._generations.current().searcher.built()
        kind = kind_of(folder.path)
        done = self._generations.write_and_settle(lambda store: kind.compact(folder, store, built))
        made = self._generations.write(lambda store: make_imprints(store, self.model))
        return replace(done, imprints=made)

    @checked()
    def export_to(
        self,
        folder: str | Path,
        progress: Progress = lambda done, total: None,
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

    @checked()
    def copy_to(
        self, path: str | Path | Address, progress: Progress = lambda done, total: None
    ) -> int:
        """Copy the index to another place, ids and model included; return how many items it has.

        Args:
            path: a new folder, or an address, where nothing lies yet. The copy is there once it is
                whole.
            progress: called with items copied and items in all.

        Raises:
            StoreError: something lies there already, or it cannot be written.
            InvalidInput: an item is larger than the other place can hold.
        """
        place = self._generations.folder
        return copy_index(place, self._store, place.open_model(), _where(path), progress)

    @checked()
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
        return self._generations.write_and_settle(lambda store: source.add_to(store, progress))

    @property
    def _store(self) -> Store:
        return self._generations.current().store


def _where(path: str | Path | Address) -> Where:
    """Where an index lies, by what a caller has named."""
    return path if isinstance(path, Address) else located(path)
