"""Search over the codes of an index: nearest, within a radius, whole shells of distance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from opensearch.errors import InvalidInput
from opensearch.search import hamming, multi
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Mask, Rows
from opensearch.search.moments import Moments


@dataclass(frozen=True, slots=True)
class Shells:
    """Whole shells of distance around a query, in order of (distance, id).

    `sampled` says that the last shell was too large and only an even sample of it is here.
    """

    distances: Distances
    ids: Ids
    sampled: bool


MOST_PADDED = 2**27
"""Places of a result that hold no item, at most: 1.5 GiB."""


def held(parts: list[list[Rows]]) -> int:
    """Rows in all, masked ones among them."""
    return sum(len(rows.ids) for part in parts for rows in part)


def padded(found: list[tuple[Distances, Ids]], shape: tuple[int, int]) -> tuple[Distances, Ids]:
    """The nearest of several results, in exactly this shape.

    Raises:
        InvalidInput: that shape is far larger than what was found.
    """
    distances, ids = hamming.merge(found) if len(found) > 1 else found[0] if found else (None, None)
    there = 0 if ids is None else min(ids.shape[1], shape[1])
    if distances is not None and ids is not None and there == shape[1]:
        return distances[:, :there], ids[:, :there]
    if shape[0] * (shape[1] - there) > MOST_PADDED:
        raise InvalidInput(
            f"k must be about what is searched: {shape[0]} queries for {shape[1]} hits each would"
            f" fill {shape[0] * shape[1] * 12 / 2**30:.1f} GiB with nothing; {max(there, 1)} hits"
            " are all there are"
        )
    all_distances, all_ids = np.full(shape, FAR, np.int32), np.full(shape, -1, np.int64)
    if distances is not None and ids is not None:
        all_distances[:, :there], all_ids[:, :there] = distances[:, :there], ids[:, :there]
    return all_distances, all_ids


class Searcher(Moments):
    """Exact Hamming search over a source of codes, from base files and a tail in memory.

    Each thread searches the moment of the source that it last refreshed to; threads share the
    rows. Every order is (distance, id), whatever lies in files and whatever in memory.
    """

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
            InvalidInput: codes of another shape, k below 1, or so far above what is there that
                the padding alone would fill memory.
        """
        queries = self.checked(codes, k)
        parts = self.rows(domains, exclude, within)
        nearest = multi.nearest if len(queries) == 1 else hamming.nearest
        there = min(k, held(parts))  # nothing is given room for what is not there
        found = [nearest(queries, rows, there) for rows in parts] if there else []
        return padded(found, (len(queries), k))

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
        return self._range(code, self.rows(domains, None, within), radius)

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
        parts = self.rows(domains, exclude, within)
        at_least = max(1, min(at_least, held(parts)))
        found = [multi.nearest(queries, rows, at_least) for rows in parts]
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
        found = [rows for part in self.rows(domains, None, ids) for rows in part]
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

    def _range(self, code: Codes, parts: list[list[Rows]], radius: int) -> tuple[Distances, Ids]:
        query = self._checked(np.asarray(code)[None])
        reach = min(radius, self._bits)
        nothing = (np.zeros(0, np.int32), np.zeros(0, np.int64))
        return hamming.merge([nothing, *(multi.within(query, rows, reach) for rows in parts)])

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
