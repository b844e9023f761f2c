"""Signs: codes of embeddings whose numbers were trained to be bits already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.errors import BundleError, InvalidInput
from opensearch.hashing.hasher import DomainsAlike, HashData, SignsOfLogits, check_width
from opensearch.progress import Progress, quiet


@dataclass(frozen=True)
class SignHasher(SignsOfLogits, DomainsAlike):
    """Bit i is the sign of an embedding's number i; nothing is fitted, all domains alike.

    Attributes:
        bits: of a code, and numbers of an embedding.
        note: empty; there is nothing that the user should know.

    Source:
        Zhang et al. 2018 and other hash networks whose last layer gives the bits themselves.
    """

    name: ClassVar[str] = "sign"
    bits: int
    note: str = ""

    @property
    def dim(self) -> int:
        """Numbers of an embedding."""
        return self.bits

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Check that the embeddings are as wide as the codes.

        Raises:
            InvalidInput: embeddings have another width.
        """
        bits = settings.bits
        dim = data.embeddings.shape[1]
        if dim != bits:
            raise InvalidInput(
                f"the hasher sign gives one bit for each number of an embedding, which has {dim},"
                f" got {bits} bits; ask for {dim}, or take the hasher itq"
            )
        return cls(bits)

    def logits(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.float32]:
        """The embeddings themselves, (n, bits).

        Raises:
            InvalidInput: embeddings of another width than the codes.
        """
        check_width(self.name, self.dim, embeddings)
        return embeddings

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Nothing."""
        return {}

    @classmethod
    def restore(
        cls,
        tensors: Mapping[str, NDArray[Any]],
        settings: Mapping[str, Any],
        own: Mapping[str, Mapping[str, NDArray[Any]]],
    ) -> Self:
        """The hasher that gave these settings.

        Raises:
            BundleError: a setting is missing, or bits and dim differ.
        """
        try:
            bits, dim, note = settings["bits"], settings["dim"], settings["note"]
        except KeyError as error:
            raise BundleError(f"the model's {cls.name} hasher lacks {error}") from error
        if bits != dim:
            raise BundleError(
                f"the model's {cls.name} hasher says {bits} bits of {dim} numbers; it gives one"
                " for each"
            )
        return cls(bits, note)
