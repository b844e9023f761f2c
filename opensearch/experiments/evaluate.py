"""`evaluate`: a model's any-to-any retrieval on a labelled collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.bundle import Bundle
from opensearch.engine.model import Model
from opensearch.errors import InvalidInput
from opensearch.evaluation import Labelled, Matrix, any_to_any
from opensearch.experiments.embedded import EmbeddedCollection, EmbeddedSplit, embed_collection
from opensearch.hashing import HashData, Hasher, fit_hasher, hamming
from opensearch.refinement import LAMBDA_SEEN, LAMBDA_UNSEEN, refine
from opensearch.training.cache import Progress, cache_folder, quiet

PROTOCOLS = ("any-to-any",)
TRAIN = "train"
Array = NDArray[np.float32]


@dataclass(frozen=True)
class Evaluation:
    """What is to be measured.

    Attributes:
        model: a bundle.
        data: a labelled collection.
        splits: of the collection; all but train when empty.
        bits: code lengths beside real-valued embeddings.
        hashers: fitted on the collection's train split at each length; the model's own
            codes are measured too.
        categories: `shared`, those that every domain of the split holds; queries and galleries
            are made of them alone. `all` keeps every item, as a query or as a distractor.
    """

    model: Path
    data: Path
    splits: Sequence[str] = ()
    bits: Sequence[int] = ()
    hashers: Sequence[str] = ("itq",)
    categories: Literal["shared", "all"] = "shared"
    seed: int = 0


@dataclass(frozen=True)
class Row:
    """One matrix of the result: how queries and gallery were represented, how queries moved.

    Attributes:
        representation: `real`, `model-<bits>` or `<hasher>-<bits>`.
        refinement: `none`, `rule` (the engine's) or `oracle` (the paper's .4 and .7).
    """

    split: str
    representation: str
    refinement: str
    matrix: Matrix

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "split": self.split,
            "representation": self.representation,
            "refinement": self.refinement,
            **self.matrix.to_dict(),
        }


@dataclass(frozen=True)
class Result:
    """All rows of an evaluation, and what the reader should know."""

    rows: list[Row]
    notes: list[str]


def evaluate(evaluation: Evaluation, progress: Progress = quiet) -> Result:
    """Measure a model: real-valued and by codes, with and without refinement.

    Raises:
        InvalidInput: a split that the collection lacks, or bits with nothing to fit codes on.
    """
    bundle = Bundle.open(evaluation.model)
    embedded = embed_collection(bundle, evaluation.data, cache_folder(), progress)
    splits = list(evaluation.splits) or [s for s in embedded.splits if s != TRAIN]
    for split in splits:
        if split not in embedded.splits:
            raise InvalidInput(
                f"collection {evaluation.data} has no split {split!r};"
                f" it has {', '.join(embedded.splits)}"
            )
    model = Model(bundle)
    measure = _Measure(model, evaluation.seed)
    encoders = _encoders(evaluation, model, embedded)
    total = len(splits) * 3 * (1 + len(encoders))
    rows: list[Row] = []
    for split in splits:
        for name, encode in [("real", None), *encoders.items()]:
            for refinement in ("none", "rule", "oracle"):
                part = embedded.splits[split]
                part = part.shared() if evaluation.categories == "shared" else part
                matrix = measure.matrix(part, split, encode, refinement)
                rows.append(Row(split, name, refinement, matrix))
                progress("measuring", len(rows), total)
    notes = [f"skipped {failure.path}: {failure.reason}" for failure in embedded.failures]
    return Result(rows, notes)


class _Measure:
    """The any-to-any protocol with one model's λ rule."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._seed = seed

    def matrix(
        self, split: EmbeddedSplit, name: str, hasher: Hasher | None, refinement: str
    ) -> Matrix:
        """One matrix: real-valued or by codes, under one way of refinement."""
        sets = {
            domain: Labelled(embeddings, np.array(labels))
            for domain, (embeddings, labels) in split.domains.items()
        }
        move = None if refinement == "none" else self._refine(refinement, name)
        if hasher is None:
            return any_to_any(sets, _cosine_distance, move, seed=self._seed)
        return any_to_any(
            sets, hamming, move, encode=hasher.encode, ties="expected", seed=self._seed
        )

    def _refine(self, refinement: str, split: str) -> Callable[[Array, Array, bool], Array]:
        oracle = LAMBDA_UNSEEN if split == "unseen" else LAMBDA_SEEN

        def move(queries: Array, gallery: Array, same: bool) -> Array:
            rule = self._model.rule.of(queries, self._model.seen_prototypes)
            own = np.arange(len(queries)) if same else None
            return refine(queries, gallery, oracle if refinement == "oracle" else rule, own)

        return move


def _cosine_distance(queries: Array, gallery: Array) -> Array:
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


def _encoders(
    evaluation: Evaluation, model: Model, embedded: EmbeddedCollection
) -> dict[str, Hasher]:
    """The model's own codes, and each hasher at each length fitted on the train split."""
    found: dict[str, Hasher] = {f"model-{model.hasher.bits}": model.hasher}
    if not evaluation.bits:
        return found
    if TRAIN not in embedded.splits:
        raise InvalidInput(
            f"codes of {', '.join(map(str, evaluation.bits))} bits are fitted on a train split,"
            f" which {evaluation.data} lacks; leave --bits out to measure the model's own codes"
        )
    data = _hash_data(model, embedded.splits[TRAIN])
    for bits in evaluation.bits:
        for name in evaluation.hashers:
            found[f"{name}-{bits}"] = fit_hasher(name, data, bits, evaluation.seed)
    return found


def _hash_data(model: Model, train: EmbeddedSplit) -> HashData:
    """Training items of the categories that the model was trained on."""
    place = {category: i for i, category in enumerate(model.bundle.card.categories)}
    rows = [
        (embedding, domain, place[label])
        for domain, (embeddings, labels) in train.domains.items()
        for embedding, label in zip(embeddings, labels, strict=True)
        if label in place
    ]
    if not rows:
        raise InvalidInput("the train split has none of the model's categories to fit codes on")
    embeddings, domains, labels = zip(*rows, strict=True)
    return HashData(
        np.stack(embeddings),
        np.array(domains),
        np.array(labels, np.int64),
        model.seen_prototypes,
    )
