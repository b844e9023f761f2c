"""Search over the codes of an index: nearest, within a radius, whole shells of distance."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opensearch.errors import InvalidInput, StoreError
from opensearch.search import base, hamming
from opensearch.search.domain import DomainRows
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Mask, Rows
from opensearch.search.sources import CodeSource


@dataclass(frozen=True, slots=True)
class Shells:
    """Whole shells of distance around a query, in order of (distance, id).

    `sampled` says that the last shell was too large and only an even sample of it is here.
    """

    distances: Distances
    ids: Ids
    sampled: bool


@dataclass(frozen=True, slots=True)
class _Moment:
    """The rows of every domain as one transaction of the source left them."""

    transaction: int
    rows: dict[str, list[Rows]]


class Searcher:
    """Exact Hamming search over a source of codes, from base files and a tail in memory.

    Each thread searches the moment of the source that it last refreshed to; threads share the
    rows. Every order is (distance, id), whatever lies in files and whatever in memory.
    """

    def __init__(self, source: CodeSource, folder: Path | None, bits: int) -> None:
        """Search `source`, with base files in `folder` where there are any.

        Args:
            source: where the codes are; usually a `Store`.
            folder: where base files lie; may be missing or read-only, `None` for no files.
            bits: width of a code, a positive multiple of 8.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8.
        """
        if bits <= 0 or bits % 8:
            raise InvalidInput(f"a hash code needs a positive multiple of 8 bits, got {bits}")
        self._source = source
        self._folder = folder
        self._bits = bits
        self._domains: dict[str, DomainRows] = {}
        self._guard = threading.Lock()
        self._folding = threading.Lock()
        self._local = threading.local()

    def refresh(self) -> None:
        """See what the source holds now; cheap when nothing has changed."""
        known: _Moment | None = getattr(self._local, "moment", None)
        with self._source.snapshot():
            books = self._source.meta()
            if known is not None and known.transaction == books.last_transaction:
                return
            with self._guard:
                rows = {
                    domain: self._extended(domain, books.identity).at(
                        books.next_id, self._source.tombstones(domain)
                    )
                    for domain in books.domains
                }
        self._local.moment = _Moment(books.last_transaction, rows)

    def search(
        self,
        codes: Codes,
        domains: Sequence[str],
        k: int,
        *,
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """The k nearest items of each query among all of `domains`.

        One query runs on one thread, a batch on all cores.

        Args:
            codes: shape (n, bits // 8).
            domains: those searched; one that holds nothing adds nothing.
            k: at least 1.
            exclude: ids left out.
            within: the only ids searched, or a mask with a place for every id given yet.

        Returns:
            Distances (n, k) in bits and ids (n, k) in order of (distance, id), padded with
            2**31 - 1 and -1 where fewer items are there.

        Raises:
            InvalidInput: codes of another shape, or k below 1.
        """
        queries = self._checked(codes)
        if k < 1:
            raise InvalidInput(f"a search needs k of 1 or more, got {k}")
        parts = self._parts(domains, exclude, within)
        found = [hamming.nearest(queries, rows, k) for rows in parts]
        if not found:
            shape = (len(queries), k)
            return np.full(shape, FAR, np.int32), np.full(shape, -1, np.int64)
        distances, ids = hamming.merge(found) if len(found) > 1 else found[0]
        return distances[:, :k], ids[:, :k]

    def range(
        self,
        code: Codes,
        domains: Sequence[str],
        radius: int,
        *,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """All items at most `radius` bits (inclusive) from one query, in order of (distance, id).

        Args:
            code: shape (bits // 8,).
            domains: those searched.
            radius: in bits, 0 or more.
            within: the only ids searched, or a mask with a place for every id given yet.

        Raises:
            InvalidInput: a code of another shape, or a negative radius.
        """
        if radius < 0:
            raise InvalidInput(f"a Hamming radius is 0 or more, got {radius}")
        return self._range(code, self._parts(domains, None, within), radius)

    def shells(
        self,
        code: Codes,
        domains: Sequence[str],
        at_least: int,
        cap: int,
        *,
        within: Iterable[int] | Mask | None = None,
        exclude: Iterable[int] | None = None,
    ) -> Shells:
        """Whole shells of distance until there are `at_least` items, for rescoring.

        When they are more than `cap`, the last shell gives only an even sample, by a hash of
        the id, so that neither the oldest nor the newest items are preferred.

        Args:
            code: shape (bits // 8,).
            domains: those searched.
            at_least: at least 1.
            cap: the most items returned, not below `at_least`.
            within: the only ids searched, or a mask with a place for every id given yet.
            exclude: ids left out.

        Raises:
            InvalidInput: a code of another shape, or numbers that contradict each other.
        """
        if not 1 <= at_least <= cap:
            raise InvalidInput(f"shells need 1 <= at_least <= cap, got {at_least} and {cap}")
        queries = self._checked(np.asarray(code)[None])
        parts = self._parts(domains, exclude, within)
        found = [hamming.nearest(queries, rows, at_least) for rows in parts]
        nearest = hamming.merge(found)[0][0, :at_least] if found else np.zeros(0, np.int32)
        reached = nearest[nearest < FAR]
        radius = int(reached[-1]) if len(reached) else 0
        distances, ids = self._range(code, parts, radius)
        if len(ids) <= cap:
            return Shells(distances, ids, sampled=False)
        inner = int(np.searchsorted(distances, radius))
        order = np.argsort(hamming.scattered(ids[inner:]), kind="stable")[: cap - inner]
        kept = np.concatenate((np.arange(inner), inner + np.sort(order)))
        return Shells(distances[kept], ids[kept], sampled=True)

    def codes(self, ids: Ids, domains: Sequence[str]) -> Codes:
        """Codes (n, bits // 8) of items found by a search, in the order of `ids` (n,).

        Raises:
            InvalidInput: an id that these domains do not hold.
        """
        found = [rows for part in self._parts(domains, None, ids) for rows in part]
        held = np.concatenate([np.zeros(0, np.int64), *(rows.ids for rows in found)])
        nothing = np.zeros((0, self._bits // 8), np.uint8)
        codes = np.concatenate([nothing, *(rows.codes for rows in found)])
        order = np.argsort(held)
        at = np.searchsorted(held, ids, sorter=order)
        known = np.isin(ids, held)
        if not known.all():
            raise InvalidInput(
                f"domains {', '.join(domains)} hold no item {ids[~known][0]} to take the code of;"
                " ask for items that a search in them has found"
            )
        return np.asarray(codes[order[at]], dtype=np.uint8)

    def fold(self) -> None:
        """Write tails past 1 % of their base or 100 k rows into new base files.

        For the one process that writes the source. Does nothing without a folder to write to.

        Raises:
            StoreError: the files cannot be written; the ones before stay in use.
        """
        self.refresh()
        if self._folder is None:
            return
        books = self._source.meta()
        with self._folding:
            for domain, rows in list(self._domains.items()):
                if rows.due:
                    self._fold(self._folder, domain, books.identity, books.last_transaction)

    def _fold(self, folder: Path, domain: str, identity: str, transaction: int) -> None:
        rows = self._domains[domain]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                return
            base.save(folder, domain, identity, transaction, rows.parts())
        except OSError as error:
            raise StoreError(
                f"cannot write search files to {str(folder)!r}: {error.strerror}; the index is"
                " whole and is searched without them, free the disk and index again."
            ) from error
        written = base.load(folder, domain, identity, self._bits // 8)
        if written is not None:
            with self._guard:  # others search and refresh while the files are written
                self._domains[domain] = rows.rebased(written)

    def _extended(self, domain: str, identity: str) -> DomainRows:
        """A domain's rows, with those added to the source since they were last read."""
        if domain not in self._domains:
            width = self._bits // 8
            folder = self._folder
            files = None if folder is None else base.load(folder, domain, identity, width)
            self._domains[domain] = DomainRows.over(files, width)
        rows = self._domains[domain]
        for block in self._source.blocks(domain, rows.last):
            if block.codes.shape[1] != self._bits // 8:
                raise InvalidInput(
                    f"a search over {self._bits} bits cannot read codes of"
                    f" {8 * block.codes.shape[1]} bits; give it the width of its source"
                )
            rows.tail.append(block.ids, block.codes)
        return rows

    def _parts(
        self,
        domains: Sequence[str],
        exclude: Iterable[int] | None,
        within: Iterable[int] | Mask | None,
    ) -> list[list[Rows]]:
        """The rows to search, a list for each domain that has any."""
        if getattr(self._local, "moment", None) is None:
            self.refresh()
        moment: _Moment = self._local.moment
        parts = [moment.rows[name] for name in dict.fromkeys(domains) if name in moment.rows]
        if isinstance(within, np.ndarray) and within.dtype == np.bool_:
            mask: Mask = within
            parts = [[rows.passing(mask) for rows in part] for part in parts]
        elif within is not None:
            wanted = _sorted(within)
            parts = [[rows.only(wanted) for rows in part] for part in parts]
        if exclude is not None:
            unwanted = _sorted(exclude)
            parts = [[rows.without(unwanted) for rows in part] for part in parts]
        return parts

    def _range(self, code: Codes, parts: list[list[Rows]], radius: int) -> tuple[Distances, Ids]:
        query = self._checked(np.asarray(code)[None])
        reach = min(radius, self._bits)
        nothing = (np.zeros(0, np.int32), np.zeros(0, np.int64))
        return hamming.merge([nothing, *(hamming.within(query, rows, reach) for rows in parts)])

    def _checked(self, codes: Codes) -> Codes:
        codes = np.asarray(codes)
        if codes.ndim != 2 or codes.shape[1] != self._bits // 8 or codes.dtype != np.uint8:
            raise InvalidInput(
                f"a query needs codes of {self._bits // 8} bytes ({self._bits} bits) as uint8,"
                f" got {codes.dtype} of shape {codes.shape}"
            )
        return np.ascontiguousarray(codes)


def _sorted(ids: Iterable[int]) -> Ids:
    array = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, np.int64)
    return hamming.ascending(array.astype(np.int64, copy=False))
