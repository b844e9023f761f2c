"""Word queries: the prototypes of categories, searched for in every domain."""

from __future__ import annotations

from collections.abc import Mapping

from opensearch.evaluation.direction import Encode, Rank, Refine, Runner, Ties
from opensearch.evaluation.draws import Draws
from opensearch.evaluation.matrix import Words
from opensearch.evaluation.sets import (
    Labelled,
    check_labelled,
    check_options,
    check_sets,
    numbered,
)

RESAMPLES = 1000


def word_to_any(
    words: Labelled,
    sets: Mapping[str, Labelled],
    rank: Rank,
    refine: Refine | None = None,
    *,
    encode: Encode | None = None,
    ties: Ties = "order",
    min_gallery: int = 4,
    seed: int = 0,
) -> Words:
    """Search every domain by words and measure each direction, by the rules of `any_to_any`.

    Args:
        words: one row a category, such as its prototype; a category of which the target has
            fewer than `min_gallery` items is not asked for there.
        sets: the items searched, by domain.
        rank: gives distances.
        refine: moves queries before they are ranked; `None` leaves them.
        encode: makes of rows what `rank` compares; the domain of words is None.
        ties: how plain mAP orders equal distances.
        min_gallery: see above, at least 1.
        seed: of the intervals.

    Raises:
        InvalidInput: as `any_to_any`.
    """
    check_sets(sets)
    check_labelled("the set of words", words)
    check_options(ties, min_gallery, RESAMPLES)
    runner = Runner(rank, refine, encode, ties, min_gallery)
    source, *targets = numbered([(None, words), *sets.items()])
    scores = [runner.scores(source, target) for target in targets]
    categories = max(int(part.labels.max(initial=0)) for part in (source, *targets)) + 1
    draws = Draws(categories, RESAMPLES, seed)
    cells = [draws.cell(source, to, own) for to, own in zip(targets, scores, strict=True)]
    return Words(tuple(cells), draws.mean(scores))
