"""A space whose points a method learnt itself, for the categories it was trained on alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from opensearch.config import TrainConfig
from opensearch.semantic import Space
from opensearch.semantic.names import normalise
from opensearch.semantic.tables import TableProvider
from opensearch.semantic.vocabulary import Vocabulary
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, embed_domain
from opensearch.training.view_pooling import with_pooling


def learnt_space(categories: Sequence[str], points: NDArray[np.float32]) -> Space:
    """The space whose prototypes are `points`, as unit vectors.

    Args:
        categories: n names.
        points: shape (n, d), none of them zero.
    """
    words = [normalise(category) for category in categories]
    return Space.fit(TableProvider("codes", Vocabulary(words, points)), categories)


def space_of_means(
    context: Context[TrainConfig],
    domains: Sequence[DomainData],
    fitted: Mapping[str, FittedDomain],
    known: Mapping[str, NDArray[np.float32]] | None = None,
) -> Space:
    """The space of each category's mean embedding, every domain that holds it counting alike.

    Args:
        domains: what the encoders were trained on.
        fitted: their encoders.
        known: points (d,) that a method has for some categories already.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    for data in domains:
        encoder = with_pooling(context, data, fitted[data.name])
        embeddings = embed_domain(context, data, encoder, np.arange(len(data.rows)))
        labels = np.array(data.categories)
        for category in np.unique(labels).tolist():
            mean = embeddings[labels == category].mean(axis=0, dtype=np.float64)
            sums[category] = sums.get(category, 0.0) + mean
    points = {name: total.astype(np.float32) for name, total in sums.items()} | dict(known or {})
    names = sorted(points)
    return learnt_space(names, np.stack([points[name] for name in names]))
