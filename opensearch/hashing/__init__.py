"""Embeddings to hash codes: hashers, and the packing of bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.errors import BundleError, InvalidInput
from opensearch.extras import require
from opensearch.hashing.asymmetric import asymmetric
from opensearch.hashing.gdmh import GdmhHasher
from opensearch.hashing.hasher import (
    MAX_BITS,
    MIN_BITS,
    HashData,
    Hasher,
    check_bits,
)
from opensearch.hashing.itq import ItqHasher
from opensearch.hashing.lsh import LshHasher
from opensearch.hashing.packing import hamming, pack_codes, unpack
from opensearch.hashing.sign import SignHasher
from opensearch.hashing.whitened import WhitenedItqHasher
from opensearch.progress import Progress, quiet
from opensearch.spelling import hint

__all__ = [
    "HASHERS",
    "MAX_BITS",
    "MIN_BITS",
    "HashData",
    "Hasher",
    "asymmetric",
    "check_bits",
    "check_fit",
    "fit_hasher",
    "hamming",
    "pack_codes",
    "restore_hasher",
    "unpack",
]

HASHERS: dict[str, type[Hasher]] = {
    "lsh": LshHasher,
    "itq": ItqHasher,
    "itq-whitened": WhitenedItqHasher,
    "gdmh": GdmhHasher,
    "sign": SignHasher,
}


def fit_hasher(
    settings: HashSettings, data: HashData, seed: int, progress: Progress = quiet
) -> Hasher:
    """Fit a hasher on training items.

    Args:
        settings: its name, a key of `HASHERS`; bits; and how it is trained, if it is.
        data: training items only.
        seed: of whatever is drawn.

    Raises:
        InvalidInput: no such hasher.
        MissingExtra: see `check_fit`.
    """
    check_fit(settings.name)
    return HASHERS[settings.name].fit(data, settings, seed, progress)


def check_fit(name: str, several: str | None = None) -> None:
    """Refuse a hasher that cannot be fitted here, before hours go into what it is fitted on.

    Args:
        name: of the hasher.
        several: the argument that it comes from, where that takes a list.

    Raises:
        InvalidInput: no such hasher.
        MissingExtra: it trains a network, and torch is not installed.
    """
    if name not in HASHERS:
        meant = hint(name, HASHERS, several)
        raise InvalidInput(f"no hasher {name!r}; known: {', '.join(HASHERS)}{meant}")
    if HASHERS[name].learns:
        require(f"fitting codes of {name}", "torch")


def restore_hasher(
    settings: Mapping[str, Any],
    tensors: Mapping[str, NDArray[Any]],
    own: Mapping[str, Mapping[str, NDArray[Any]]],
) -> Hasher:
    """The hasher that gave these settings and tensors.

    Args:
        own: tensors of single domains, as far as they have some.

    Raises:
        BundleError: no such hasher, or tensors that do not fit the settings.
    """
    name = settings.get("name")
    if not isinstance(name, str) or name not in HASHERS:
        raise BundleError(f"the model's hasher is {name!r}; known: {', '.join(HASHERS)}")
    try:
        return HASHERS[name].restore(tensors, settings, own)
    except (LookupError, ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"the model's hasher {name!r} is damaged: {error}") from error
