"""Importing an export: its files are checked first, then its items added in batches.

Each batch records in its own transaction how far the import has come, so that one that was cut
short and is repeated adds no item without a key twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.exchange.exporting import (
    CODES,
    EMBEDDINGS,
    FORMAT,
    ITEMS,
    MANIFEST,
    PAGE,
    THUMBNAILS,
)
from opensearch.errors import IndexMismatch, InvalidInput, UnreadableFile
from opensearch.progress import Count
from opensearch.records import Item, Report
from opensearch.store import Mark, Store


@dataclass(frozen=True)
class _Line:
    """An item of the export, and what belongs to it; one without a key is a ready code."""

    row: int
    item: Item
    embedded: bool
    picture: bytes

    @property
    def kind(self) -> tuple[bool, str, bool]:
        """What lines of a batch share: an embedding or none; if keyless, domain and fields."""
        keyless = not self.item.key
        fields = self.item.category is not None or bool(self.item.metadata)
        return self.embedded, self.item.domain if keyless else "", keyless and not fields


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
            manifest = json.loads((folder / MANIFEST).read_bytes())
            version, files = manifest["format"], dict(manifest["files"])
            made_with = dict(manifest["identities"])
            if not {"space", "hash"} <= made_with.keys():
                raise ValueError("it does not say which space and hash it was made with")
            sizes = [int(manifest[name]) for name in ("items", "bits", "dim")]
        except FileNotFoundError as error:
            raise UnreadableFile(
                f"{folder} is not an export: it has no {MANIFEST}. Make one:"
                f" `Engine.export_to({str(folder)!r})`"
            ) from error
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
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
        for lines in self._batches(total):
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
            with np.errstate(over="raise"):  # of a header that promises more than there can be
                array = np.load(self.folder / name, mmap_mode="r" if 0 not in shape else None)
        except (OSError, ValueError, EOFError, ArithmeticError, TypeError, MemoryError) as error:
            raise UnreadableFile(f"{self.folder / name} is no array: {error}") from error
        if array.shape != shape or array.dtype != kind:
            raise UnreadableFile(
                f"{self.folder / name} holds {array.dtype} of shape {array.shape}, the manifest"
                f" says {kind.__name__} of shape {shape}; export the index again"
            )
        loaded: NDArray[Any] = array
        return loaded

    def _batches(self, total: int) -> Iterator[list[_Line]]:
        """Lines in batches of one kind."""
        count = 0
        with (
            (self.folder / ITEMS).open("rb") as text,
            (self.folder / THUMBNAILS).open("rb") as file,
        ):
            lines = (self._line(row, raw, file) for row, raw in enumerate(text))
            while page := list(islice(lines, PAGE)):
                count += len(page)
                if count > total:
                    break
                for _, group in groupby(page, key=lambda line: line.kind):
                    yield list(group)
        if count != total:
            raise UnreadableFile(
                f"{self.folder / ITEMS} has not the {total} lines that the manifest counts; export"
                " the index again"
            )

    def _line(self, row: int, raw: bytes, pictures: BinaryIO) -> _Line:
        try:
            fields = json.loads(raw, parse_constant=_none)
            wrong = _wrong(fields)
            if wrong:
                raise ValueError(wrong)
            embedded, size = fields.pop("embedded"), fields.pop("thumbnail")
            fields["digest"] = bytes.fromhex(fields["digest"])
            fields["key"] = fields["key"] or ""
            item = Item(**fields)
            if not item.key and (embedded or size or item.path or item.digest):
                raise ValueError("without a key there can be no file and no embedding")
            left = os.fstat(pictures.fileno()).st_size - pictures.tell()
            if size > left:
                raise ValueError(f"its thumbnail has {size} bytes, {left} are left")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableFile(
                f"line {row + 1} of {self.folder / ITEMS} is no item ({error}); export the index"
                " again"
            ) from error
        return _Line(row, item, embedded, pictures.read(size))


def _none(name: str) -> None:
    """What takes the place of NaN and infinity, which older exports may hold."""


_KINDS: dict[str, tuple[type, ...]] = {
    "id": (int,),
    "key": (str, type(None)),
    "domain": (str,),
    "path": (str,),
    "category": (str, type(None)),
    "size": (int,),
    "mtime_ns": (int,),
    "digest": (str,),
    "metadata": (dict,),
    "embedded": (bool,),
    "thumbnail": (int,),
    "reader": (str,),
}
"""What a line may hold, whoever has written it."""

_LATER = ("reader",)
"""What lines of older exports lack."""


def _wrong(fields: Any) -> str:
    """What an export would not have written, empty when all is well."""
    if not isinstance(fields, dict):
        return "it is no object"
    for name, kinds in _KINDS.items():
        if name not in fields:
            if name in _LATER:
                continue
            return f"it lacks {name}"
        value: Any = fields[name]
        if not _is(value, kinds):
            return f"its {name} is of another kind"
        if kinds == (int,) and not (-(2**63) if name == "mtime_ns" else 0) <= value < 2**63:
            return f"its {name} is out of range"
    return "" if fields["domain"] else "it has no domain"


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a value has one of these types; a bool is not a number."""
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _put(
    store: Store,
    lines: Sequence[_Line],
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


def _check_file(folder: Path, name: str, files: Mapping[str, Any]) -> None:
    """Compare a file with its size and sha256 in the manifest."""
    try:
        expected = files[name]["bytes"], files[name]["sha256"]
        with (folder / name).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            same = (size, hashlib.file_digest(file, "sha256").hexdigest()) == expected
    except (OSError, KeyError, TypeError) as error:
        raise UnreadableFile(f"export {folder} lacks its file {name} ({error})") from error
    if not same:
        raise UnreadableFile(
            f"{folder / name} is damaged: it has {size} bytes of {expected[0]}, or others than when"
            " it was written; copy the whole export again"
        )
