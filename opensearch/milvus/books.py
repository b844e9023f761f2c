"""The books of an index in Milvus: one row, whose writing is what makes a batch stored.

Each writing is a new row, and the one before is deleted afterwards: a row that is written over is
deleted and inserted by the server, and whoever ends it in between may find either, or both. Of
several the newest counts.

Rows of items are written first, under ids that no book counts yet; then the books, which count
them and list the ids of those they replace; then these are deleted. Readers pass over ids from
`next_id` on and those listed. So a batch is seen whole or not at all, and a writer that is killed
leaves rows that the next one removes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from opensearch.errors import StoreError
from opensearch.milvus import schema
from opensearch.milvus.connection import Connection
from opensearch.milvus.rows import quoted
from opensearch.records import Address
from opensearch.store import Meta

FORMAT: Final = 1
"""Version of the collections; a newer one is refused."""

BOOKS: Final = "books"
_ALL_BOOKS: Final = f'name like "{BOOKS}%"'
_PIECE: Final = 60_000
_LISTED: Final = 3000
"""Ids of one row, of at most 19 digits."""
_GOING: Final = "going"


@dataclass
class Books:
    """What is known of all items.

    Attributes:
        meta: as every store has it; nothing is ever a tombstone here.
        files: items that have a path.
        implied: items with records whose keys look like those of ready codes.
        going: rows that list ids which are replaced or removed, and not deleted yet.
        marks: how far jobs are, by name.
        structures: of approximate structures, by name: rows, effort and recall by domain.
        parts: how many parts there are, thumbnails and imprints; empty where nobody has counted.
        written: how often the books were written.
    """

    meta: Meta
    files: int = 0
    implied: int = 0
    going: int = 0
    marks: dict[str, int] = field(default_factory=dict)
    structures: dict[str, dict[str, Any]] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    written: int = 0

    def dump(self) -> str:
        """As text."""
        return json.dumps({"version": FORMAT, **asdict(self)}, separators=(",", ":"))


class Shelf:
    """Reads and writes the rows of the books' collection.

    A text that is longer than a row is kept in pieces: `name`, `name/1`, and so on.
    """

    def __init__(self, link: Connection) -> None:
        self._link = link
        self._name = schema.books(link.name)

    @property
    def address(self) -> Address:
        """Of the index."""
        return self._link.address

    def exists(self) -> bool:
        """Whether there is such a collection, whose making was not cut short."""
        return self._link.awake(self._name)

    def texts(self, *names: str, strong: bool = False) -> dict[str, str]:
        """Texts of these names that are there."""
        asked = f"name in [{','.join(map(quoted, names))}]"
        found = self._link.query(self._name, asked, ["name", "value"], strong=strong)
        return {row["name"]: row["value"] for row in found}

    def names(self, prefix: str) -> list[str]:
        """Names that begin so."""
        asked = f'name like "{prefix}%"'
        return [row["name"] for row in self._link.query(self._name, asked, ["name"])]

    def write(self, texts: dict[str, str]) -> None:
        """Write texts, in place of those of the same names."""
        rows = [{"name": n, "value": v, "bits": schema.NO_BITS} for n, v in texts.items()]
        self._link.upsert(self._name, rows)

    def drop(self, names: Iterable[str]) -> None:
        """Remove texts by name."""
        self._link.delete(self._name, list(names))

    def long(self, name: str) -> str | None:
        """A text kept in pieces, `None` where there is none.

        Raises:
            StoreError: a piece is missing.
        """
        head = self.texts(name).get(name)
        if head is None:
            return None
        count = int(head)
        names = [f"{name}/{place}" for place in range(count)]
        found: dict[str, str] = {}
        for start in range(0, count, 256):
            found |= self.texts(*names[start : start + 256])
        if len(found) < count:
            raise StoreError(
                f"{self._link.address} lacks {count - len(found)} of the {count} pieces of {name};"
                " build the index again, or copy it from another place"
            )
        return "".join(found[each] for each in names)

    def write_long(self, name: str, text: str) -> None:
        """Keep a text in pieces; its head is written last."""
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
        self.write({f"{name}/{place}": piece for place, piece in enumerate(pieces)})
        self.write({name: str(len(pieces))})

    def books(self, *, strong: bool = False) -> Books:
        """The books.

        Raises:
            StoreError: they are missing, damaged or of a newer format.
        """
        found = self.all_books(strong=strong)
        if not found:
            raise StoreError(
                f"the creation of {self._link.address} was cut short; create it again."
            )
        return max(found, key=lambda books: books.written)

    def all_books(self, *, strong: bool = False) -> list[Books]:
        """The books, and older ones that were not dropped yet, in no order.

        Raises:
            StoreError: they are damaged or of a newer format.
        """
        found = self._link.query(self._name, _ALL_BOOKS, ["value"], strong=strong)
        return [self._read(row["value"]) for row in found]

    def _read(self, text: str) -> Books:
        where = self._link.address
        try:
            said = json.loads(text)
            version = said.pop("version")
            if version <= FORMAT:
                return Books(**{**said, "meta": Meta(**said["meta"])})
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"the books of {where} are damaged ({error}).") from error
        raise StoreError(
            f"{where} is of format {version}, this version reads up to {FORMAT}; upgrade opensearch"
        )

    def write_books(self, books: Books) -> None:
        """Write the books, then drop those before."""
        before = _books(books.written)
        books.written += 1
        row = {"name": _books(books.written), "value": books.dump(), "bits": schema.NO_BITS}
        self._link.insert(self._name, [row])
        self.drop([before])

    def begin_books(self, books: Books) -> None:
        """Write the first books, in place of any."""
        self.drop(self.names(BOOKS))
        self.write_books(books)

    def drop_older(self, books: Books) -> None:
        """Drop books that a writer which was killed has left."""
        self.drop([name for name in self.names(BOOKS) if name != _books(books.written)])

    def going(self, books: Books) -> set[int]:
        """Ids that are replaced or removed and, by these books, not deleted yet."""
        if not books.going:
            return set()
        names = _going(books.meta.last_transaction, books.going)
        return {id_ for text in self.texts(*names).values() for id_ in json.loads(text)}

    def write_going(self, transaction: int, ids: list[int]) -> int:
        """List such ids, before the books that count these rows; how many rows there are."""
        pieces = [ids[at : at + _LISTED] for at in range(0, len(ids), _LISTED)]
        names = _going(transaction, len(pieces))
        if names:
            self.write(dict(zip(names, map(json.dumps, pieces), strict=True)))
        return len(names)

    def drop_going(self, transaction: int, count: int) -> None:
        """Remove such a list; for whoever has read older books the rows are gone by now."""
        self.drop(_going(transaction, count))


def _books(written: int) -> str:
    """The name of their row; books that were written over, as once, have no number."""
    return f"{BOOKS}/{written}" if written else BOOKS


def _going(transaction: int, count: int) -> list[str]:
    return [f"{_GOING}/{transaction}/{place}" for place in range(count)]
