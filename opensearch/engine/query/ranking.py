"""From a point to hits: Hamming candidates, scoring by embeddings or codes, refinement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import ScoreName
from opensearch.engine.filters.remarks import remarks
from opensearch.engine.filters.selecting import select, targeted
from opensearch.engine.filters.where import parse_where
from opensearch.engine.lifecycle.generations import Generation
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.candidates import DIGITS, Ranked, merged
from opensearch.engine.query.meaning import Meaning, agreement
from opensearch.engine.query.point import Point
from opensearch.engine.query.query import Query, Score
from opensearch.hashing import asymmetric, hamming
from opensearch.model import Model
from opensearch.records import Hit
from opensearch.refinement import refine_one
from opensearch.stages import stage

CAP = 10
"""Candidates taken at most, in multiples of the depth, when one shell holds very many."""

_NO_POSTINGS = (
    "this index was made by an older version without lists of its fields, so `where` reads every"
    " record; `Engine.compact()` makes the lists"
)

_NO_EMBEDDINGS = "some items have no embeddings: they are not refined"
_NO_SCORE = ", not rescored and have no score"
_BY_CODES = " or rescored, and their scores are told from their codes"

Selector: TypeAlias = NDArray[np.bool_]


def answer_from(now: Generation, model: Model, point: Point, query: Query) -> Answer:
    """The hits of a query at a point, from one snapshot of an index.

    Raises:
        InvalidInput: a target domain that the index does not hold.
    """
    with now.store.snapshot():
        now.searcher.refresh()
        return _Ranking(now, model, point, query).answer()


class _Ranking:
    """Ranks the items of one snapshot of an index for one query."""

    def __init__(self, now: Generation, model: Model, point: Point, query: Query) -> None:
        self._store = now.store
        self._searcher = now.searcher
        self._vectors = now.vectors
        self._model = model
        self._query = query
        self._point = point
        self._targets = targeted(self._store, query.targets)
        self._score = self._possible()
        self._within = self._passing()
        self._meaning = self._meaning_of_scores()
        self._brought: dict[str, list[int]] = {}
        self._codes: dict[bytes, NDArray[np.uint8]] = {}

    def answer(self) -> Answer:
        """The hits, and all that is to be said of them."""
        self._note_structure()
        ranked = merged(self._parts())
        top = ranked.reaching(self._query.min_score).cut(self._query.k)
        with stage("fetch"):
            hits = self._hits(top)
        return Answer(
            hits,
            self._point.notes,
            self._point.opened,
            self._point.understood,
            self._meaning.kind,
            refined=self._brought,
        )

    def _meaning_of_scores(self) -> Meaning:
        names: dict[Score, ScoreName] = {"rescored": "cosine", "hamming": "distance"}
        calibration = self._model.bundle.card.calibration
        name = names.get(self._score, "asymmetric")
        return Meaning(calibration, name, self._point.sources, self._targets)

    def _parts(self) -> list[Ranked]:
        said = self._query.refine
        refine = {t: self._meaning.refines(t) if said is None else said for t in self._targets}
        if not self._meaning.calibrated and not any(refine.values()):
            return [self._rank(self._point.vector, self._targets)]
        vector = self._point.vector
        lam = float(self._model.fractions(vector[None])[0]) if any(refine.values()) else 0.0
        return [
            self._refined(target, lam) if refine[target] else self._rank(vector, [target])
            for target in self._targets
        ]

    def _refined(self, target: str, lam: float) -> Ranked:
        """Rank one target domain by the query moved towards its best candidate there."""
        vector = self._point.vector
        first = self._rank(vector, [target], "rescored", deep=True)
        if not len(first.ids):
            return first
        scored = np.flatnonzero(~np.isnan(first.scores))
        if not len(scored):
            self._note_no_embeddings([target])
            return self._rank(vector, [target])
        nearest, _ = self._vectors.of(first.ids[scored[:1]])
        moved = refine_one(vector, nearest[0], lam)
        ranked = self._rank(moved, [target], deep=True)
        found = self._as_asked(ranked, target).hits(self._query)
        if self._score != "rescored":
            first = self._rank(vector, [target], deep=True)
        self._brought[target] = np.setdiff1d(found.ids, first.hits(self._query).ids).tolist()
        return found

    def _as_asked(self, ranked: Ranked, target: str) -> Ranked:
        """Candidates in their order, with the scores that the query had before it was moved.

        A moved query lies near its targets whatever was asked for, and nearer in some domains
        than in others. So it only orders the items within one domain: the scores shown, and those
        that domains are merged by, come from the query as it was asked. The first item of a domain
        is merged by the best of these, and so on, so that merging keeps the order. All candidates
        count, not only those that are hits: so a hit's place depends on no limit of hits.
        """
        if self._query.score == "hamming" and not self._meaning.calibrated:
            return ranked
        vector, distances = self._point.vector, ranked.distances
        if self._meaning.calibrated:
            code = self._code(vector)
            distances = hamming(code[None], self._searcher.codes(ranked.ids, [target]))[0]
        with stage("rescore"):
            scores = self._scores(self._score, vector, ranked.ids, [target])
            shown = self._shown(vector, ranked.ids, distances, scores, [target])
        merits = np.negative(np.sort(np.negative(shown)))  # NaN last
        return Ranked(ranked.ids, ranked.distances, scores, shown, merits)

    def _shown(
        self,
        vector: NDArray[np.float32],
        ids: NDArray[np.int64],
        distances: NDArray[np.integer],
        scores: NDArray[np.float32],
        targets: list[str],
    ) -> NDArray[np.float64]:
        """What scores (n,) in one target say, or in several where they stay what they are.

        What has no score is told from its code.
        """
        target = next(iter(targets), "")
        shown = self._meaning.shown(scores, target)
        bare = np.isnan(shown)
        if self._meaning.calibrated and bare.any():
            alike: NDArray[np.floating]
            if self._score == "hamming":
                alike = agreement(distances[bare], self._model.hasher.bits)
            else:
                alike = self._scores("asymmetric", vector, ids[bare], targets)
            shown[bare] = self._meaning.told_by_codes(alike, target)
        return shown

    def _rank(
        self,
        vector: NDArray[np.float32],
        targets: list[str],
        score: Score | None = None,
        *,
        deep: bool = False,
    ) -> Ranked:
        """Hits of a vector in their order; if `deep`, candidates that hits are chosen from."""
        query = self._query
        score = score or self._score
        wanted = query.k if score == "hamming" and not deep else max(query.k, query.depth)
        with stage("search"):
            found = self._searcher.shells(
                self._code(vector),
                targets,
                wanted,
                CAP * wanted,
                query.structure,
                within=self._within,
                exclude=self._point.own_ids or None,
            )
        if found.sampled:
            self._note(
                f"more than {CAP * wanted} candidates at one distance: only an even sample is used"
            )
        most = None if deep else query.max_distance
        near = slice(None if most is None else int(np.searchsorted(found.distances, most, "right")))
        ids, distances = found.ids[near], found.distances[near]
        with stage("rescore"):
            scores = self._scores(score, vector, ids, targets)
            shown = self._shown(vector, ids, distances, scores, targets)
        return Ranked(ids, distances, scores, shown, shown).sorted()

    def _code(self, vector: NDArray[np.float32]) -> NDArray[np.uint8]:
        """The code (bits // 8,) of a vector, made once for all targets."""
        name = vector.tobytes()
        if name not in self._codes:
            self._codes[name] = self._model.hasher.encode(vector[None], self._point.source)[0]
        return self._codes[name]

    @cached_property
    def _embedded(self) -> Mapping[str, int]:
        """Items with an embedding, by domain."""
        return self._store.meta().embedded

    def _possible(self) -> Score:
        """The score that is possible: where nothing has an embedding, codes alone tell."""
        score = self._query.score
        bare = score == "rescored" and not any(self._embedded[t] for t in self._targets)
        return "asymmetric" if bare else score

    def _scores(
        self,
        score: Score,
        vector: NDArray[np.float32],
        ids: NDArray[np.int64],
        targets: list[str],
    ) -> NDArray[np.float32]:
        """Scores (n,) of candidates, NaN where there is none."""
        if score == "asymmetric":
            logits = self._model.hasher.logits(vector[None], self._point.source)
            if self._query.score == "rescored" and len(ids):
                self._note_no_embeddings(targets)
            return asymmetric(logits, self._searcher.codes(ids, targets)).ravel()
        if score == "hamming":
            return np.full(len(ids), np.nan, np.float32)
        scores = self._vectors.cosines(ids, vector)
        if self._query.score == "rescored" and np.isnan(scores).any():
            self._note_no_embeddings(targets)
        return scores

    def _note_structure(self) -> None:
        name = self._query.structure
        if name is not None and self._within is None:
            recalls = self._searcher.recalls(name, self._targets)
            shown = ", ".join(f"{recall:.2f} in {domain}" for domain, recall in recalls.items())
            if shown:
                self._note(f"approximate by {name}: recall@10 was {shown}")
            exact = [domain for domain in self._targets if domain not in recalls]
            if recalls and exact:
                self._note(f"exact in {', '.join(exact)}: {name} was built before that was there")

    def _note(self, text: str) -> None:
        if text not in self._point.notes:
            self._point.notes.append(text)

    def _note_no_embeddings(self, targets: Sequence[str]) -> None:
        told = self._meaning.calibrated and self._meaning.tells_codes(targets)
        by_codes = told or self._score == "asymmetric"
        rest = _BY_CODES if by_codes else _NO_SCORE
        self._note(_NO_EMBEDDINGS + (rest if self._query.score == "rescored" else ""))

    def _passing(self) -> Selector | None:
        if self._query.where is None:
            return None
        if not self._store.meta().posted:
            self._note(_NO_POSTINGS)
        expression = parse_where(self._query.where)
        passed = select(self._store, expression, self._targets)
        if not passed.any():
            self._note("no item passes the filter")
        for remark in remarks(self._store, expression, self._targets):
            self._note(remark)
        return passed

    def _hits(self, top: Ranked) -> list[Hit]:
        items = self._store.items(top.ids.tolist())
        kind, cosines = self._meaning.kind, self._score == "rescored"
        return [
            Hit(
                rank=row + 1,
                id=item.id,
                key=item.key,
                path=item.path,
                domain=item.domain,
                category=item.category,
                distance=int(top.distances[row]),
                score=_number(top.shown[row]),
                metadata=item.metadata,
                cosine=_number(top.scores[row]) if cosines else None,
                score_kind=None if np.isnan(top.shown[row]) else kind,
            )
            for row, item in enumerate(items)
        ]


def _number(value: np.floating) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)
