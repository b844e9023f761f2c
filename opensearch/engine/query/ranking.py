"""From a point to hits: Hamming candidates, scoring by embeddings or codes, refinement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening import Opened
from opensearch.engine.lifecycle.generations import Generation, Generations
from opensearch.engine.query.each_word import answer_each
from opensearch.engine.query.query import Point, Query, Score, locate
from opensearch.engine.query.remarks import remarks
from opensearch.engine.query.selecting import select, targeted
from opensearch.engine.query.understood import Understood
from opensearch.engine.query.where import parse_where
from opensearch.hashing import asymmetric
from opensearch.model import Model
from opensearch.records import Hit
from opensearch.refinement import refine_one
from opensearch.semantic import unit
from opensearch.stages import stage

CAP = 10
"""Candidates taken at most, in multiples of the depth, when one shell holds very many."""

_NO_POSTINGS = (
    "this index was made by an older version without lists of its fields, so `where` reads every"
    " record; `Engine.compact()` makes the lists"
)

_NO_EMBEDDINGS = "some items have no embeddings: for them no refinement"
_NO_SCORE = ", no rescoring and no score"

Selector: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Answer:
    """The answer to a query.

    Attributes:
        hits: best first.
        notes: remarks the user should see.
        opened: the query's inputs as their encoders saw them, `files` first, then `exclude`.
        understood: how the query was read.
    """

    hits: list[Hit]
    notes: list[str]
    opened: list[Opened] = field(default_factory=list)
    understood: Understood = field(default_factory=Understood)


@dataclass(frozen=True)
class _Ranked:
    """Candidates (n,), best first.

    Attributes:
        scores: cosines with the query as it was asked, NaN where there is none.
        merits: what lists of several targets are merged by, in falling order; NaN where there
            is none.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    scores: NDArray[np.float32]
    merits: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        ids: NDArray[np.int64],
        distances: NDArray[np.int32],
        scores: NDArray[np.float32],
        merits: NDArray[np.float32] | None = None,
    ) -> _Ranked:
        """Sorted by (-merit, distance, id), merits being the scores unless given."""
        merits = scores if merits is None else merits
        order = np.lexsort((ids, distances, -np.nan_to_num(merits, nan=-2.0)))
        return cls(ids[order], distances[order], scores[order], merits[order])

    def cut(self, k: int) -> _Ranked:
        return _Ranked(self.ids[:k], self.distances[:k], self.scores[:k], self.merits[:k])


class Ranking:
    """Ranks the items of one snapshot of an index for one query."""

    def __init__(self, now: Generation, model: Model, query: Query) -> None:
        self._store = now.store
        self._searcher = now.searcher
        self._model = model
        self._query = query

    def answer(self, point: Point) -> Answer:
        """The hits of a query at a point.

        Raises:
            InvalidInput: a target domain that the index does not hold.
        """
        with self._store.snapshot():
            self._searcher.refresh()
            targets = targeted(self._store, self._query.targets)
            within = self._within(targets, point)
            self._note_structure(point, targets, within)
            parts = self._parts(point, targets, within)
            with stage("fetch"):
                hits = self._hits(_merged(parts))
            return Answer(hits, point.notes, point.opened, point.understood)

    def _parts(self, point: Point, targets: list[str], within: Selector | None) -> list[_Ranked]:
        if not self._query.refine:
            return [self._rank(point, point.vector, targets, within)]
        return [self._refined(point, target, within) for target in targets]

    def _refined(self, point: Point, target: str, within: Selector | None) -> _Ranked:
        """Rank one target domain by the query moved towards its best candidate there."""
        first = self._rank(point, point.vector, [target], within, "rescored")
        if not len(first.ids):
            return first
        scored = np.flatnonzero(~np.isnan(first.scores))
        if not len(scored):
            self._note_no_embeddings(point)
            return self._rank(point, point.vector, [target], within)
        rows, _ = self._store.embeddings([int(first.ids[scored[0]])])
        lam = self._model.rule.of(point.vector[None], self._model.seen_prototypes)[0]
        moved = refine_one(point.vector, unit(rows)[0], float(lam))
        ranked = self._rank(point, moved, [target], within).cut(self._query.k)
        return self._as_asked(point, ranked, target)

    def _as_asked(self, point: Point, ranked: _Ranked, target: str) -> _Ranked:
        """Candidates in their order, with the scores that the query had before it was moved.

        A moved query lies near its targets whatever was asked for, and nearer in some domains
        than in others. So it orders the items of one domain, and no more: what is shown, and
        what domains are merged by, are cosines with the query as it was asked. The best of them
        goes to the first item of a domain, and so on, so that merging keeps its order.
        """
        if self._query.score != "rescored":
            return ranked
        scores = self._scores("rescored", point, point.vector, ranked.ids, [target])
        return _Ranked(ranked.ids, ranked.distances, scores, -np.sort(-scores))

    def _rank(
        self,
        point: Point,
        vector: NDArray[np.float32],
        targets: list[str],
        within: Selector | None,
        score: Score | None = None,
    ) -> _Ranked:
        query = self._query
        score = self._score(score or query.score, targets)
        code = self._model.hasher.encode(vector[None], point.source)[0]
        wanted = query.k if score == "hamming" else max(query.k, query.depth)
        with stage("search"):
            found = self._searcher.shells(
                code,
                targets,
                wanted,
                CAP * wanted,
                query.structure,
                within=within,
                exclude=np.array(point.own_ids),
            )
        if found.sampled:
            _note(point, f"more than {CAP * wanted} candidates at one distance: an even sample")
        keep = slice(None)
        if query.max_distance is not None:
            keep = slice(int(np.searchsorted(found.distances, query.max_distance, "right")))
        ids, distances = found.ids[keep], found.distances[keep]
        with stage("rescore"):
            scores = self._scores(score, point, vector, ids, targets)
        return _Ranked.of(ids, distances, scores)

    def _score(self, score: Score, targets: list[str]) -> Score:
        """The score that is possible: distance alone where there are no embeddings."""
        embedded = self._store.meta().embedded
        bare = score == "rescored" and not any(embedded[target] for target in targets)
        return "hamming" if bare else score

    def _scores(
        self,
        score: Score,
        point: Point,
        vector: NDArray[np.float32],
        ids: NDArray[np.int64],
        targets: list[str],
    ) -> NDArray[np.float32]:
        """Scores (n,) of candidates, NaN where there is none."""
        if score == "asymmetric":
            logits = self._model.hasher.logits(vector[None], point.source)
            pairs = asymmetric(logits, self._searcher.codes(ids, targets))
            return pairs.ravel()
        scores = np.full(len(ids), np.nan, np.float32)
        if score == "rescored":
            rows, present = self._store.embeddings(ids)
            if present.any():
                scores[present] = unit(rows[present]) @ vector
        if self._query.score == "rescored" and np.isnan(scores).any():
            self._note_no_embeddings(point)
        return scores

    def _note_structure(self, point: Point, targets: list[str], within: Selector | None) -> None:
        name = self._query.structure
        if name is not None and within is None:
            recalls = self._searcher.recalls(name, targets)
            shown = ", ".join(f"{recall:.2f} in {domain}" for domain, recall in recalls.items())
            if shown:
                _note(point, f"approximate by {name}: recall@10 was {shown}")
            exact = [domain for domain in targets if domain not in recalls]
            if recalls and exact:
                _note(point, f"exact in {', '.join(exact)}: {name} was built before it was there")

    def _note_no_embeddings(self, point: Point) -> None:
        _note(point, _NO_EMBEDDINGS + (_NO_SCORE if self._query.score == "rescored" else ""))

    def _within(self, targets: Sequence[str], point: Point) -> Selector | None:
        if self._query.where is None:
            return None
        if not self._store.meta().posted:
            _note(point, _NO_POSTINGS)
        expression = parse_where(self._query.where)
        passed = select(self._store, expression, targets)
        if not passed.any():
            _note(point, "no item passes the filter")
        for remark in remarks(self._store, expression, targets):
            _note(point, remark)
        return passed

    def _hits(self, ranked: _Ranked) -> list[Hit]:
        top = ranked.cut(self._query.k)
        hits = []
        for rank, item in enumerate(self._store.items(top.ids.tolist()), start=1):
            score = float(top.scores[rank - 1])
            hits.append(
                Hit(
                    rank=rank,
                    id=item.id,
                    key=item.key,
                    path=item.path,
                    domain=item.domain,
                    category=item.category,
                    distance=int(top.distances[rank - 1]),
                    score=None if np.isnan(score) else round(score, 6),
                    metadata=item.metadata,
                )
            )
        return hits


def _merged(parts: list[_Ranked]) -> _Ranked:
    """Candidates of several targets in one list, by score where there is one, then by distance."""
    if not parts:  # an index that holds nothing yet, or no more
        nothing = np.zeros(0, np.int64)
        none = nothing.astype(np.float32)
        return _Ranked(nothing, nothing.astype(np.int32), none, none)
    if len(parts) == 1:
        return parts[0]
    ids = np.concatenate([part.ids for part in parts])
    distances = np.concatenate([part.distances for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    merits = np.concatenate([part.merits for part in parts])
    return _Ranked.of(ids, distances, scores, merits)


def _note(point: Point, text: str) -> None:
    if text not in point.notes:
        point.notes.append(text)


def answer(query: Query, generations: Generations, model: Model) -> Answer:
    """Answer a query from one snapshot of an index.

    Raises:
        InvalidInput: a key or a target domain that the index does not hold, or parts that cancel
            out.
        UnreadableFile: an input cannot be read.
    """
    now = generations.current()
    with now.store.snapshot():  # stored items that are asked by are those that are ranked
        point = locate(query, model, now.store)
        if now.store.unlocked:
            path = generations.folder.path
            point.notes.append(f"{path} is read-only: what a writer adds may go unnoticed")
        return answer_each(point, query, now.store, lambda p, q: Ranking(now, model, q).answer(p))
