"""Flat search: every code is compared; what all other backends are measured against."""

from __future__ import annotations

from opensearch.search import hamming
from opensearch.search.backends.backend import Backend, Place, Structure
from opensearch.search.hamming import Codes, Distances, Ids, Segment


class FlatStructure(Structure):
    """Nothing: the rows themselves are searched."""

    count = 0
    recall = 1.0

    def nearest(self, queries: Codes, parts: list[Segment], k: int) -> tuple[Distances, Ids]:
        """As `hamming.nearest`."""
        return hamming.nearest(queries, parts, k)


class Flat(Backend):
    """Exact, without any files; the one that is always there."""

    exact = True
    automatic = True
    summary = "compares every code"

    def build(self, place: Place, codes: Codes, seed: int = 0) -> Structure:
        """Nothing is built."""
        return FlatStructure()

    def load(self, place: Place, codes: Codes) -> Structure:
        """Always there."""
        return FlatStructure()
