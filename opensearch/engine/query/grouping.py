"""Groups of items that are alike: copies of one picture or shape, or what means the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from opensearch.engine.query.copies import find_copies
from opensearch.engine.query.duplicates import Group, find_duplicates
from opensearch.errors import InvalidInput
from opensearch.progress import Progress
from opensearch.store import Store, again

RADIUS: Final = 6
"""Largest Hamming distance of a pair, where none is said."""
COSINE: Final = 0.97
"""Least cosine of a pair, where none is said."""


def find_groups(
    store: Store,
    max_distance: int | None,
    min_score: float | None,
    domain: str | None,
    exact: bool,
    progress: Progress,
) -> Iterator[Group]:
    """Copies, or with a distance or a score what means the same; see `Engine.duplicates`.

    A store without locks is read at once, again where a commit overtakes the reading.

    Raises:
        InvalidInput: a negative distance, a domain that the index does not hold, or `exact` of
            groups by codes.
    """
    if max_distance is None and min_score is None:
        find: Callable[[], Iterator[Group]] = partial(find_copies, store, exact, domain, progress)
    elif exact:
        raise InvalidInput(
            "`exact` copies are told by pictures and shapes, not by codes: leave out"
            " `max_distance` and `min_score`"
        )
    else:
        radius = RADIUS if max_distance is None else max_distance
        cosine = COSINE if min_score is None else min_score
        find = partial(find_duplicates, store, radius, cosine, domain)
    return iter(again(lambda: list(find()))) if store.unlocked else find()
