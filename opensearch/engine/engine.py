"""The engine: an index and the model at work on it, for adding, searching and checking.

`Engine` is the one class that users need. Its methods for queries are in `asking`, those that read
what the index holds in `reading`, those that change it in `writing`; here an index is created,
opened, checked, compacted and copied, and structures are built for its searches. Each method checks
its arguments and hands them on to `lifecycle`, `ingest`, `query` or `exchange`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from opensearch.engine.asking import Asking
from opensearch.engine.checking import checked
from opensearch.engine.exchange.copying import copy_index
from opensearch.engine.lifecycle.compacting import Compacted
from opensearch.engine.lifecycle.generations import (
    create_index,
    describe,
    open_for_export,
    open_index,
)
from opensearch.engine.lifecycle.imprinting import make_imprints
from opensearch.engine.lifecycle.places import kind_of, located
from opensearch.engine.lifecycle.verifying import problems_of
from opensearch.engine.reading import Reading
from opensearch.engine.writing import Writing
from opensearch.limits import Limits
from opensearch.model import Model
from opensearch.progress import Count, uncounted
from opensearch.records import Address, Where


class Engine(Asking, Reading, Writing):
    """An index and the model at work on it; open one with `create` or `open`.

    Attributes:
        path: where the index lies: a folder, or an address.
        model: what encodes queries and new files.
    """

    def __reduce__(self) -> NoReturn:
        """Refuse copies: each would close the store of the others.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "an engine cannot be pickled or copied; open its index again where it is needed, as"
            " `Engine.open(path)`, in another process, too"
        )

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

        Searches go on meanwhile, on the old generation; open readers switch to the new one by
        themselves. If the process is killed, either the old or the new generation is whole.
        Structures that were built by name are built over the new one before the switch. A child
        process reads the old one, since damaged pages may kill the reader. Items stored by older
        versions then get their missing imprints (see `duplicates`), from thumbnails or files.

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
    def build_structure(self, structure: str, seed: int = 0) -> dict[str, float]:
        """Build a structure over all items there are, for searches that name it.

        Items added later are searched exhaustively beside it until it is rebuilt, which `compact`
        also does; it is kept in the index, and `info` shows it.

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

    @checked()
    def copy_to(self, path: str | Path | Address, progress: Count = uncounted) -> int:
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


def _where(path: str | Path | Address) -> Where:
    """Where an index lies, by what a caller has named."""
    return path if isinstance(path, Address) else located(path)
