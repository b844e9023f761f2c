"""`evaluate`: a model's any-to-any retrieval on a labelled collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.bundle import Bundle
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput
from opensearch.evaluation import (
    Labelled,
    Matrix,
    Words,
    any_to_any,
    word_to_any,
)
from opensearch.experiments.embedded import (
    WHOLE,
    EmbeddedCollection,
    EmbeddedSplit,
    embed_collection,
)
from opensearch.experiments.fitted_codes import TRAIN, check_has_train, fit_codes
from opensearch.experiments.published import (
    PUBLISHED,
    described,
    published_embed,
    published_rank,
)
from opensearch.experiments.trained import trained_on, was_trained_in
from opensearch.experiments.ways import CodeScore, Way, ways_of
from opensearch.hashing import check_fit
from opensearch.model import Model
from opensearch.progress import Progress, quiet
from opensearch.records import Failure, Names
from opensearch.refinement import LAMBDA_SEEN, LAMBDA_UNSEEN, refine
from opensearch.training.cache import cache_folder

UNSEEN = "unseen"
"""The split whose categories no training is to see."""
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """What is to be measured.

    Attributes:
        model: a bundle.
        data: a labelled collection.
        splits: of the collection, `all` for every file; each but train when empty.
        bits: code lengths beside real-valued embeddings.
        hashers: fitted on the collection's train split at each length; the model's own
            codes are measured too.
        scores: how codes are ranked, each in rows of its own: `hamming` by distance,
            `asymmetric` by the query's logits against the gallery's codes.
        categories: `shared`, those that every domain of the split holds; queries and galleries
            are made of them alone. `all` keeps every item, as a query or as a distractor.
        borrowed: domains of the collection embedded by the encoder of another domain of the
            model: `{"cartoon": "photo"}`.
        as_published: rank a second time as the method's paper does, see `Published`.
    """

    model: Path
    data: Path
    splits: Names = ()
    bits: Sequence[int] = ()
    hashers: Names = ("itq",)
    scores: Sequence[CodeScore] = ("hamming",)
    categories: Literal["shared", "all"] = "shared"
    seed: int = 0
    borrowed: Mapping[str, str] = field(default_factory=dict)
    as_published: bool = False

    def __post_init__(self) -> None:
        for name in ("splits", "hashers", "scores"):
            object.__setattr__(self, name, must.texts(name, getattr(self, name)))
        for name in ("model", "data"):
            object.__setattr__(self, name, must.path(name, getattr(self, name)))

    def reads(self, split: str) -> bool:
        """Whether the files of a split are measured, or codes are fitted on them."""
        if split == TRAIN and self.bits:
            return True
        if not self.splits:
            return split != TRAIN
        return split in self.splits or WHOLE in self.splits


@dataclass(frozen=True)
class Row:
    """One matrix of the result: how queries and gallery were represented, how queries moved.

    Attributes:
        representation: `real`, `model-<bits>` or `<hasher>-<bits>`, the last two with
            `-asymmetric` behind them where codes were ranked so; `published` as the method's paper
            ranks, which has no words.
        refinement: `none`, `rule` (the engine's) or `oracle` (the paper's .4 and .7).
        words: the same galleries searched by the categories' prototypes.
        trained: categories measured that the model was trained on, whatever the split is called.
        untrained: those that it was not.
    """

    split: str
    representation: str
    refinement: str
    matrix: Matrix
    words: Words
    trained: list[str]
    untrained: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "split": self.split,
            "representation": self.representation,
            "refinement": self.refinement,
            "trained": self.trained,
            "untrained": self.untrained,
            **self.matrix.to_dict(),
            "words": self.words.to_dict(),
        }


@dataclass(frozen=True)
class Result:
    """All rows of an evaluation, what the reader should know, and files that were not read."""

    rows: list[Row]
    notes: list[str]
    failures: list[Failure] = field(default_factory=list)


def evaluate(evaluation: Evaluation, progress: Progress = quiet) -> Result:
    """Measure a model: real-valued and by codes, with and without refinement, by items and words.

    Raises:
        InvalidInput: a split that the collection lacks, one most of which cannot be read, bits with
            nothing to fit codes on, or a borrowed encoder or its domain that does not exist.
        MissingExtra: a hasher to fit that needs torch, which is not installed.
    """
    _check_fits(evaluation)
    model = Model(Bundle.open(evaluation.model))
    data, borrowed, reads = evaluation.data, evaluation.borrowed, evaluation.reads
    embed = partial(embed_collection, model.bundle, data, cache_folder(), progress, borrowed, reads)
    embedded = embed()
    splits = _splits(evaluation, embedded)
    ranking = model.bundle.card.published if evaluation.as_published else None
    ranked = _splits(evaluation, embed(published_embed(ranking))) if ranking else {}
    fitted = (evaluation.bits, evaluation.hashers, evaluation.seed)
    hashers = fit_codes(model, embedded, *fitted, borrowed, progress)
    ways = ways_of(hashers, evaluation.scores, borrowed)
    total = len(splits) * 3 * len(ways) + len(ranked)
    rows: list[Row] = []
    notes = _notes(embedded)
    if evaluation.as_published:
        notes.append(described(model.bundle.card))
    for name, split in splits.items():
        measure = _Measure(model, split, name, evaluation)
        notes += measure.notes()
        for representation, way in ways.items():
            for refinement in ("none", "rule", "oracle"):
                rows.append(measure.row(representation, way, refinement))
                progress("measuring", len(rows), total)
        if ranking is not None:
            measure = _Measure(model, ranked[name], name, evaluation, words=False)
            rows.append(measure.row(PUBLISHED, {"rank": published_rank(ranking)}, "none"))
            progress("measuring", len(rows), total)
    return Result(rows, notes, embedded.failures)


def _check_fits(evaluation: Evaluation) -> None:
    """Refuse codes that cannot be fitted, before anything is embedded."""
    if evaluation.bits:
        for name in evaluation.hashers:
            check_fit(name, "hashers")
        check_has_train(evaluation.data, evaluation.bits)


def _notes(embedded: EmbeddedCollection) -> list[str]:
    """Domains of a collection that are not measured."""
    return [
        f"left out {domain}, which the model has no encoder for; `borrowed={{{domain!r}: ENCODER}}`"
        " lends one"
        for domain in embedded.domains_without_encoder
    ]


def _splits(evaluation: Evaluation, embedded: EmbeddedCollection) -> dict[str, EmbeddedSplit]:
    names = list(evaluation.splits) or [s for s in embedded.splits if s != TRAIN]
    if not names:
        raise InvalidInput(
            f"collection {evaluation.data} has no split to measure but {TRAIN};"
            f" `splits=[{TRAIN!r}]` measures that"
        )
    splits = {name: embedded.split(name) for name in names}
    if evaluation.categories == "all":
        return splits
    return {name: split.shared() for name, split in splits.items()}


class _Measure:
    """The any-to-any protocol on one split, with one model's λ rule and words.

    Attributes:
        categories: of the split.
        trained: those that the model was trained on.
        without_vector: those that the model's space has no vector for.
    """

    def __init__(
        self,
        model: Model,
        split: EmbeddedSplit,
        name: str,
        evaluation: Evaluation,
        words: bool = True,
    ) -> None:
        self._model = model
        self._evaluation = evaluation
        self._name = name
        self._sets = {
            domain: Labelled(embeddings, np.array(labels))
            for domain, (embeddings, labels) in split.domains.items()
        }
        categories = sorted({label for _, labels in split.domains.values() for label in labels})
        self.categories = categories
        self.trained = trained_on(model, categories)
        self.without_vector = model.space.missing(categories)
        known = [name for name in categories if words and name not in self.without_vector]
        points = model.asked(model.space.prototypes(known))
        self._words = Labelled(points, np.array(known, np.str_))

    def notes(self) -> list[str]:
        """What the reader should know of the split's categories."""
        notes = []
        if self._name == UNSEEN and self.trained:
            notes.append(
                f"split {self._name} is not unseen by this model, which was trained on"
                f" {len(self.trained)} of its {len(self.categories)} categories:"
                f" {', '.join(self.trained)}"
            )
        model, data = self._evaluation.model, self._evaluation.data
        if self._name in (WHOLE, TRAIN) and was_trained_in(model, data):
            notes.append(
                f"split {self._name} holds the files that this model was trained on, which it knows"
                f" far better than new ones; `split_collection({str(data)!r})` before training"
                " keeps some out"
            )
        if self.without_vector:
            notes.append(f"no vector, so not searched by word: {', '.join(self.without_vector)}")
        return notes

    def row(self, representation: str, way: Way, refinement: str) -> Row:
        """One row: real-valued or by codes, under one way of refinement."""
        move = None if refinement == "none" else self._refine(refinement)
        seed = self._evaluation.seed
        matrix = any_to_any(self._sets, refine=move, **way, seed=seed)
        words = word_to_any(self._words, self._sets, refine=move, **way, seed=seed)
        untrained = [name for name in self.categories if name not in self.trained]
        return Row(self._name, representation, refinement, matrix, words, self.trained, untrained)

    def _refine(self, refinement: str) -> Callable[[Array, Array, bool], Array]:
        oracle = LAMBDA_UNSEEN if self._name == UNSEEN else LAMBDA_SEEN

        def move(queries: Array, gallery: Array, same: bool) -> Array:
            rule = self._model.fractions(queries)
            own = np.arange(len(queries)) if same else None
            return refine(queries, gallery, oracle if refinement == "oracle" else rule, own)

        return move
