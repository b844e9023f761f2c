"""Search over the codes of an index: nearest, within a radius, whole shells of distance.

Exact unless the caller names a structure; see `backends`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.errors import InvalidInput
from opensearch.search import hamming
from opensearch.search.backends import Structure
from opensearch.search.backends.flat import FlatStructure
from opensearch.search.folding import audit
from opensearch.search.hamming import FAR, Codes, Distances, Ids, Mask, Segment
from opensearch.search.protocol import CodeSource, Shells
from opensearch.search.structures import Structures
from opensearch.search.view import View

MOST_PADDED = 2**27
"""Padding in a result at most, in (query, hit) places: 1.5 GiB."""


def _held(found: Mapping[str, list[Segment]]) -> int:
    """Rows in all, masked ones among them."""
    return sum(len(part.ids) for parts in found.values() for part in parts)


def _exact(parts: list[Segment]) -> Structure:
    """What searches the rows of a domain exactly: the structure over its base, or nothing."""
    made = parts[0].structure if parts else None
    return FlatStructure() if made is None else made


def _counted(hits: int) -> str:
    return {0: "are no hits", 1: "is only 1 hit"}.get(hits, f"are only {hits} hits")


def _padded(found: list[tuple[Distances, Ids]], shape: tuple[int, int]) -> tuple[Distances, Ids]:
    """The nearest of several results, in exactly this shape.

    Raises:
        InvalidInput: that shape is far larger than what was found.
    """
    distances, ids = hamming.merge(found) if len(found) > 1 else found[0] if found else (None, None)
    there = 0 if ids is None else min(ids.shape[1], shape[1])
    if distances is not None and ids is not None and there == shape[1]:
        return distances[:, :there], ids[:, :there]
    if shape[0] * (shape[1] - there) > MOST_PADDED:
        # Each result is as wide as all domains hold items; what a domain lacks has the id -1.
        real = 0 if ids is None else int((ids >= 0).sum(axis=1).max())
        raise InvalidInput(
            f"k must be near the number of items: {shape[0]} queries for {shape[1]} hits each would"
            f" fill {shape[0] * shape[1] * 12 / 2**30:.1f} GiB with nothing; there"
            f" {_counted(real)}"
        )
    all_distances, all_ids = np.full(shape, FAR, np.int32), np.full(shape, -1, np.int64)
    if distances is not None and ids is not None:
        all_distances[:, :there], all_ids[:, :there] = distances[:, :there], ids[:, :there]
    return all_distances, all_ids


class Searcher:
    """Hamming search over a source of codes, from base files and a tail in memory.

    Each thread searches the rows of the source that it last refreshed to; threads share them.
    Every order is (distance, id), whatever lies in files and whatever in memory.
    """

    def __init__(self, source: CodeSource, folder: Path | None, bits: int) -> None:
        """Search `source`, with files in `folder` where there are any.

        Args:
            source: where the codes are; usually a store.
            folder: where files lie; may be missing or read-only, `None` for no files.
            bits: width of a code, a positive multiple of 8.

        Raises:
            InvalidInput: `bits` is not a positive multiple of 8.
        """
        self._source = source
        self._folder = folder
        self._bits = bits
        self._view = View(source, folder, bits)
        self._structures = Structures(source, self._view, folder)

    def refresh(self) -> None:
        """See what the source holds now; cheap when nothing has changed."""
        self._view.refresh()

    def fold(self) -> None:
        """As `CodeSearch.fold`."""
        self._view.fold()

    def problems(self) -> list[str]:
        """Domains whose files hold other rows than the source, one sentence each."""
        return [] if self._folder is None else audit(self._source, self._folder, self._bits)

    def search(
        self,
        codes: Codes,
        domains: Sequence[str],
        k: int,
        structure: str | None = None,
        *,
        exclude: Iterable[int] | None = None,
        within: Iterable[int] | Mask | None = None,
    ) -> tuple[Distances, Ids]:
        """As `CodeSearch.search`.

        One query runs on one thread, a batch on all cores.
        """
        if k < 1:
            raise InvalidInput(f"a search needs k of 1 or more, got {k}")
        queries = hamming.checked(codes, self._bits)
        made = self._made(domains, structure, filtered=within is not None)
        parts = self._view.rows(domains, exclude, within)
        there = min(k, _held(parts))  # nothing is given room for what is not there
        found = [
            (made.get(domain) or _exact(rows)).nearest(queries, rows, there)
            for domain, rows in parts.items()
            if there
        ]
        return _padded(found, (len(queries), k))

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
        query = hamming.checked(np.asarray(code)[None], self._bits)
        return self._range(query, self._view.rows(domains, None, within), radius)

    def shells(
        self,
        code: Codes,
        domains: Sequence[str],
        at_least: int,
        cap: int,
        structure: str | None = None,
        *,
        within: Iterable[int] | Mask | None = None,
        exclude: Iterable[int] | None = None,
    ) -> Shells:
        """As `CodeSearch.shells`."""
        if not 1 <= at_least <= cap:
            raise InvalidInput(f"shells need 1 <= at_least <= cap, got {at_least} and {cap}")
        query = hamming.checked(np.asarray(code)[None], self._bits)
        made = self._made(domains, structure, filtered=within is not None)
        parts = self._view.rows(domains, exclude, within)
        held = _held(parts)
        at_least = max(1, min(at_least, held))
        if not made and 0 < held <= hamming.FEW_ROWS:
            every = [part for rows in parts.values() for part in rows]
            distances, ids = hamming.shells(query, every, at_least)
        else:
            found = [
                (made.get(domain) or _exact(rows)).nearest(query, rows, at_least)
                for domain, rows in parts.items()
            ]
            distances, ids = hamming.merge([_nothing(), *((d[0], i[0]) for d, i in found)])
            count = int(np.count_nonzero(ids[:at_least] >= 0))
            if structure is not None and within is None:
                return Shells(distances[:count], ids[:count], sampled=False)
            distances, ids = self._range(query, parts, int(distances[count - 1]) if count else 0)
        if len(ids) <= cap:
            return Shells(distances, ids, sampled=False)
        inner = int(np.searchsorted(distances, distances[-1]))
        order = np.argsort(hamming.scattered(ids[inner:]), kind="stable")[: cap - inner]
        kept = np.concatenate((np.arange(inner), inner + np.sort(order)))
        return Shells(distances[kept], ids[kept], sampled=True)

    def codes(self, ids: Ids, domains: Sequence[str]) -> Codes:
        """As `CodeSearch.codes`."""
        found = [part for parts in self._view.rows(domains, None, ids).values() for part in parts]
        # One row that is no item's, so that there always is a nearest one to look at.
        held = np.concatenate([np.full(1, -1, np.int64), *(rows.ids for rows in found)])
        none = np.zeros((1, self._bits // 8), np.uint8)
        codes = np.concatenate([none, *(rows.codes for rows in found)])
        order = np.argsort(held)
        at = order[np.minimum(np.searchsorted(held, ids, sorter=order), len(held) - 1)]
        known = held[at] == ids
        if not known.all():
            raise InvalidInput(
                f"domains {', '.join(domains)} hold no item {ids[~known][0]} to take the code of;"
                " ask for items that a search in them has found"
            )
        return np.asarray(codes[at], dtype=np.uint8)

    def build(self, structure: str, seed: int = 0) -> dict[str, float]:
        """As `CodeSearch.build`."""
        return self._structures.build(structure, seed)

    def built(self) -> list[str]:
        """Names of the structures that any domain has."""
        return self._structures.built()

    def recalls(self, structure: str, domains: Sequence[str]) -> dict[str, float]:
        """Recall@10 by those of the domains that have this structure; nothing for an exact one."""
        return self._structures.recalls(structure, domains)

    def drop(self) -> None:
        """Remove all structures that were built by name."""
        self._structures.drop()

    def info(self) -> dict[str, dict[str, Any]]:
        """How each domain is searched: `exact`, and the structures built by name.

        Of these rows, effort and recall@10.
        """
        return self._structures.info()

    def _made(
        self, domains: Sequence[str], structure: str | None, *, filtered: bool
    ) -> Mapping[str, Structure | None]:
        """The structures to search by; checked, but not used, for a search with a filter."""
        made = {} if structure is None else self._structures.of(domains, structure)
        return {} if filtered else made

    def _range(
        self, query: Codes, parts: Mapping[str, list[Segment]], radius: int
    ) -> tuple[Distances, Ids]:
        reach = min(radius, self._bits)
        found = (_exact(rows).within(query, rows, reach) for rows in parts.values())
        return hamming.merge([_nothing(), *found])


def _nothing() -> tuple[Distances, Ids]:
    return np.zeros(0, np.int32), np.zeros(0, np.int64)
