"""The kinds of imprints, and how those of each are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from opensearch.imprints.kinds import Kind
from opensearch.imprints.pairs import Fetch, Matcher, Neighbours, Pairs, Vectors
from opensearch.imprints.picture_copies import picture_copies, picture_pairs
from opensearch.imprints.shapes import shape_copies, shape_pairs
from opensearch.imprints.stroke_copies import stroke_copies, stroke_pairs
from opensearch.progress import Progress


def _picture_pairs(
    count: int, fetch: Fetch, nearest: Callable[[Vectors], Neighbours], told: Progress
) -> Iterator[Pairs]:
    """By how pictures look, and by the strokes of those that were drawn."""
    yield from picture_pairs(count, fetch, nearest, told)
    yield from stroke_pairs(count, fetch, nearest, told)


def _picture_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    yield from picture_copies(imprint, count, fetch)
    yield from stroke_copies(imprint, count, fetch)


KINDS: Final[dict[Kind, Matcher]] = {
    "picture": Matcher(_picture_pairs, _picture_copies),
    "shape": Matcher(shape_pairs, shape_copies),
}
