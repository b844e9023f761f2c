"""The kinds of imprints, and how those of each are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from opensearch.imprints.kinds import Kind
from opensearch.imprints.pairs import Apart, Fetch, Matcher, Neighbours, Pairs, Places, Vectors
from opensearch.imprints.picture_copies import picture_copies, picture_pairs, pictures_between
from opensearch.imprints.shapes import shape_copies, shape_pairs, shapes_between
from opensearch.imprints.stroke_copies import stroke_copies, stroke_pairs, strokes_between
from opensearch.progress import Progress


def _picture_pairs(
    count: int,
    fetch: Fetch,
    nearest: Callable[[Vectors], Neighbours],
    told: Progress,
    apart: Apart,
) -> Iterator[Pairs]:
    """By how pictures look, and by the strokes of those that were drawn."""
    yield from picture_pairs(count, fetch, nearest, told, apart)
    yield from stroke_pairs(count, fetch, nearest, told, apart)


def _picture_copies(imprint: bytes, count: int, fetch: Fetch) -> Iterator[Pairs]:
    yield from picture_copies(imprint, count, fetch)
    yield from stroke_copies(imprint, count, fetch)


def _pictures_between(first: Places, second: Places, fetch: Fetch) -> Iterator[Pairs]:
    yield from pictures_between(first, second, fetch)
    yield from strokes_between(first, second, fetch)


KINDS: Final[dict[Kind, Matcher]] = {
    "picture": Matcher(_picture_pairs, _picture_copies, _pictures_between),
    "shape": Matcher(shape_pairs, shape_copies, shapes_between),
}
