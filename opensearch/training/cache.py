"""Cached rows of a collection: features or views, computed once, in chunks named by content.

A chunk's name hashes the paths, sizes and times of its files and what computed it; so a run that
was killed finds the chunks it finished, and an edited file spoils its own chunk alone.
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
from opensearch.domains.catalog import fingerprint
from opensearch.errors import UnreadableFile
from opensearch.records import Failure, Source

CHUNK = 256
Progress = Callable[[str, int, int], None]
Rows = Iterator[NDArray[np.generic] | UnreadableFile]


def quiet(what: str, done: int, total: int) -> None:
    """A progress that tells nobody."""


def cache_folder() -> Path:
    """OPENSEARCH_CACHE, or `opensearch` in the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "opensearch"
    return Path(os.environ.get("OPENSEARCH_CACHE", default))


@dataclass(slots=True)
class CachedRows:
    """Rows of the sources that could be read, memory-mapped chunk by chunk.

    Attributes:
        sources: those that gave a row, in the order given.
        failures: the others, each with its reason.
    """

    sources: list[Source] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    _chunks: list[NDArray[Any]] = field(default_factory=list)
    _where: list[tuple[int, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.sources)

    def take(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[Any]:
        """Rows at `indices`, stacked: shape (len(indices), ...)."""
        places = [self._where[int(i)] for i in indices]
        return np.stack([self._chunks[chunk][row] for chunk, row in places])

    def add_chunk(
        self, sources: Sequence[Source], rows: NDArray[np.generic], errors: dict[int, str]
    ) -> None:
        """Append a chunk; `errors` names the rows without content by their position."""
        for row, source in enumerate(sources):
            if row in errors:
                self.failures.append(Failure(source.key, errors[row]))
            else:
                self.sources.append(source)
                self._where.append((len(self._chunks), row))
        self._chunks.append(rows)


class RowCache:
    """A folder of chunks computed in one way.

    Args:
        folder: where all caches lie; made when needed.
        recipe: what turns a source into a row; chunks of another recipe are never read.
    """

    def __init__(self, folder: Path, recipe: str) -> None:
        name = hashlib.blake2b(f"{__version__}|{recipe}".encode(), digest_size=8).hexdigest()
        self._folder = folder / name

    def rows(
        self,
        sources: Sequence[Source],
        compute: Callable[[Sequence[Source]], Rows],
        progress: Progress = quiet,
        what: str = "reading",
    ) -> CachedRows:
        """Rows of all sources, computing those of chunks not yet in the cache.

        Args:
            sources: in any order; the same order finds the same chunks again.
            compute: gives, for each source in order, its row (one shape for all) or its error.
            progress: called with `what`, done, total.
            what: the name of this work for the progress.
        """
        found = CachedRows()
        for start in range(0, len(sources), CHUNK):
            part = sources[start : start + CHUNK]
            file = self._folder / f"{_chunk_name(part)}.npy"
            if not file.exists():
                self._compute(part, compute, file)
            errors = json.loads(file.with_suffix(".json").read_text("utf-8"))
            found.add_chunk(
                part, np.load(file, mmap_mode="r"), {int(k): v for k, v in errors.items()}
            )
            progress(what, start + len(part), len(sources))
        return found

    def _compute(
        self, part: Sequence[Source], compute: Callable[[Sequence[Source]], Rows], file: Path
    ) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        results = list(compute(part))
        good = [row for row in results if not isinstance(row, UnreadableFile)]
        blank = np.zeros_like(good[0]) if good else np.zeros(1, np.float16)
        rows = np.stack([blank if isinstance(row, UnreadableFile) else row for row in results])
        errors = {i: str(row) for i, row in enumerate(results) if isinstance(row, UnreadableFile)}
        temporary = file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(errors), "utf-8")
        temporary.replace(file.with_suffix(".json"))
        with temporary.open("wb") as out:
            np.save(out, rows)
        temporary.replace(file)


def _chunk_name(part: Sequence[Source]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for source in part:
        try:
            stamp = fingerprint(source.path)
        except UnreadableFile:
            stamp = (-1, -1)
        digest.update(f"{source.path.absolute()}|{source.part}|{stamp}\n".encode(errors="replace"))
    return digest.hexdigest()
