"""Search over the codes of an index: nearest, within a radius, whole shells of distance."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.search import hamming, multi
from opensearch.search.domain import DomainRows
from opensearch.search.folding import files_of, fold
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Rows
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
        within: Iterable[int] | None = None,
    ) -> tuple[Distances, Ids]:
        """The k nearest items of each query among all of `domains`.

        One query runs on one thread, a batch on all cores.

        Args:
            codes: shape (n, bits // 8).
            domains: those searched; one that holds nothing adds nothing.
            k: at least 1.
            exclude: ids left out.
            within: the only ids searched.

        Returns:
            Distances (n, k) in bits and ids (n, k) in order of (distance, id), padded with
            2**31 - 1 and -1 where fewer items are there.

        Raises:
            InvalidInput: codes of another shape, or k below 1.
        """
        queries = self.checked(codes, k)
        parts = self._parts(domains, exclude, within)
        nearest = multi.nearest if len(queries) == 1 else hamming.nearest
        found = [nearest(queries, rows, k) for rows in parts]
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
        within: Iterable[int] | None = None,
    ) -> tuple[Distances, Ids]:
        """All items at most `radius` bits (inclusive) from one query, in order of (distance, id).

        Args:
            code: shape (bits // 8,).
            domains: those searched.
            radius: in bits, 0 or more.
            within: the only ids searched.

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
        within: Iterable[int] | None = None,
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
            within: the only ids searched.
            exclude: ids left out.

        Raises:
            InvalidInput: a code of another shape, or numbers that contradict each other.
        """
        if not 1 <= at_least <= cap:
            raise InvalidInput(f"shells need 1 <= at_least <= cap, got {at_least} and {cap}")
        queries = self._checked(np.asarray(code)[None])
        parts = self._parts(domains, exclude, within)
        found = [multi.nearest(queries, rows, at_least) for rows in parts]
        nearest = hamming.merge(found)[0][0, :at_least] if found else np.zeros(0, np.int32)
        reached = nearest[nearest < FAR]
        radius = int(reached[-1]) if len(reached) else 0
        distances, ids = self._range(code, parts, radius)
        if len(ids) <= cap:
            return Shells(distances, ids, sampled=False)
        inner = int(np.searchsorted(distances, radius))
        order = np.argsort(_scattered(ids[inner:]), kind="stable")[: cap - inner]
        kept = np.concatenate((np.arange(inner), inner + np.sort(order)))
        return Shells(distances[kept], ids[kept], sampled=True)

    def fold(self) -> None:
        """Write what lies past the base files, over 1 % of them or 100 k rows, behind them.

        For the one process that writes the source. Does nothing without a folder to write to.

        Raises:
            StoreError: the files cannot be written; the rows before stay in use.
        """
        folder = self._folder
        if folder is None:
            return
        width = self._bits // 8
        with self._folding:
            books = self._source.meta()
            folded = [name for name in books.domains if fold(self._source, folder, name, width)]
            with self._guard:  # others search and refresh while the files are written
                for domain in folded:
                    self._reload(domain, books.identity)
        if folded:
            self._local.moment = None

    def _reload(self, domain: str, identity: str) -> None:
        """Take up base files that have grown, in place of as many rows of the tail."""
        if domain not in self._domains:
            return
        rows = self._domains[domain]
        files, made = files_of(self._folder, domain, identity, self._bits // 8)
        grown = files is not None and len(files[0]) > len(rows.base[0])
        if files is not None and (grown or made is not None):
            self._domains[domain] = rows.rebased(files, made)

    def _extended(self, domain: str, identity: str) -> DomainRows:
        """A domain's rows, with those added to the source since they were last read."""
        if domain not in self._domains:
            files, made = files_of(self._folder, domain, identity, self._bits // 8)
            self._domains[domain] = DomainRows.over(files, self._bits // 8, made)
        rows = self._domains[domain]
        for block in self._source.blocks(domain, rows.last):
            if block.codes.shape[1] != self._bits // 8:
                raise InvalidInput(
                    f"a search over {self._bits} bits cannot read codes of"
                    f" {8 * block.codes.shape[1]} bits; give it the width of its source"
                )
            rows.tail.append(block.ids, block.codes)
        if rows.due:  # the writer may have folded it meanwhile
            self._reload(domain, identity)
        return self._domains[domain]

    def _parts(
        self,
        domains: Sequence[str],
        exclude: Iterable[int] | None,
        within: Iterable[int] | None,
    ) -> list[list[Rows]]:
        """The rows to search, a list for each domain that has any."""
        if getattr(self._local, "moment", None) is None:
            self.refresh()
        moment: _Moment = self._local.moment
        parts = [moment.rows[name] for name in dict.fromkeys(domains) if name in moment.rows]
        if within is not None:
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
        return hamming.merge([nothing, *(multi.within(query, rows, reach) for rows in parts)])

    def rows(self, domains: Sequence[str]) -> list[list[Rows]]:
        """What this thread's moment holds of each of the domains that hold anything."""
        return self._parts(domains, None, None)

    def checked(self, codes: Codes, k: int) -> Codes:
        """Queries (n, bits // 8) in one piece.

        Raises:
            InvalidInput: codes of another shape, or k below 1.
        """
        if k < 1:
            raise InvalidInput(f"a search needs k of 1 or more, got {k}")
        return self._checked(codes)

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


def _scattered(ids: Ids) -> NDArray[np.uint64]:
    """A hash of each id that spreads neighbours apart.

    Source: splitmix64 (Steele, Lea and Flood, OOPSLA 2014), its output function.
    """
    x = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
