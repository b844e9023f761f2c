"""Cached rows of files, features or views, each computed only once.

A file is identified by path, size and time, so an edited one is computed again. Rows are kept in
chunks that are written atomically: a run that was killed keeps those it had finished.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch import __version__
from opensearch.domains import READERS, reader_version
from opensearch.domains.collections.catalog import fingerprint
from opensearch.encoders.tensors import replacing, write_atomic
from opensearch.errors import InvalidInput, UnreadableFile, system_reason
from opensearch.files import reading_arrays
from opensearch.progress import Progress, quiet
from opensearch.records import Failure, Source

CHUNK = 256
Rows = Iterator[NDArray[np.generic] | UnreadableFile]


def cache_folder() -> Path:
    """OPENSEARCH_CACHE, or `opensearch` in the user's cache folder; what is empty is not set."""
    if said := os.environ.get("OPENSEARCH_CACHE"):
        return Path(said)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "opensearch"


@dataclass(slots=True)
class CachedRows:
    """Rows of the sources that could be read, memory-mapped chunk by chunk.

    Attributes:
        sources: those that gave a row, in the order given.
        failures: the others, each with its reason.
        chunks: arrays of rows, memory-mapped.
        where: chunk and row of each source.
    """

    sources: list[Source] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    chunks: list[NDArray[Any]] = field(default_factory=list)
    where: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sources)

    def row(self, index: int) -> NDArray[Any]:
        """The row at `index`."""
        chunk, row = self.where[index]
        out: NDArray[Any] = self.chunks[chunk][row]
        return out

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Rows at `indices`, stacked: shape (len(indices), ...)."""
        return np.stack([self.row(int(i)) for i in indices])


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row lies, or why there is none."""

    file: Path
    row: int
    error: str | None


class RowCache:
    """A folder of chunks made by one recipe: `<name>.npy` with rows, `<name>.json` with stamps.

    Args:
        folder: where all caches lie; made when needed.
        recipe: what turns a source into a row; chunks of another recipe are never read.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        versions = "|".join(map(reader_version, READERS))
        made_by = f"{__version__}|{versions}|{recipe}"
        name = hashlib.blake2b(made_by.encode(), digest_size=8).hexdigest()
        self._folder = folder / name

    def rows(
        self,
        sources: Sequence[Source],
        compute: Callable[[Sequence[Source]], Rows],
        progress: Progress = quiet,
        what: str = "reading",
        mark: Callable[[Source], str] = lambda source: "",
    ) -> CachedRows:
        """Rows of all sources, computing those not yet in the cache.

        Args:
            sources: in any order.
            compute: gives, for each source in order, its row (one shape for all) or its error.
            progress: called with `what`, done, total.
            what: the name of this work for the progress.
            mark: what else a row depends on, besides its file.
        """
        stamps = [_stamp(source, mark(source)) for source in sources]
        kept = self._kept(set(stamps))
        missing = [place for place, stamp in enumerate(stamps) if stamp not in kept]
        progress(what, len(sources) - len(missing), len(sources))
        for start in range(0, len(missing), CHUNK):
            part = missing[start : start + CHUNK]
            rows, errors = _computed(list(compute([sources[place] for place in part])))
            file = self._save(rows, [stamps[place] for place in part], errors)
            kept |= _places(file, [stamps[place] for place in part], errors)
            progress(what, len(sources) - len(missing) + start + len(part), len(sources))
        return _gathered(sources, [kept[stamp] for stamp in stamps])

    def _kept(self, wanted: set[str]) -> dict[str, Place]:
        """The place of each wanted stamp that is cached."""
        found: dict[str, Place] = {}
        for about in sorted(self._folder.glob("*.json")):
            try:
                fields = json.loads(about.read_text("utf-8"))
                errors = {int(row): reason for row, reason in fields["errors"].items()}
                places = _places(about.with_suffix(".npy"), fields["stamps"], errors)
                with reading_arrays():
                    np.load(about.with_suffix(".npy"), mmap_mode="r")
            except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
                continue  # damaged: its rows are computed again
            found |= {stamp: place for stamp, place in places.items() if stamp in wanted}
        return found

    def _save(self, rows: NDArray[Any], stamps: list[str], errors: dict[int, str]) -> Path:
        """Write a chunk; its JSON comes last, as only that makes it valid."""
        name = hashlib.blake2b("|".join(stamps).encode(), digest_size=16).hexdigest()
        file = self._folder / f"{name}.npy"
        about = json.dumps({"stamps": stamps, "errors": errors})
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(file) as out:
                np.save(out, rows)
            write_atomic(file.with_suffix(".json"), about.encode())
        except OSError as error:
            raise InvalidInput(
                f"cache {self._folder} cannot be written: {system_reason(error)};"
                " name another folder in OPENSEARCH_CACHE"
            ) from error
        return file


def _computed(results: list[NDArray[Any] | UnreadableFile]) -> tuple[NDArray[Any], dict[int, str]]:
    """Rows stacked, zeros where there is an error, and the errors by their row."""
    good = [row for row in results if not isinstance(row, UnreadableFile)]
    blank = np.zeros_like(good[0]) if good else np.zeros(1, np.float32)
    rows = [blank if isinstance(row, UnreadableFile) else row for row in results]
    errors = {i: str(row) for i, row in enumerate(results) if isinstance(row, UnreadableFile)}
    return np.stack(rows), errors


def _places(file: Path, stamps: Sequence[str], errors: dict[int, str]) -> dict[str, Place]:
    return {stamp: Place(file, row, errors.get(row)) for row, stamp in enumerate(stamps)}


def _gathered(sources: Sequence[Source], places: Sequence[Place]) -> CachedRows:
    """The rows at their places, each chunk mapped once."""
    found = CachedRows()
    chunks: dict[Path, int] = {}
    for source, place in zip(sources, places, strict=True):
        if place.error is not None:
            found.failures.append(Failure(source.key, place.error))
            continue
        if place.file not in chunks:
            chunks[place.file] = len(found.chunks)
            found.chunks.append(np.load(place.file, mmap_mode="r"))
        found.sources.append(source)
        found.where.append((chunks[place.file], place.row))
    return found


def _stamp(source: Source, mark: str) -> str:
    try:
        size, mtime_ns = fingerprint(source.path)
    except UnreadableFile:
        size, mtime_ns = -1, -1
    text = f"{source.path.absolute()}|{source.part}|{size}|{mtime_ns}{mark}"
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
