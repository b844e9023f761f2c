"""Iterative quantisation: principal axes turned until they agree best with their signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.hashing.hasher import HashData
from opensearch.hashing.linear import LinearHasher, random_projection, random_rotation
from opensearch.progress import Progress, quiet

ITERATIONS = 50
"""As in the paper and in the published zero-shot hashing tables."""


@dataclass(frozen=True)
class ItqHasher(LinearHasher):
    """Centre, take the main axes, rotate them to the least quantisation error.

    The plain method of the papers: every item counts once, so a domain with many items
    weighs more in the mean and the axes than one with few. There are no more axes than
    embeddings have numbers or the data has items; more bits come from a random rotation of
    the centred embeddings, and `note` says so.

    Source:
        Gong and Lazebnik, "Iterative quantization", CVPR 2011, section 3. Published
        zero-shot tables fit it on test sketches; here it is fitted on training items.
    """

    name: ClassVar[str] = "itq"

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Fit mean, axes and rotation."""
        bits = settings.bits
        count, dim = data.embeddings.shape
        mean = data.embeddings.mean(axis=0, dtype=np.float64)
        if bits > min(count, dim):
            note = (
                f"itq gives at most {min(count, dim)} bits from {count} embeddings of {dim}"
                f" numbers; these {bits} are a random rotation"
            )
            return cls(mean.astype(np.float32), random_projection(dim, bits, seed), note)
        centred = data.embeddings - mean
        axes = _main_axes(centred, bits)
        turn = _rotation(centred @ axes, np.random.default_rng(seed))
        return cls(mean.astype(np.float32), (axes @ turn).astype(np.float32))


def _main_axes(centred: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The axes of greatest variance, shape (d, count), greatest first."""
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :count]
    # an eigenvector's sign is the library's whim; fixed here, so that codes are not
    largest = np.abs(axes).argmax(axis=0)
    return np.asarray(axes * np.sign(axes[largest, np.arange(count)]), dtype=np.float64)


def _rotation(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The rotation R that brings values @ R near to its own signs, shape (bits, bits)."""
    turn = random_rotation(values.shape[1], rng)
    for _ in range(ITERATIONS):
        signs = np.where(values @ turn >= 0, 1.0, -1.0)
        left, _, right = np.linalg.svd(values.T @ signs)
        turn = left @ right
    return turn
