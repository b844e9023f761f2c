"""Queries of known categories, their first hits, and whether these are right.

Every query asks twice: what there is, and the same without its own category, as somebody does who
asks for what a collection does not hold. So a share of `ABSENT` of the queries has no right hit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import ScoreName
from opensearch.engine.query.meaning import agreement
from opensearch.hashing import asymmetric, hamming
from opensearch.model import Model
from opensearch.refinement import refine

ABSENT: Final = 0.5
FAR: Final = -np.inf


@dataclass(frozen=True)
class Asked:
    """Rows of one domain, or of words, by a model.

    Attributes:
        domain: `None` of words.
        embeddings: shape (n, d), unit rows.
        labels: categories, shape (n,).
        queries: rows that ask; all are searched.
    """

    domain: str | None
    embeddings: NDArray[np.float32]
    labels: NDArray[np.str_]
    queries: NDArray[np.int64]


@dataclass(frozen=True)
class Hits:
    """First hits of the queries of a direction.

    Attributes:
        scores: shape (n,).
        right: of the query's category, shape (n,).
        categories: of the queries, shape (n,).
    """

    scores: NDArray[np.float64]
    right: NDArray[np.bool_]
    categories: NDArray[np.str_]


@dataclass(frozen=True)
class Gains:
    """Right hits among the first of each query that has any to find, refined less as asked.

    Attributes:
        right: as asked, as a share of the hits, shape (n,).
        gains: of that share by refinement, shape (n,).
        categories: of the queries, shape (n,).
    """

    right: NDArray[np.float64]
    gains: NDArray[np.float64]
    categories: NDArray[np.str_]


def first_hits(
    model: Model, source: Asked, target: Asked, name: ScoreName, first: int, absent: bool = True
) -> Hits:
    """The first hits of each query that has any to find in the target, with their scores.

    Args:
        name: what hits are scored and ordered by.
        first: hits of a query.
        absent: ask each query a second time, without its category.
    """
    table = _scores(model, source, target, name)
    scores, right, categories = [], [], []
    for place, row, relevant in _queries(source, target):
        nothing = np.zeros_like(relevant)
        for left_out in (nothing, relevant) if absent else (nothing,):
            open_ = np.where(left_out | _own(source, target, row), FAR, table[place])
            best = np.argsort(-open_, kind="stable")[:first]
            best = best[open_[best] > FAR]
            scores.append(open_[best])
            right.append(relevant[best])
            categories.append(np.full(len(best), source.labels[row]))
    return Hits(
        np.concatenate([np.zeros(0), *scores]),
        np.concatenate([np.zeros(0, np.bool_), *right]),
        np.concatenate([np.zeros(0, np.str_), *categories]),
    )


def gains(model: Model, source: Asked, target: Asked, first: int) -> Gains:
    """What refinement by the model's rule adds to the right ones of the first hits."""
    queries = source.embeddings[source.queries]
    same = source.domain == target.domain
    own = source.queries if same else None
    lam = model.fractions(queries)
    moved = refine(queries, target.embeddings, lam, own)
    before, after, categories = [], [], []
    for place, row, relevant in _queries(source, target):
        shares = []
        for query in (queries[place], moved[place]):
            scores = np.where(_own(source, target, row), FAR, target.embeddings @ query)
            shares.append(relevant[np.argsort(-scores, kind="stable")[:first]].mean())
        before.append(shares[0])
        after.append(shares[1] - shares[0])
        categories.append(source.labels[row])
    return Gains(np.array(before), np.array(after), np.array(categories, np.str_))


def _queries(source: Asked, target: Asked) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """Place among the queries, row, and the target's items that are right, of each that has one."""
    for place, row in enumerate(source.queries.tolist()):
        relevant = (target.labels == source.labels[row]) & ~_own(source, target, row)
        if relevant.any():
            yield place, row, relevant


def _own(source: Asked, target: Asked, row: int) -> NDArray[np.bool_]:
    """The target's item that is the query itself."""
    own = np.zeros(len(target.labels), np.bool_)
    own[row : row + 1] = source.domain == target.domain
    return own


def _scores(model: Model, source: Asked, target: Asked, name: ScoreName) -> NDArray[np.float64]:
    """Scores (q, n) of all queries and items."""
    queries = source.embeddings[source.queries]
    if name == "cosine":
        return np.asarray(queries @ target.embeddings.T, np.float64)
    codes = model.hasher.encode(target.embeddings, target.domain)
    if name == "asymmetric":
        return np.asarray(
            asymmetric(model.hasher.logits(queries, source.domain), codes), np.float64
        )
    return agreement(hamming(model.hasher.encode(queries, source.domain), codes), model.hasher.bits)


def asking(
    model: Model,
    items: Mapping[str, tuple[NDArray[np.float32], Sequence[str]]],
    categories: Collection[str],
) -> tuple[dict[str, Asked], Asked]:
    """Items by domain, and words, as what is searched; those of some categories ask.

    Args:
        model: which has the words.
        items: embeddings (n, d) and categories (n,) by domain.
        categories: that ask; those without a vector are no words.
    """
    domains = {}
    for name, (rows, labels) in sorted(items.items()):
        kinds = np.array(labels, np.str_)
        queries = np.flatnonzero(np.isin(kinds, sorted(categories)))
        domains[name] = Asked(name, rows, kinds, queries)
    missing = set(model.space.missing(sorted(categories)))
    known = [name for name in sorted(categories) if name not in missing]
    vectors = model.asked(model.space.prototypes(known))
    return domains, Asked(None, vectors, np.array(known, np.str_), np.arange(len(known)))
