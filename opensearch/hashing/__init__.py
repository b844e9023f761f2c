"""Embeddings to hash codes: hashers, and the packing of bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from opensearch.errors import BundleError, InvalidInput
from opensearch.hashing.hasher import MAX_BITS, MIN_BITS, HashData, Hasher, check_bits
from opensearch.hashing.itq import ItqHasher
from opensearch.hashing.lsh import LshHasher
from opensearch.hashing.packing import hamming, pack_codes, unpack
from opensearch.hashing.sign import SignHasher

__all__ = [
    "HASHERS",
    "MAX_BITS",
    "MIN_BITS",
    "HashData",
    "Hasher",
    "check_bits",
    "fit_hasher",
    "hamming",
    "pack_codes",
    "restore_hasher",
    "unpack",
]

HASHERS: dict[str, type[Hasher]] = {"lsh": LshHasher, "itq": ItqHasher, "sign": SignHasher}


def fit_hasher(name: str, data: HashData, bits: int, seed: int) -> Hasher:
    """Fit the hasher of that name on training items.

    Args:
        name: a key of `HASHERS`.
        data: training items only.
        bits: of a code: 16 to 512, a multiple of 8.
        seed: of whatever is drawn.

    Raises:
        InvalidInput: no such hasher, or codes cannot have that many bits.
    """
    if name not in HASHERS:
        raise InvalidInput(f"no hasher {name!r}; known: {', '.join(HASHERS)}")
    return HASHERS[name].fit(data, bits, seed)


def restore_hasher(settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Hasher:
    """The hasher that gave these settings and tensors.

    Raises:
        BundleError: no such hasher, or tensors that do not fit the settings.
    """
    name = settings.get("name")
    if name not in HASHERS:
        raise BundleError(f"the model's hasher is {name!r}; known: {', '.join(HASHERS)}")
    return HASHERS[name].restore(tensors, settings)
