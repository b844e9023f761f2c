"""What every hasher offers, and what it is fitted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.errors import InvalidInput
from opensearch.hashing.packing import pack_codes
from opensearch.progress import Progress, quiet

MIN_BITS, MAX_BITS = 16, 512


def _no_words() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class HashData:
    """The training items that hashers are fitted on.

    That these are training items only is the caller's duty: codes fitted on test items
    are a known way to flatter a table.

    Attributes:
        embeddings: shape (n, d), float32, unit rows.
        domains: shape (n,), names.
        labels: shape (n,), row of `prototypes`, -1 where the category is not known.
        prototypes: shape (c, d), float32, unit rows.
        words: shape (w, d), float32, unit rows: other words that the space knows, which have no
            items; none by default.

    Raises:
        InvalidInput: no rows, shapes that do not fit, or embeddings that are not finite.
    """

    embeddings: NDArray[np.float32]
    domains: NDArray[np.str_]
    labels: NDArray[np.int64]
    prototypes: NDArray[np.float32]
    words: NDArray[np.float32] = field(default_factory=_no_words)

    def __post_init__(self) -> None:
        n, d = self.embeddings.shape if self.embeddings.ndim == 2 else (0, 0)
        rest = (self.domains.shape, self.labels.shape, self.prototypes.shape[1:])
        if not n or rest != ((n,), (n,), (d,)):
            raise InvalidInput(
                "hash data wants embeddings (n, d), domains (n,), labels (n,) and prototypes"
                f" (c, d), got {self.embeddings.shape}, {self.domains.shape},"
                f" {self.labels.shape} and {self.prototypes.shape}"
            )
        if not np.isfinite(self.embeddings).all():
            row = int((~np.isfinite(self.embeddings)).any(axis=1).argmax())
            raise InvalidInput(f"embedding {row} is not finite and cannot be fitted on")


class Hasher(Protocol):
    """Turns embeddings into hash codes; a class a method, all in `HASHERS`.

    Attributes:
        learns: whether `fit` trains a network, in torch. Codes are made without it either way.
    """

    name: ClassVar[str]
    learns: ClassVar[bool]

    @property
    def bits(self) -> int:
        """Bits of a code."""

    @property
    def dim(self) -> int:
        """Numbers of an embedding."""

    @property
    def note(self) -> str:
        """What the user should know about these codes, in a sentence; empty if nothing."""

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Fit on training items; the same data, settings and seed give the same codes."""

    def adapted(
        self,
        domain: str,
        data: HashData,
        settings: HashSettings,
        seed: int,
        progress: Progress = quiet,
    ) -> Self:
        """The hasher with a domain that is added later, fitted on that domain's items alone.

        What was fitted before stays as it is; hashers that treat all domains alike learn nothing.
        """

    def logits(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.float32]:
        """Real numbers whose signs become bits, (n, d) to (n, bits).

        `domain` is where the embeddings come from, for hashers that treat domains apart.
        """

    def encode(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Hash codes, (n, d) to (n, bits // 8)."""

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Everything fitted that domains share, by name."""

    def own(self, domain: str) -> dict[str, NDArray[Any]]:
        """What was fitted for one domain alone, by name; it belongs to the domain's encoder."""

    def settings(self) -> dict[str, Any]:
        """The JSON-able rest: name, bits, dim, note."""

    @classmethod
    def restore(
        cls,
        tensors: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
        own: Mapping[str, Mapping[str, NDArray[Any]]],
    ) -> Self:
        """The hasher that gave these; `own` by domain. Its codes are equal bit for bit."""


class SignsOfLogits:
    """For hashers whose bits are the signs of their logits."""

    def encode(
        self: Hasher, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.uint8]:
        """Hash codes, (n, d) to (n, bits // 8)."""
        return pack_codes(self.logits(embeddings, domain))


class DomainsAlike:
    """For hashers that treat all domains alike."""

    learns: ClassVar[bool] = False

    def adapted(
        self,
        domain: str,
        data: HashData,
        settings: HashSettings,
        seed: int,
        progress: Progress = quiet,
    ) -> Self:
        """The same hasher: a domain added later is treated like the others."""
        return self

    def own(self, domain: str) -> dict[str, NDArray[Any]]:
        """Nothing."""
        return {}

    def settings(self: Hasher) -> dict[str, Any]:
        """Name, bits, dim and note."""
        return {"name": self.name, "bits": self.bits, "dim": self.dim, "note": self.note}


def check_width(name: str, dim: int, embeddings: NDArray[np.floating[Any]]) -> None:
    """Refuse embeddings of another width than a hasher was fitted on.

    Args:
        name: of the hasher.
        dim: that it takes.

    Raises:
        InvalidInput: they are not of shape (n, dim).
    """
    if embeddings.ndim != 2 or embeddings.shape[1] != dim:
        raise InvalidInput(
            f"this {name} hasher takes embeddings (n, {dim}), got {embeddings.shape}"
        )


def check_bits(bits: int) -> None:
    """Refuse a width that codes cannot have.

    Raises:
        InvalidInput: not a multiple of 8 within `MIN_BITS` and `MAX_BITS`.
    """
    if not MIN_BITS <= bits <= MAX_BITS or bits % 8:
        raise InvalidInput(
            f"a hash code has {MIN_BITS} to {MAX_BITS} bits, a multiple of 8, got {bits}"
        )
