"""Codes from signs of a linear projection: what lsh and itq share once they are fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError
from opensearch.hashing.hasher import DomainsAlike, SignsOfLogits, check_bits, check_width

_BLOCK = 1 << 15
"""Rows projected at once, so that the float64 copy stays small."""


@dataclass(frozen=True)
class LinearHasher(SignsOfLogits, DomainsAlike):
    """Bits are the signs of (embedding - mean) @ projection; all domains alike.

    Attributes:
        mean: shape (d,), float32.
        projection: shape (d, bits), float32.
        note: what the user should know about these codes.
    """

    name: ClassVar[str]
    mean: NDArray[np.float32]
    projection: NDArray[np.float32]
    note: str = ""

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return int(self.projection.shape[1])

    @property
    def dim(self) -> int:
        """Numbers of an embedding."""
        return int(self.projection.shape[0])

    def logits(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.float32]:
        """Project embeddings, (n, d) to (n, bits).

        Computed in float64: in float32 a product may round otherwise in another batch
        size, and a file searched with would then differ in bits from itself in the index.

        Raises:
            InvalidInput: embeddings of another width than the hasher was fitted on.
        """
        check_width(self.name, self.dim, embeddings)
        wide = self.projection.astype(np.float64)
        result = np.empty((len(embeddings), self.bits), dtype=np.float32)
        for start in range(0, len(embeddings), _BLOCK):
            part = slice(start, start + _BLOCK)
            result[part] = (embeddings[part].astype(np.float64) - self.mean) @ wide
        return result

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The fitted mean and projection."""
        return {"mean": self.mean, "projection": self.projection}

    @classmethod
    def restore(
        cls,
        tensors: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
        own: Mapping[str, Mapping[str, NDArray[Any]]],
    ) -> Self:
        """The hasher that gave these tensors and settings.

        Raises:
            BundleError: a tensor is missing, or its shape is not what the settings say.
        """
        try:
            shape = (settings["dim"], settings["bits"])
            hasher = cls(tensors["mean"], tensors["projection"], settings["note"])
        except KeyError as error:
            raise BundleError(f"the model's {cls.name} hasher lacks {error}") from error
        if hasher.projection.shape != shape or hasher.mean.shape != shape[:1]:
            raise BundleError(
                f"the model's {cls.name} hasher says (dim, bits) = {shape}, its projection is"
                f" {hasher.projection.shape}"
            )
        return hasher


def random_projection(dim: int, bits: int, seed: int) -> NDArray[np.float32]:
    """Random directions in blocks that are orthonormal within themselves.

    Up to `dim` bits all directions are orthogonal; beyond, independent blocks are stacked,
    which varies less than Gaussian directions do.

    Returns:
        Shape (dim, bits), float32, unit columns.

    Source:
        Ji et al., "Super-bit locality-sensitive hashing", NIPS 2012.
    """
    check_bits(bits)
    rng = np.random.default_rng(seed)
    blocks = [random_rotation(dim, rng) for _ in range(-(-bits // dim))]
    return np.concatenate(blocks, axis=1)[:, :bits].astype(np.float32)


def random_rotation(dim: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A uniformly distributed orthogonal matrix, shape (dim, dim)."""
    q, r = np.linalg.qr(rng.standard_normal((dim, dim)))
    return np.asarray(q * np.where(np.diag(r) < 0, -1.0, 1.0), dtype=np.float64)
