"""ITQ on embeddings whitened within categories.

Directions in which items of one category differ count less, whatever they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.hashing.hasher import HashData
from opensearch.hashing.itq import ItqHasher
from opensearch.hashing.linear import LinearHasher
from opensearch.progress import Progress, quiet

SHRINK = 3.0
"""Added to the spectrum, in mean eigenvalues: a category of few items says little of its own."""


@dataclass(frozen=True)
class WhitenedItqHasher(LinearHasher):
    """A linear map that makes the scatter within categories round, then ITQ.

    Source:
        Within-class whitening as of linear discriminant analysis (Fukunaga, "Introduction to
        statistical pattern recognition", 1990, chapter 10), shrunk; `ItqHasher` after it.
    """

    name: ClassVar[str] = "itq-whitened"

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Fit the whitening, then mean, axes and rotation."""
        mean = data.embeddings.mean(axis=0, dtype=np.float64)
        whitening = _whitening(data)
        rows = ((data.embeddings - mean) @ whitening).astype(np.float32)
        itq = ItqHasher.fit(replace(data, embeddings=rows), settings, seed)
        # the whitened rows have mean zero, so both centrings are one
        projection = whitening @ itq.projection.astype(np.float64)
        return cls(mean.astype(np.float32), projection.astype(np.float32), itq.note)


def _whitening(data: HashData) -> NDArray[np.float64]:
    """Inverse square root of the shrunk scatter within categories, shape (d, d)."""
    dim = data.embeddings.shape[1]
    scatter, count = np.zeros((dim, dim)), 0
    for label in np.unique(data.labels[data.labels >= 0]):
        rows = data.embeddings[data.labels == label].astype(np.float64)
        rows -= rows.mean(axis=0)
        scatter, count = scatter + rows.T @ rows, count + len(rows)
    values, axes = np.linalg.eigh(scatter / max(count, 1))
    scales = 1 / np.sqrt(np.maximum(values, 0) + SHRINK * values.mean() + 1e-12)
    return np.asarray((axes * scales) @ axes.T, dtype=np.float64)
