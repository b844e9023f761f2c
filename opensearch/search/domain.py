"""The rows of one domain as `search` holds them: a base in files and a tail in memory.

Rows are only ever added, in order of id. What one transaction of the source sees is therefore a
cut at its next id, less its tombstones; older and newer views share the same arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from opensearch.search import base
from opensearch.search.backends import Place, Structure, automatic
from opensearch.search.backends.flat import FlatStructure
from opensearch.search.base import whole
from opensearch.search.hamming import Codes, Ids, Segment, places

FOLD_SHARE = 0.01
FOLD_ROWS = 100_000
"""A tail is folded into the base past this share of it, or this many rows."""


def due(tail: int, base: int) -> bool:
    """Whether a tail is long enough to be folded into a base of so many rows."""
    return tail > min(FOLD_SHARE * base, FOLD_ROWS)


class Files(NamedTuple):
    """What there is of a domain in files: its base, and a structure over it, by its backend."""

    rows: tuple[Ids, Codes]
    backend: str
    structure: Structure


def files_of(folder: Path | None, domain: str, identity: str, width: int) -> Files | None:
    """The files of a domain; of automatic backends the last in `BACKENDS` that has some is taken.

    `None` where no base can be used.
    """
    rows = None if folder is None else base.load(folder, domain, identity, width)
    if folder is None or rows is None:
        return None
    for name, backend in reversed(automatic().items()):
        structure = backend.load(Place(folder, domain, identity, name), rows[1])
        if structure is not None and structure.count <= len(rows[1]):
            return Files(rows, name, structure)
    raise AssertionError("unreachable: a flat search needs no files")


@dataclass(slots=True)
class Tail:
    """Rows in arrays that double when full; views handed out before stay valid."""

    width: int
    count: int = 0
    _ids: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    _codes: Codes | None = None

    def append(self, ids: Ids, codes: Codes) -> None:
        """Add rows behind the others."""
        end = self.count + len(ids)
        if self._codes is None or end > len(self._ids):
            room = max(end, 2 * self.count)
            more_ids, more_codes = np.zeros(room, np.int64), np.zeros((room, self.width), np.uint8)
            more_ids[: self.count], more_codes[: self.count] = self.view()
            self._ids, self._codes = more_ids, more_codes
        self._ids[self.count : end] = ids
        self._codes[self.count : end] = codes
        self.count = end

    def view(self) -> tuple[Ids, Codes]:
        """The rows there are now."""
        codes = np.zeros((0, self.width), np.uint8) if self._codes is None else self._codes
        return self._ids[: self.count], codes[: self.count]


@dataclass(slots=True)
class DomainRows:
    """Base, which may be empty, and tail of one domain.

    `structure` is what the automatic backend of that name has built over the base.
    """

    base: tuple[Ids, Codes]
    tail: Tail
    backend: str = "flat"
    structure: Structure = field(default_factory=FlatStructure)

    @classmethod
    def over(cls, files: Files | None, width: int) -> DomainRows:
        """Rows over files, or over nothing."""
        if files is not None:
            return cls(files.rows, Tail(width), files.backend, files.structure)
        return cls((np.zeros(0, np.int64), np.zeros((0, width), np.uint8)), Tail(width))

    def rebased(self, files: Files) -> DomainRows:
        """The same rows over a longer base; the tail keeps those past its end."""
        fresh = DomainRows.over(files, self.tail.width)
        ids, codes = self.tail.view()
        start = int(np.searchsorted(ids, fresh.last, side="right"))
        fresh.tail.append(ids[start:], codes[start:])
        return fresh

    @property
    def last(self) -> int:
        """The highest id held, -1 for none."""
        ids = self.tail.view()[0] if self.tail.count else self.base[0]
        return int(ids[-1]) if len(ids) else -1

    @property
    def whole(self) -> bool:
        """Whether no file that is mapped was cut short since."""
        ids, codes = self.base
        return whole(ids) and whole(codes) and self.structure.whole

    @property
    def searched_by(self) -> str:
        """How the domain is searched exactly, in words."""
        rows = self.structure.count
        return f"{self.backend} over {rows} rows" if rows else self.backend

    @property
    def due(self) -> bool:
        """Whether the tail is long enough to be folded."""
        return due(self.tail.count, len(self.base[0]))

    def parts(self) -> list[tuple[Ids, Codes]]:
        """Base and tail, those that hold rows."""
        return [part for part in (self.base, self.tail.view()) if len(part[0])]

    def at(self, next_id: int, tombstones: Ids) -> list[Segment]:
        """What a transaction sees: ids below `next_id`, with its tombstones (sorted) masked."""
        seen = []
        for ids, codes in self.parts():
            cut = int(np.searchsorted(ids, next_id))
            usable = ids is self.base[0] and self.structure.count <= cut  # else built later
            structure = self.structure if usable else None
            seen.append(Segment(ids[:cut], codes[:cut], places(ids[:cut], tombstones), structure))
        return seen
