"""The folder of an index: manifest, the model inside it, the store's generation.

manifest.json        format version, identities of the model, precision, graphs' sums; written last
model/               a copy of the bundle, so that the index alone answers queries
compiled/            its backbones, compiled for this machine's processor; safe to delete
store/<generation>/  LMDB, the truth; CURRENT names the generation
search/              derived, safe to delete
latent/              codes of shapes, see `reconstruction.latent_index`; safe to delete
ignored.jsonl        files that `Engine.add` passes over, see `ingest.left_out`; may be missing
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opensearch.encoders import integrity
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.openvino import PRECISIONS, Precision
from opensearch.encoders.tensors import write_atomic
from opensearch.errors import BundleError, IndexMismatch, StoreError, system_reason
from opensearch.records import Where
from opensearch.search import CodeSearch, Searcher
from opensearch.store import LmdbStore, Store, ever_used

FORMAT = 1
MANIFEST = "manifest.json"


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
            if given is not None:
                raise
            there = (self.model / "model.json").exists()
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
        shutil.rmtree(self.search, ignore_errors=True)

    def read_ignored(self) -> bytes:
        """The list of files that `add` passes over.

        Raises:
            StoreError: it cannot be read.
        """
        file = self.path / IGNORED
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise StoreError(f"{file} cannot be read: {system_reason(error)}") from error

    def write_ignored(self, raw: bytes) -> None:
        """Write that list.

        Raises:
            StoreError: it cannot be written.
        """
        file = self.path / IGNORED
        try:
            write_atomic(file, raw)
        except OSError as error:
            raise StoreError(f"{file} cannot be written: {system_reason(error)}") from error

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
        """The name of the current generation: a number, one higher after each compaction."""
        try:
            name = (self.path / "CURRENT").read_text("utf-8").strip()
        except OSError as error:
            raise self._lacks_current(error) from error
        if not (name.isascii() and name.isdigit()):
            raise StoreError(
                f"the file CURRENT of index {self.path} holds {name[:20]!r}; write the number of"
                " the newest whole folder in store/ into it"
            )
        return name

    def mark(self) -> tuple[int, int]:
        """A value that changes whenever CURRENT does; cheaper than reading it."""
        try:
            stat = (self.path / "CURRENT").stat()
        except OSError as error:
            raise self._lacks_current(error) from error
        return stat.st_ino, stat.st_mtime_ns

    def _lacks_current(self, error: OSError) -> StoreError:
        if not self.path.exists():
            return StoreError(
                f"the folder of index {self.path} is gone: it was removed or moved; open it where"
                " it lies now, or restore it from a copy"
            )
        return StoreError(
            f"the file CURRENT of index {self.path} is gone ({error.strerror}); restore it from a"
            " copy: it holds the name of the newest folder in store/"
        )

    def switch(self, generation: int) -> None:
        """Make a generation the current one, at once and for good.

        Raises:
            StoreError: CURRENT cannot be written.
        """
        store = self.path / "store"
        try:
            _flush(store / str(generation), store)  # it is on the disk before CURRENT names it
            write_atomic(self.path / "CURRENT", f"{generation}\n".encode())
            _flush(self.path)  # and CURRENT before anything is removed
        except OSError as error:
            raise StoreError(
                f"cannot write the file CURRENT of index {self.path}: {system_reason(error)};"
                " mend the cause and repeat (everything is kept)."
            ) from error

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
        write_atomic(path / "CURRENT", b"0\n")
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

    def check_same(self, given: Bundle) -> None:
        """Refuse a model other than the one inside, whose own copy may be damaged.

        Raises:
            IndexMismatch: space, hash or an encoder differs.
        """
        for part, mark in self.identities.items():
            if given.card.identities.get(part) != mark:
                raise IndexMismatch(
                    f"index {self.path} was made with {_mark(part, self.identities)}, but the"
                    f" model {given.folder} has {_mark(part, given.card.identities)}; give the"
                    " model that made the index"
                )

    @classmethod
    def open(cls, path: Path) -> IndexFolder:
        """Read an index's manifest.

        Raises:
            StoreError: not an index, damaged, or of a newer format.
        """
        if not is_index(path):
            if holds_store(path):
                raise _lacks_manifest(path)
            raise StoreError(
                f"{path} is not an index: it has no {MANIFEST}."
                " An index is a folder of its own, made of files: `Engine.create('INDEX')`"
            )
        try:
            fields = json.loads((path / MANIFEST).read_bytes())
            version, identities = fields["format"], dict(fields["identities"])
            precision = fields.get("precision", "f32")  # what all were before it was recorded
            graphs = dict(fields.get("graphs", {}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
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


IGNORED = "ignored.jsonl"
_OURS = {"model", "store", "search", "compiled", "CURRENT", MANIFEST, IGNORED}


def _flush(*folders: Path) -> None:
    """Wait until the entries of folders are on disk."""
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
        StoreError: there are files already, or the folder cannot be written.
    """
    path = path.absolute()
    if is_index(path) or (path.exists() and any(path.iterdir())):
        raise StoreError(f"{path} is there already; name a new folder")
    partial = path.with_name(f".{path.name}.partial")
    with folder_errors(path):
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            place = IndexFolder.create(partial, bundle, precision)
            yield place
            place.finish(bundle)
            if path.exists():
                path.rmdir()
            partial.rename(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def check_free(path: Path) -> None:
    """See that an index can be made in a folder, which need not exist.

    Raises:
        StoreError: it holds what is left of an index, or other files.
    """
    if holds_store(path):
        raise _lacks_manifest(path)
    if path.exists() and any(child.name not in _OURS for child in path.iterdir()):
        raise StoreError(f"{path} holds other files; an index needs an empty or new folder")


def holds_store(path: Path) -> bool:
    """Whether a folder holds a store that is not, or may not be, empty."""
    return any(ever_used(store) for store in _generations(path))


def mend_current(path: Path) -> None:
    """Write CURRENT again, naming the generation that was written to last.

    A copy that a killed compaction left complete has one transaction more than the store it was
    made from, which may have been written to since; of two with the same number that one is it.

    Raises:
        StoreError: none of them can be read.
    """
    last: dict[int, int] = {}
    for folder in _generations(path):
        with suppress(StoreError), LmdbStore.open(folder, readonly=True) as store:
            last[int(folder.name)] = store.meta().last_transaction
    if not last:
        raise StoreError(f"no store of index {path} can be read; restore it from a copy")
    newest = max(last, key=lambda number: (last[number], -number))
    write_atomic(path / "CURRENT", f"{newest}\n".encode())


def _generations(path: Path) -> list[Path]:
    """Folders of stores, whether CURRENT names them or not."""
    try:
        return [folder for folder in (path / "store").iterdir() if folder.name.isdecimal()]
    except OSError:
        return []


def _lacks_manifest(path: Path) -> StoreError:
    return StoreError(
        f"{path} holds the store of an index, but its {MANIFEST} is gone; nothing was changed."
        f" Write it anew from the model inside: `verify_index({str(path)!r}, repair=True)`"
    )


def is_index(path: Path) -> bool:
    """Whether a folder holds an index."""
    return os.path.isfile(path / MANIFEST)


def check_fits(index: Where, inside: Bundle, given: Bundle, held: list[str]) -> None:
    """Refuse a model whose codes would mean nothing in an index.

    Args:
        index: where it lies, for the text.
        inside: the model that made it.
        given: the model the user named.
        held: domains the index holds items of.

    Raises:
        IndexMismatch: the space, the hash, or an encoder of a held domain differs.
    """
    parts = ["space", "hash", *(f"encoder/{domain}" for domain in held)]
    stored, other = inside.card.identities, given.card.identities
    for part in parts:
        if stored.get(part) != other.get(part):
            raise IndexMismatch(
                f"index {index} was made with {_mark(part, stored)}, but the model {given.folder}"
                f" has {_mark(part, other)}; their distances mean nothing. Leave `model` out to"
                f" use the index's own model, or index the collection again with this one"
            )


def _mark(part: str, identities: dict[str, Any]) -> str:
    value = identities.get(part)
    return f"{part} {value[:12]}" if value else f"no {part}"
