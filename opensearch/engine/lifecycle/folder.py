"""The folder of an index at work: the model inside it, its stores, what is derived of them.

See `layout` for what lies where.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from opensearch.encoders import integrity
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.openvino import PRECISIONS, Precision
from opensearch.encoders.tensors import write_atomic
from opensearch.engine.lifecycle import ignored
from opensearch.engine.lifecycle.current import (
    check_there,
    mark_of_current,
    read_current,
    switch_current,
)
from opensearch.engine.lifecycle.layout import (
    CURRENT,
    MANIFEST,
    check_free,
    is_index,
    refuse_others,
)
from opensearch.engine.lifecycle.made_whole import is_taken, made_whole
from opensearch.errors import BundleError, StoreError, system_reason
from opensearch.files import read_regular
from opensearch.records import Where
from opensearch.search import CodeSearch, Searcher
from opensearch.store import LmdbStore, Store

FORMAT = 1


@dataclass(frozen=True)
class IndexFolder:
    """Paths and identities of an index on disk.

    `precision` is that of the backbones its items were encoded by, wherever the machine had it.
    """

    path: Path
    identities: dict[str, str]
    precision: Precision = "f32"
    graphs: dict[str, str] = field(default_factory=dict)

    @property
    def model(self) -> Path:
        """Where the copy of the bundle lies."""
        return self.path / "model"

    @property
    def compiled(self) -> Path:
        """Where backbones compiled for this machine lie: derived, safe to delete."""
        return self.path / "compiled"

    def open_model(self, given: Path | None = None) -> Bundle:
        """Open the copy of the bundle, or another that is given, to work as this index does.

        Raises:
            BundleError: it is gone or damaged.
        """
        try:
            return Bundle.open(given or self.model, self.precision, self.compiled)
        except BundleError as error:
            if given is not None or isinstance(error.__cause__, OSError):
                raise
            there = os.path.exists(self.model / "model.json")
            raise BundleError(
                f"the model inside index {self.path} is {f'damaged: {error}' if there else 'gone'}"
                f"; if it was the shipped one, `verify_index({str(self.path)!r}, repair=True)` puts"
                f" it back, else copy the model that made the index to {self.model}"
            ) from error

    @property
    def search(self) -> Path:
        """Where derived search files lie."""
        return self.path / "search"

    def search_files(self, identity: str) -> Path:
        """The folder of the search files of one store; no other store reads them."""
        return self.search / identity

    def create_store(self, bits: int, dim: int) -> None:
        """Make the empty store of a new index."""
        LmdbStore.create(self.store, bits=bits, dim=dim).close()

    def open_store(self, generation: str | None = None, *, readonly: bool = False) -> Store:
        """The store of a generation, the current one by default; written to while it is current.

        Raises:
            StoreError: it is missing, damaged or of a newer format.
        """
        name = generation or self.generation
        check_there(self.path, name)
        return LmdbStore.open(
            self.path / "store" / name,
            readonly=readonly,
            current=lambda: self.generation == name,
        )

    def searcher(self, store: Store) -> CodeSearch:
        """A searcher of the codes of a store."""
        meta = store.meta()
        return Searcher(store, self.search_files(meta.identity), meta.bits)

    def forget_derived(self) -> None:
        """Remove all search files; they are made anew from the store."""
        if self.search.is_dir():  # a pipe in its place would be waited for
            shutil.rmtree(self.search, ignore_errors=True)
        else:
            self.search.unlink(missing_ok=True)

    def read_ignored(self) -> bytes:
        """The list of files that `add` passes over.

        Raises:
            StoreError: it cannot be read.
        """
        return ignored.read(self.path)

    def write_ignored(self, raw: bytes) -> None:
        """Write that list.

        Raises:
            StoreError: it cannot be written.
        """
        ignored.write(self.path, raw)

    def keeping_ignored(self) -> AbstractContextManager[Callable[[], None]]:
        """Keep that list during the block, which gets a call to restore it, even on a full disk."""
        return ignored.keeping(self.path)

    def drop_search_files(self, identity: str) -> None:
        """Remove derived files of all stores but one; for the process that writes to that one."""
        if not os.access(self.search, os.W_OK):
            return
        for stray in self.search.iterdir():
            if stray.name == identity:
                continue
            if stray.is_dir():
                shutil.rmtree(stray, ignore_errors=True)
            else:
                stray.unlink(missing_ok=True)

    @property
    def store(self) -> Path:
        """The current generation of the store."""
        return self.path / "store" / self.generation

    @property
    def generation(self) -> str:
        """The name of the current generation, see `current`.

        Raises:
            StoreError: CURRENT is gone, or holds no number.
        """
        return read_current(self.path)

    def mark(self) -> tuple[int, int]:
        """A value that changes whenever CURRENT does; cheaper than reading it."""
        return mark_of_current(self.path)

    def switch(self, generation: int) -> None:
        """Make a generation the current one, at once and for good.

        Raises:
            StoreError: CURRENT cannot be written.
        """
        switch_current(self.path, generation)

    def drop_strays(self) -> None:
        """Remove all generations but the current one; for the process that holds its lock.

        They are left by compactions, killed or done. Readers that have one open keep its pages.
        """
        for stray in (self.path / "store").iterdir():
            if stray.name != self.generation:
                gone = stray.with_name(f"{stray.name}.gone")
                with suppress(OSError):
                    stray.replace(gone)  # first, so that nobody opens half of it
                shutil.rmtree(gone if gone.exists() else stray, ignore_errors=True)

    @classmethod
    def create(cls, path: Path, bundle: Bundle, precision: Precision = "f32") -> IndexFolder:
        """Lay out an index around a copy of the bundle; the caller creates the store.

        Raises:
            StoreError: the folder holds an index, what is left of one, or other files.
            BundleError: the bundle is damaged.
        """
        if is_index(path):
            raise StoreError(f"{path} is an index already; open it, or choose another folder")
        check_free(path)
        integrity.check(bundle, parts=False)
        shutil.rmtree(path / "store", ignore_errors=True)  # of a creation that was killed
        path.mkdir(parents=True, exist_ok=True)
        bundle.copy_to(path / "model")
        write_atomic(path / CURRENT, b"0\n")
        return cls(path, bundle.card.identities, precision)

    def finish(self, bundle: Bundle) -> None:
        """Write the manifest, which makes the folder an index of the model inside it."""
        fields = {
            "format": FORMAT,
            "identities": bundle.card.identities,
            "precision": self.precision,
            "graphs": integrity.graph_sums(bundle),
        }
        write_atomic(self.path / MANIFEST, json.dumps(fields, indent=1).encode())
        for left in self.model.glob(".*.tmp"):  # of a copy of the model that was killed
            with suppress(OSError):
                left.unlink()

    @classmethod
    def open(cls, path: Path) -> IndexFolder:
        """Read an index's manifest.

        Raises:
            StoreError: not an index, damaged, or of a newer format.
        """
        refuse_others(path)
        try:
            fields = json.loads(read_regular(path / MANIFEST))
            version, identities = fields["format"], dict(fields["identities"])
            precision = fields.get("precision", "f32")  # what all were before it was recorded
            graphs = dict(fields.get("graphs", {}))
        except OSError as error:
            raise StoreError(
                f"the {MANIFEST} of index {path} cannot be read: {system_reason(error)}"
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StoreError(
                f"index {path} has a damaged {MANIFEST}: {error}. Write it anew from the model"
                f" inside: `verify_index({str(path)!r}, repair=True)`"
            ) from error
        if version != FORMAT:
            raise StoreError(
                f"index {path} has format {version}, this version reads format {FORMAT};"
                " upgrade opensearch-visual or index the collection again"
            )
        if precision not in PRECISIONS:
            raise StoreError(
                f"index {path} has precision {precision!r}, this version knows"
                f" {', '.join(PRECISIONS)}; upgrade opensearch-visual"
            )
        return cls(path, identities, precision, graphs)


@contextmanager
def folder_errors(path: Where) -> Iterator[None]:
    """Turn errors of the system about a folder into one `StoreError`.

    Raises:
        StoreError: the folder cannot be written, or is none.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot make an index in {path}: {system_reason(error)}; name a new folder in"
            " one that you may write to"
        ) from error


@contextmanager
def building(path: Path, bundle: Bundle, precision: Precision) -> Iterator[IndexFolder]:
    """An index that is there only once all of it is; it is made under another name.

    Raises:
        StoreError: there are files already, another process is making it, or the folder cannot
            be written.
    """
    path = path.absolute()
    with folder_errors(path):
        if is_taken(path):
            raise StoreError(f"{path} is there already; name a new folder")
    with folder_errors(path), made_whole(path) as made:
        place = IndexFolder.create(made, bundle, precision)
        yield place
        place.finish(bundle)
