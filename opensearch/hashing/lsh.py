"""Random rotation: codes that need no data, the floor that every other hasher must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from opensearch.config import HashSettings
from opensearch.hashing.hasher import HashData
from opensearch.hashing.linear import LinearHasher, random_projection
from opensearch.progress import Progress, quiet


@dataclass(frozen=True)
class LshHasher(LinearHasher):
    """Signs of a random rotation; of the data only the width is used.

    Source:
        Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002,
        with orthogonal directions (`random_projection`).
    """

    name: ClassVar[str] = "lsh"

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Draw the rotation for embeddings of the data's width."""
        dim = data.embeddings.shape[1]
        return cls(np.zeros(dim, dtype=np.float32), random_projection(dim, settings.bits, seed))
