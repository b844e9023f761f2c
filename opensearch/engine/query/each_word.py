"""A text of several words: a search for each, and one list of hits.

A picture is seldom of all things that a phrase names, and the mean of their points lies near none
of them. So a hit is near one of the words, and its score says how near. The query turns away from
words that the text excludes, as from files; an item that is still nearer to such a word than to any
wanted one is no hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from heapq import merge
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.query.point import Point
from opensearch.engine.query.query import Query
from opensearch.records import Hit
from opensearch.semantic import unit
from opensearch.store import Store

if TYPE_CHECKING:
    from opensearch.engine.query.answers import Answer

Ask = Callable[[Point, Query], "Answer"]


def answer_each(point: Point, query: Query, store: Store, ask: Ask) -> Answer:
    """The answer to a query that may be of several words, or leave words out.

    Args:
        point: what the query stands for.
        query: what was asked.
        store: where the hits' embeddings are.
        ask: answers for one point.
    """
    points = point.each if len(point.each) else [point.vector]
    several = len(points) > 1
    deep = replace(query, k=max(query.k, query.depth), min_score=None, max_distance=None)
    whole = bool(len(point.left_out)) or (several and query.max_distance is not None)
    answers = _asked(point, points, deep if whole else query, ask)
    refined = {target: ids for answer in answers for target, ids in answer.refined.items()}
    if several and refined and not whole:  # their lists are weighed as wholes
        answers, whole = _asked(point, points, deep, ask), True
    hits = _merged([answer.hits for answer in answers])
    if whole:
        kept = _wanted(hits, point, store) if len(point.left_out) else hits
        hits = [hit for hit in kept if _is_hit(hit, query)]
    hits = _first(hits, query.k)
    if whole:
        refined = {target: _brought(hits, target, point, query, store, ask) for target in refined}
    notes = list(dict.fromkeys(note for answer in answers for note in answer.notes))
    return replace(answers[0], hits=hits, refined=refined, notes=notes)


def _asked(
    point: Point, points: Iterable[NDArray[np.float32]], query: Query, ask: Ask
) -> list[Answer]:
    """The answers for each of some points, with remarks of their own."""
    return [ask(replace(point, vector=each, notes=list(point.notes)), query) for each in points]


def _brought(
    hits: list[Hit], target: str, point: Point, query: Query, store: Store, ask: Ask
) -> list[int]:
    """Ids of the hits of a target that would not be among its first without refinement."""
    plain = answer_each(point, replace(query, targets=[target], refine=False), store, ask)
    known = {hit.id for hit in plain.hits}
    return sorted(hit.id for hit in hits if hit.domain == target and hit.id not in known)


def _is_hit(hit: Hit, query: Query) -> bool:
    """Whether a candidate is within the limits of a query."""
    near = query.max_distance is None or hit.distance <= query.max_distance
    least = query.min_score
    return near and (least is None or (hit.score is not None and hit.score >= least))


def _merged(lists: list[list[Hit]]) -> list[Hit]:
    """Hits of several lists in one, each list in its order.

    Refinement orders a list, and its scores weigh it as a whole: the best goes to the first hit. A
    hit that several lists hold is that of the word which it is nearest to.
    """
    if len(lists) == 1:
        return lists[0]
    ranked = [list(zip(sorted(map(_merit, hits)), hits, strict=True)) for hits in lists]
    found = dict[int, Hit]()
    for _, hit in merge(*ranked, key=lambda row: row[0]):
        known = found.setdefault(hit.id, hit)
        if _merit(hit) < _merit(known):
            found[hit.id] = hit  # in the place that it had
    return list(found.values())


def _merit(hit: Hit) -> tuple[float, float, int]:
    """Less for what is better: probabilities may be equal where cosines are not."""
    known = [-2.0 if each is None else each for each in (hit.score, hit.cosine)]
    return -known[0], -known[1], hit.distance if hit.score is None else 0


def _wanted(hits: list[Hit], point: Point, store: Store) -> list[Hit]:
    """Those hits that are as near to what is wanted as to any word left out."""
    rows, present = store.embeddings([hit.id for hit in hits])
    vectors = unit(rows[present])
    near = (vectors @ point.wanted.T).max(axis=1) >= (vectors @ point.left_out.T).max(axis=1)
    keep = np.ones(len(hits), np.bool_)
    keep[present] = near
    return [hit for hit, kept in zip(hits, keep.tolist(), strict=True) if kept]


def _first(hits: list[Hit], k: int) -> list[Hit]:
    ranked = enumerate(hits[:k], start=1)
    return [hit if hit.rank == rank else replace(hit, rank=rank) for rank, hit in ranked]
