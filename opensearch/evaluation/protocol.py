"""The any-to-any protocol: every domain searched from every domain and by words."""

from __future__ import annotations

from collections.abc import Mapping

from opensearch.evaluation.averages import Averages
from opensearch.evaluation.direction import Encode, Rank, Refine, Runner, Ties
from opensearch.evaluation.matrix import Matrix, Words
from opensearch.evaluation.sets import (
    Labelled,
    check_labelled,
    check_options,
    check_sets,
    numbered,
)

RESAMPLES = 1000


def any_to_any(
    sets: Mapping[str, Labelled],
    rank: Rank,
    refine: Refine | None = None,
    *,
    encode: Encode | None = None,
    ties: Ties = "order",
    min_gallery: int = 4,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Matrix:
    """Search every domain from every domain and measure each direction.

    Queries and gallery are all items of one split. In a same-domain cell an item is taken
    out of its own ranking and is no neighbour of itself in refinement; the paper's script
    drops the first rank only and lets a query be its own neighbour, so that its refined
    diagonal equals the plain one and ours does not. Queries of a category with fewer than
    `min_gallery` relevant items in the target do not count in that direction, while
    items of that category stay in the gallery as distractors; in a same-domain cell the
    query itself is not among the relevant items counted.

    Args:
        sets: the items by domain.
        rank: gives distances.
        refine: moves queries before they are ranked; `None` leaves them.
        encode: makes of rows what `rank` compares; `None` compares the rows themselves.
        ties: how plain mAP orders equal distances; `expected` is the mean over their
            orders. All other measures order by (distance, row).
        min_gallery: see above, at least 1.
        seed: of the intervals.
        resamples: of the intervals.

    Returns:
        The matrix.

    Raises:
        InvalidInput: no domain, rows and labels of different counts, a bad option, or
            distances that cannot be ranked.

    Source:
        Thong, Mettes, Snoek, "Open cross-domain visual search", CVIU 2020, section 4.4,
        with the departures named above.
    """
    check_sets(sets)
    check_options(ties, min_gallery, resamples)
    runner = Runner(rank, refine, encode, ties, min_gallery)
    items = numbered([(domain, part) for domain, part in sets.items()])
    pairs = [(source, target) for source in items for target in items]
    scores = [runner.scores(source, target) for source, target in pairs]
    averages = Averages(max(int(part.labels.max(initial=0)) for part in items) + 1, resamples, seed)
    crossing = [s for s, (a, b) in zip(scores, pairs, strict=True) if a.domain != b.domain]
    return Matrix(
        domains=tuple(sets),
        cells=tuple(averages.cell(a, b, s) for s, (a, b) in zip(scores, pairs, strict=True)),
        cross=averages.mean(crossing),
        overall=averages.mean(scores),
        refined=refine is not None,
        ties=ties,
        min_gallery=min_gallery,
        seed=seed,
        resamples=resamples,
        directions=tuple(scores),
    )


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
    averages = Averages(categories, RESAMPLES, seed)
    cells = [averages.cell(source, to, own) for to, own in zip(targets, scores, strict=True)]
    return Words(tuple(cells), averages.mean(scores))
