"""What a search backend is: how it finds near codes of a domain, and the files it keeps for it.

A backend builds a structure over the rows a domain has at that time. Rows are only ever added
behind the others, so the structure stays right for those it covers; the backend searches the
newer ones flat. Its files are derived: whatever is missing, cut short or of another store counts
as absent.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from numpy.typing import NDArray

from opensearch.files import read_regular
from opensearch.search import base, hamming
from opensearch.search.hamming import Codes, Distances, Ids, Segment

FORMAT = 1

Pieces: TypeAlias = "Iterable[NDArray[Any] | bytes]"


class Structure(ABC):
    """What a backend has built over the first `count` rows of a domain.

    Attributes:
        count: rows covered.
        recall: recall@10 against a flat search, measured when it was built; 1 when exact.
    """

    count: int
    recall: float

    @abstractmethod
    def nearest(self, queries: Codes, parts: list[Segment], k: int) -> tuple[Distances, Ids]:
        """The k nearest rows of each query, as `hamming.nearest` returns them.

        Args:
            queries: codes (n, bytes).
            parts: all rows of the domain in order, of which `count` or more are covered unless
                the caller's view is older than the structure; masked rows are left out.
            k: at least 1.
        """

    def within(self, query: Codes, parts: list[Segment], radius: int) -> tuple[Distances, Ids]:
        """All rows at most `radius` (inclusive) from one query (1, bytes), in any order."""
        return hamming.within(query, parts, radius)

    @property
    def whole(self) -> bool:
        """Whether no file that is mapped into memory was cut short since."""
        return True

    def agrees(self, codes: Codes) -> bool:
        """Whether it is what would be built over the first of these codes (n, bytes)."""
        return True


class Backend(ABC):
    """One way to search the codes of a domain.

    Attributes:
        exact: its answers are those of a flat search, ids included.
        automatic: the engine builds and uses it by itself; others only where a caller names them.
        summary: what it is, for the help of the command line.
    """

    exact: ClassVar[bool]
    automatic: ClassVar[bool] = False
    summary: ClassVar[str]

    def due(self, rows: int, covered: int) -> bool:
        """Whether an automatic structure over `covered` rows is to be rebuilt for so many."""
        return False

    @abstractmethod
    def build(self, place: Place, codes: Codes, seed: int = 0) -> Structure:
        """Build a structure over codes (n, bytes), n at least 1, and write it to its files.

        Raises:
            OSError: they cannot be written; those that were there are as they were.
        """

    @abstractmethod
    def load(self, place: Place, codes: Codes) -> Structure | None:
        """The structure in the files, or `None` when there is none to use.

        Args:
            place: where the files lie.
            codes: the first rows of the domain, shape (n, bytes); maybe fewer than are covered.
        """

    def about(self, place: Place) -> dict[str, Any] | None:
        """What `info` shows of the structure in the files: rows, recall; `None` without one."""
        return place.read()

    def drop(self, place: Place) -> None:
        """Remove the files."""
        place.drop()


@dataclass(frozen=True, slots=True)
class Place:
    """The files of one structure: of a backend `name`, for a domain of the store `identity`.

    A small json describes the structure and is written last; the data lie in files named by the
    number of rows covered.
    """

    folder: Path
    domain: str
    identity: str
    name: str

    def path(self, rows: int, suffix: str = "") -> Path:
        """A data file of a structure over so many rows."""
        return self.folder / f"{base.safe_name(self.domain)}-{self.name}-{rows}{suffix}"

    @property
    def _description(self) -> Path:
        return self.folder / f"{base.safe_name(self.domain)}.{self.name}"

    def read(self) -> dict[str, Any] | None:
        """What was written of the structure; `None` when there is none of this store."""
        try:
            found: dict[str, Any] = json.loads(read_regular(self._description))
            fits = (found.pop("format"), found.pop("identity")) == (FORMAT, self.identity)
            int(found["rows"])
        except base.UNUSABLE:
            return None
        return found if fits else None

    def write(self, rows: int, about: dict[str, Any], files: Iterable[tuple[str, Pieces]]) -> None:
        """Write a structure in place of the one before.

        Args:
            rows: covered.
            about: what `read` returns beside the number of rows.
            files: suffix and content of each; made one at a time, as they are written.

        Raises:
            OSError: there is no room; what was there before is as it was.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = self.path(rows).name
        with base.removed_on_failure(self.folder, f"{stem}*"):
            for suffix, pieces in files:
                base.replace_file(self.path(rows, suffix), pieces)
            text = {"format": FORMAT, "identity": self.identity, "rows": rows, **about}
            base.replace_file(self._description, [json.dumps(text, indent=1).encode()])
        for old in self._data():
            if old.stem != stem:
                old.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove all files, the description first: then none of them is used."""
        for old in (self._description, *self._data()):
            old.unlink(missing_ok=True)

    def _data(self) -> list[Path]:
        return list(self.folder.glob(f"{base.safe_name(self.domain)}-{self.name}-*"))
