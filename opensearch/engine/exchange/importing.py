"""Importing an export: its files are checked first, then its items added in batches.

Each batch records in its own transaction how far the import has come, so that one that was cut
short and is repeated adds no item without a key twice.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.exchange.exporting import (
    CODES,
    EMBEDDINGS,
    FORMAT,
    ITEMS,
    MANIFEST,
    THUMBNAILS,
)
from opensearch.engine.exchange.lines import Line, batches
from opensearch.engine.lifecycle.places import open_place
from opensearch.errors import (
    IndexMismatch,
    InvalidInput,
    OpenSearchError,
    UnreadableFile,
    system_reason,
)
from opensearch.files import read_regular, reading_arrays
from opensearch.progress import Count
from opensearch.records import Report
from opensearch.store import Mark, Store


class Export:
    """An export on disk; open one with `open`, which checks its files.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest

    @classmethod
    def open(cls, folder: Path) -> Export:
        """Read the manifest and compare every file with it.

        Raises:
            UnreadableFile: no export, of a newer format, or a file is missing or damaged.
        """
        try:
            _refuse_odd(folder / MANIFEST)
            manifest = json.loads(read_regular(folder / MANIFEST))
            version, files = manifest["format"], dict(manifest["files"])
            made_with = dict(manifest["identities"])
            if not {"space", "hash"} <= made_with.keys():
                raise ValueError("it does not say which space and hash it was made with")
            sizes = [int(manifest[name]) for name in ("items", "bits", "dim")]
        except (FileNotFoundError, NotADirectoryError) as error:
            raise UnreadableFile(f"{folder} is not an export: {_missing(folder)}") from error
        except OSError as error:
            reason = system_reason(error)
            raise UnreadableFile(f"{folder / MANIFEST} cannot be read: {reason}") from error
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
            if _is_index(folder):  # which has a file of this name, too
                raise UnreadableFile(
                    f"{folder} is not an export: it is an index. Make an export of it:"
                    " `Engine.export_to('OUT')`"
                ) from error
            raise UnreadableFile(f"export {folder} has a damaged {MANIFEST}: {error}") from error
        if version not in range(1, FORMAT + 1) or min(sizes) < 0:
            raise UnreadableFile(
                f"export {folder} has format {version}, this version reads up to {FORMAT};"
                " upgrade opensearch-visual or export the index again"
            )
        for name in (ITEMS, CODES, EMBEDDINGS, THUMBNAILS):
            _check_file(folder, name, files)
        return cls(folder, manifest)

    def check_fits(self, index: str, identities: Mapping[str, str]) -> None:
        """Refuse an index whose codes would mean something else.

        Raises:
            IndexMismatch: space, hash, or the encoder of a domain held differs.
        """
        for part, made_with in self.manifest["identities"].items():
            if identities.get(part) != made_with:
                own = str(identities.get(part) or "none")[:12]
                raise IndexMismatch(
                    f"export {self.folder} was made with {part} {str(made_with)[:12]}, but index"
                    f" {index} has {own}; their distances mean nothing. Import into an index of"
                    " the same model: `Engine.open_for(export, path, model)`"
                )

    def add_to(self, store: Store, progress: Count) -> Report:
        """Add all items in batches, by key; those that have none are new whatever is stored.

        Where an import of this export was cut short, items without keys that it has stored are
        among the unchanged.

        Raises:
            UnreadableFile: arrays or lines do not agree with each other.
            InvalidInput: the index has codes or embeddings of another width.
        """
        total, meta = self.manifest["items"], store.meta()
        if (self.manifest["bits"], self.manifest["dim"]) != (meta.bits, meta.dim):
            raise InvalidInput(
                f"export {self.folder} has {self.manifest['bits']} bits and"
                f" {self.manifest['dim']} dimensions, the index {meta.bits} and {meta.dim};"
                " import into an index of the same model"
            )
        codes = self._array(CODES, (total, meta.bits // 8), np.uint8)
        embeddings = self._array(EMBEDDINGS, (total, meta.dim), np.float16)
        report, job = Report(), self._job()
        done = store.mark(job)
        for lines in batches(self.folder, total):
            report.seen += len(lines)
            lines = [line for line in lines if line.item.key or line.row >= done]
            report.unchanged = report.seen - report.added - report.replaced - len(lines)
            if lines:
                rows = [line.row for line in lines]
                vectors = self._vectors(embeddings, rows) if lines[0].embedded else None
                replaced = _put(
                    store, lines, codes[rows], vectors, Mark(job, max(done, rows[-1] + 1))
                )
                report.replaced += replaced
                report.added += len(lines) - replaced
            progress(report.seen, total)
        store.finish(job)
        return report

    def _vectors(self, embeddings: NDArray[np.float16], rows: Sequence[int]) -> NDArray[np.float16]:
        """Embeddings of these rows; rows of zeros or NaN are refused."""
        vectors: NDArray[np.float16] = embeddings[rows]
        lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)
        if vectors.shape[1] and not (np.isfinite(lengths) & (lengths > 0)).all():
            raise UnreadableFile(
                f"{self.folder / EMBEDDINGS} holds rows of zeros or NaN for items that have an"
                " embedding; export the index again"
            )
        return vectors

    def _job(self) -> str:
        """The name of an import of this export, made of the checksums of its files."""
        sums = json.dumps(self.manifest["files"], sort_keys=True)
        return f"import {hashlib.sha256(sums.encode()).hexdigest()}"

    def _array(self, name: str, shape: tuple[int, int], kind: type[np.generic]) -> NDArray[Any]:
        try:
            # Its header may promise more than there can be.
            with reading_arrays(), np.errstate(over="raise"):
                array = np.load(self.folder / name, mmap_mode="r" if 0 not in shape else None)
        except (OSError, ValueError) as error:
            raise UnreadableFile(f"{self.folder / name} is no array: {error}") from error
        if array.shape != shape or array.dtype != kind:
            raise UnreadableFile(
                f"{self.folder / name} holds {array.dtype} of shape {array.shape}, the manifest"
                f" says {kind.__name__} of shape {shape}; export the index again"
            )
        loaded: NDArray[Any] = array
        return loaded


def _put(
    store: Store,
    lines: Sequence[Line],
    codes: NDArray[np.uint8],
    embeddings: NDArray[np.float16] | None,
    mark: Mark,
) -> int:
    """Store a batch of one kind; return how many items it replaced."""
    items = [line.item for line in lines]
    if items[0].key:
        held = store.by_keys([item.key for item in items])
        replaced = sum(item.key in held for item in items)
        store.put(items, codes, embeddings, [line.picture for line in lines], mark)
        return replaced
    bare = lines[0].kind[2]
    metadata = None if bare else [item.metadata for item in items]
    categories = None if bare else [item.category for item in items]
    store.put_codes(codes, items[0].domain, None, metadata, categories, mark)
    return 0


def _refuse_odd(file: Path) -> None:
    """Refuse a pipe or a device: reading it might block for ever.

    Raises:
        FileNotFoundError: it is one.
    """
    if file.exists() and not file.is_file():
        raise FileNotFoundError(errno.ENOENT, "it is a folder, device, pipe or socket", str(file))


def _missing(folder: Path) -> str:
    """Why a folder is no export, and what to give instead."""
    if folder.is_file():
        return f"it is a file; give the folder that holds {MANIFEST}"
    if not folder.exists():
        return "there is nothing of this name"
    return f"it has no {MANIFEST}. Make one: `Engine.export_to('OUT')`"


def _is_index(folder: Path) -> bool:
    try:
        open_place(folder)
    except OpenSearchError:
        return False
    return True


def _check_file(folder: Path, name: str, files: Mapping[str, Any]) -> None:
    """Compare a file with its size and sha256 in the manifest."""
    try:
        expected = files[name]["bytes"], files[name]["sha256"]
        _refuse_odd(folder / name)
        with (folder / name).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            same = (size, hashlib.file_digest(file, "sha256").hexdigest()) == expected
    except (OSError, KeyError, TypeError) as error:
        raise UnreadableFile(f"export {folder} lacks its file {name} ({error})") from error
    if not same:
        raise UnreadableFile(
            f"{folder / name} is damaged: it has {size} of {expected[0]} bytes, or not those that"
            " were written; copy the whole export again"
        )
