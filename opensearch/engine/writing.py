"""What changes the items of an index: adding, removing, relabelling.

One process writes to an index at a time; each method makes this one the writer. `ingest` adds and
removes, `exchange` imports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.config import check_domain
from opensearch.domains.collections.excluding import Excluded
from opensearch.engine import arguments as must
from opensearch.engine.checking import checked
from opensearch.engine.exchange.importing import Export
from opensearch.engine.ingest import left_out, removing
from opensearch.engine.ingest.changes import Compare, Comparing
from opensearch.engine.ingest.embeddings import add_embeddings, check_made_by, unit_rows
from opensearch.engine.ingest.encoding import IN_PLACE, Encoding
from opensearch.engine.ingest.keyed import check_different, described, keyed
from opensearch.engine.ingest.options import Run
from opensearch.engine.ingest.pruning import Prune
from opensearch.engine.ingest.runs import add_files, add_inputs, plan_files
from opensearch.engine.open_index import OpenIndex
from opensearch.engine.query.looking_up import relabelled
from opensearch.model import InputLike
from opensearch.progress import Count, uncounted
from opensearch.records import Item, Metadata, Names, Report, Several, Up
from opensearch.remote import root_of


class Writing(OpenIndex):
    """What changes the items of an index."""

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
        progress: Count = uncounted,
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
                `domains.collections.excluding`. What is stored already stays.
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
        work = plan_files if dry_run else add_files
        return work(self._generations, self.model, roots, run, prune)

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
        progress: Count = uncounted,
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

        Without embeddings these items are scored by their codes and not refined. Without keys
        they are named by their ids, `photo/#17`; with nothing but codes no records are stored.
        Batches of 64 Ki items are acknowledged one by one.

        Args:
            codes: shape (n, bits // 8).
            domain: of all of them.
            keys: n keys, all different; an item that has one of them already is replaced.
            metadata: n dicts of JSON values.
            categories: n names or `None`s.

        Returns:
            The n ids given.

        Raises:
            InvalidInput: shapes or lengths do not agree, a key comes twice, or the name can be no
                domain's.
            StoreError: another process writes to the index.
        """
        check_domain(domain)
        check_different(keys or ())
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
                when `None`. Generators of codes are part of it: `refit` may change it where
                embeddings stay the same.

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
    def import_from(self, folder: str | Path, progress: Count = uncounted) -> Report:
        """Add what an export holds; items whose keys are stored are replaced.

        Raises:
            UnreadableFile: a file is missing, damaged or no export; nothing was added.
            IndexMismatch: it was made with another space, hash or encoder.
        """
        source = Export.open(Path(folder))
        source.check_fits(str(self.path), self.model.bundle.card.identities)
        return self._generations.write_and_settle(lambda store: source.add_to(store, progress))

    @checked(folder=must.source)
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

    @checked(folder=must.source)
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

    @checked(metadata=must.record)
    def relabel(self, key: str, category: str | None, metadata: Metadata | None = None) -> Item:
        """Give an item another category, and other metadata unless they are `None`.

        What a manifest or folder declares comes back when the file is indexed anew; where they
        declare nothing, what is said here stays.

        Raises:
            InvalidInput: there is no such item, or metadata are not JSON values.
            StoreError: another process writes to the index.
        """
        return self._generations.write_and_settle(
            lambda store: relabelled(store, key, category, metadata)
        )
