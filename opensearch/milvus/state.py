"""What one moment of an index shows: its books, and the rows that they count.

Rows of ids that the books do not count yet, and of those that they list as going, are passed over.
Rows that are removed later are gone from an older moment too: Milvus keeps no old versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import StoreError
from opensearch.milvus import schema
from opensearch.milvus.books import Books
from opensearch.milvus.connection import Connection
from opensearch.milvus.rows import among, ascending, bytes_of, hashed, item_of, joined, windows
from opensearch.records import Item
from opensearch.store import Block, Meta

Ids = NDArray[np.int64]

ROWS: Final = 2**13
"""Ids of one query for codes; Milvus Lite gives 16,383 rows and leaves out the rest."""
RECORDS: Final = 2**12
"""Ids of one query for records or parts."""


@dataclass(frozen=True)
class Held:
    """An item that is stored; `bare` is a ready code, which has no record."""

    item: Item
    bare: bool


class State:
    """The rows of one moment.

    Attributes:
        books: of that moment.
        going: ids that are replaced or removed, and not deleted yet.
    """

    def __init__(self, link: Connection, books: Books, going: set[int]) -> None:
        self.link = link
        self.books = books
        self.going = going

    @property
    def meta(self) -> Meta:
        """The books that every store has."""
        return self.books.meta

    @property
    def visible(self) -> str:
        """An expression that rows of this moment pass."""
        counted = f"id < {self.meta.next_id}"
        return joined(counted, f"id not in {sorted(self.going)}") if self.going else counted

    def domain_of(self, number: int) -> str:
        """The name of a domain.

        Raises:
            StoreError: the books know none of this number.
        """
        domains = self.meta.domains
        if not 0 <= number < len(domains):
            raise StoreError(f"a row of {self.link.address} is of an unknown domain; verify it.")
        return domains[number]

    def in_domain(self, domain: str) -> str | None:
        """An expression that its rows pass; `None` for a domain that was never stored."""
        domains = self.meta.domains
        return f"domain == {domains.index(domain)}" if domain in domains else None

    # By expression

    def rows_where(
        self, expression: str, fields: Sequence[str], width: int = ROWS
    ) -> Iterator[dict[str, Any]]:
        """Fields of the rows that pass, by id, in pages of as many ids."""
        for low, high in windows(self.meta.next_id, width):
            within = joined(f"id >= {low}", f"id < {high}", expression)
            found = self.link.query(schema.items(self.link.name), within, fields)
            yield from sorted(self._kept(found), key=lambda row: int(row["id"]))

    def ids_where(self, expression: str) -> Ids:
        """Ids of the rows that pass, ascending.

        A server looks at all rows for each range of ids that it is asked for, so a range is as wide
        as what it gives at once allows, and halved where more pass than that.
        """
        name, asked = schema.items(self.link.name), joined(self.visible, expression)
        count, stop, most = self.link.count(name, asked), self.meta.next_id, self.link.most
        width = stop if count <= most else max(1, stop * most // count)
        low, found = 0, list[int]()
        while count and low < stop:
            within = joined(asked, f"id >= {low}", f"id < {low + width}")
            rows = self.link.query(name, within, ["id"])
            if len(rows) > most and width > 1:
                width //= 2
                continue
            found += [row["id"] for row in rows]
            low += width
        return ascending(found)

    def any_where(self, expression: str) -> bool:
        """Whether a row passes."""
        asked = joined(self.visible, expression)
        return bool(self.link.query(schema.items(self.link.name), asked, ["id"], limit=1))

    def items_where(self, expression: str) -> list[Item]:
        """Items that pass, which are few, by id."""
        asked = joined(self.visible, expression)
        found = self.link.query(schema.items(self.link.name), asked, ["id", "domain", "record"])
        return sorted((self.item(row) for row in found), key=lambda item: item.id)

    def _kept(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["id"] not in self.going]

    def item(self, row: dict[str, Any]) -> Item:
        """The item of a row that has id, domain and record."""
        return item_of(int(row["id"]), row["record"], self.domain_of(int(row["domain"])))

    # By what items are

    def found(self, ids: Sequence[int]) -> dict[int, Item]:
        """Those of the ids that are stored, with their items."""
        return {int(row["id"]): self.item(row) for row in self.rows_of(ids, ["domain", "record"])}

    def rows_of(self, ids: Sequence[int], fields: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Fields of the rows of ids, in no order; unknown ids are passed over."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if self._counted(id_)]
        name = schema.items(self.link.name)
        for start in range(0, len(wanted), RECORDS):
            part = wanted[start : start + RECORDS]
            yield from self.link.query(name, among("id", part), ["id", *fields])

    def _counted(self, id_: int) -> bool:
        return 0 <= id_ < self.meta.next_id and id_ not in self.going

    def held_ids(self, ids: Sequence[int]) -> list[Held]:
        """Those of the ids that are stored."""
        rows = self.rows_of(ids, ["domain", "record"])
        return [Held(self.item(row), not row["record"]) for row in rows]

    def held_keys(self, keys: Sequence[str]) -> list[Held]:
        """Items of those keys that are stored."""
        wanted, found = set(keys), []
        hashes = sorted({hashed(key) for key in wanted})
        name = schema.items(self.link.name)
        for start in range(0, len(hashes), RECORDS):
            asked = joined(self.visible, among("key_hash", hashes[start : start + RECORDS]))
            for row in self.link.query(name, asked, ["id", "domain", "record"]):
                item = self.item(row)
                if item.key in wanted:
                    found.append(Held(item, not row["record"]))
        return found

    def by_keys(self, keys: Sequence[str]) -> dict[str, Item]:
        """Items of those keys that are stored, by key."""
        return {each.item.key: each.item for each in self.held_keys(keys)}

    def codes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Codes of those of the ids that are stored."""
        return {int(row["id"]): bytes_of(row["code"]) for row in self.rows_of(ids, ["code"])}

    def parts(self, ids: Sequence[int], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Fields of the parts of items, by id."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if self._counted(id_)]
        name, found = schema.parts(self.link.name), {}
        for start in range(0, len(wanted), RECORDS):
            asked = among("id", wanted[start : start + RECORDS])
            for row in self.link.query(name, asked, ["id", *fields]):
                found[int(row["id"])] = row
        return found

    def count_parts(self, ids: Sequence[int]) -> dict[str, int]:
        """How many parts items have, by kind."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if self._counted(id_)]
        counts = dict.fromkeys(schema.PARTS, 0)
        for start in range(0, len(wanted), RECORDS):
            some = among("id", wanted[start : start + RECORDS])
            for kind, passing in schema.PARTS.items():
                counts[kind] += self.link.count(schema.parts(self.link.name), joined(some, passing))
        return counts

    def embeddings(self, ids: Sequence[int]) -> tuple[NDArray[np.float16], NDArray[np.bool_]]:
        """Embeddings (n, dim) and whether there is one (n,)."""
        rows = np.zeros((len(ids), self.meta.dim), np.float16)
        present = np.zeros(len(ids), np.bool_)
        if not sum(self.meta.embedded.values()):
            return rows, present
        held = self.parts(ids, ["embedded", "embedding"])
        for at, id_ in enumerate(ids):
            row = held.get(id_)
            if row is not None and row["embedded"]:
                present[at] = True
                if self.meta.dim:
                    rows[at] = np.frombuffer(bytes_of(row["embedding"]), "<f2")
        return rows, present

    def blocks(self, domain: str, after: int) -> Iterator[Block]:
        """Codes of a domain by id, in blocks."""
        mine = self.in_domain(domain)
        if mine is None:
            return
        name = schema.items(self.link.name)
        for low, high in windows(self.meta.next_id, ROWS, after + 1):
            within = joined(f"id >= {low}", f"id < {high}", mine)
            rows = self._kept(self.link.query(name, within, ["id", "code"]))
            if rows:
                rows.sort(key=lambda row: int(row["id"]))
                ids = np.array([row["id"] for row in rows], np.int64)
                raw = b"".join(bytes_of(row["code"]) for row in rows)
                codes = np.frombuffer(raw, np.uint8).reshape(len(rows), self.meta.bits // 8)
                yield Block(ids, codes)
