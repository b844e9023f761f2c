"""What is done to every word vector before it becomes a prototype, fitted on seen ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError, InvalidInput
from opensearch.semantic.sphere import unit

KINDS = ("none", "centre", "whiten")


@dataclass(frozen=True)
class Transform:
    """Move the sphere's centre to the mean of the seen prototypes, and even its axes out.

    `none` keeps vectors as they are; `centre` subtracts the mean; `whiten` also divides by
    the square root of the covariance, shrunk towards a sphere after Ledoit and Wolf, since
    there are usually fewer categories than axes. Each ends in a unit vector.

    Attributes:
        kind: one of `KINDS`.
        mean: shape (d,).
        matrix: shape (d, d), symmetric; applied after the mean.
    """

    kind: str
    mean: NDArray[np.float32] | None = None
    matrix: NDArray[np.float32] | None = None

    @classmethod
    def fit(cls, kind: str, seen: NDArray[np.float32]) -> Transform:
        """Fit on the vectors of the seen categories only.

        Args:
            kind: one of `KINDS`.
            seen: shape (c, d), unit rows.

        Raises:
            InvalidInput: no such kind, or under two categories to take a mean of.

        Source:
            Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
            matrices", 2004; centring as in the table "Baselines to beat" of this project.
        """
        if kind not in KINDS:
            raise InvalidInput(f"no prototype transform {kind!r}; known: {', '.join(KINDS)}")
        if kind == "none":
            return cls(kind)
        if len(seen) < 2:
            raise InvalidInput(f"transform {kind!r} wants two categories or more, got {len(seen)}")
        mean = seen.mean(axis=0, dtype=np.float64)
        matrix = _whitening(seen - mean) if kind == "whiten" else None
        return cls(kind, mean.astype(np.float32), matrix)

    def apply(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Transform unit vectors, shape (n, d), into unit vectors of the space."""
        if self.mean is None:
            return unit(vectors)
        moved = vectors.astype(np.float64) - self.mean
        return unit(moved if self.matrix is None else moved @ self.matrix.astype(np.float64))

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """The fitted arrays by name; empty for `none`."""
        fitted = {"mean": self.mean, "matrix": self.matrix}
        return {name: array for name, array in fitted.items() if array is not None}

    @classmethod
    def restore(cls, kind: str, tensors: dict[str, NDArray[np.float32]]) -> Transform:
        """The transform of `kind` from what `tensors` gave.

        Raises:
            BundleError: the tensors are not those of this kind.
        """
        wanted = {"none": set(), "centre": {"mean"}, "whiten": {"mean", "matrix"}}.get(kind)
        if wanted is None or wanted != set(tensors):
            raise BundleError(f"transform {kind!r} cannot be made of tensors {sorted(tensors)}")
        return cls(kind, tensors.get("mean"), tensors.get("matrix"))


def _whitening(centred: NDArray[np.float64]) -> NDArray[np.float32]:
    """The inverse square root of the shrunk covariance, of mean axis length one."""
    from sklearn.covariance import ledoit_wolf

    covariance, _ = ledoit_wolf(centred, assume_centered=True)
    values, axes = np.linalg.eigh(covariance)
    if values[0] <= 0:
        raise InvalidInput("the seen prototypes are all equal and cannot be whitened")
    scales = np.sqrt(values.mean() / values)
    return np.asarray((axes * scales) @ axes.T, dtype=np.float32)
