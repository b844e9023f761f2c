"""The ways in which `evaluate` compares rows: by cosine, and by codes under each score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Required, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from opensearch.evaluation import Encode, Rank, Ties
from opensearch.hashing import Hasher, asymmetric, hamming, pack_codes

Array = NDArray[np.float32]
CodeScore: TypeAlias = Literal["hamming", "asymmetric"]


class Way(TypedDict, total=False):
    """How rows are compared: callables of the protocol."""

    rank: Required[Rank]
    encode: Encode
    ties: Ties


def ways_of(
    hashers: Mapping[str, Hasher], scores: Sequence[CodeScore], borrowed: Mapping[str, str]
) -> dict[str, Way]:
    """Real-valued embeddings, and codes under each score, by the names of rows.

    Args:
        hashers: by the names of their rows.
        borrowed: the domain whose encoder embeds another; its codes are made as the lender's.
    """
    ways: dict[str, Way] = {"real": {"rank": _cosine_distance}}
    for name, hasher in hashers.items():
        for score in scores:
            if score == "hamming":
                way: Way = {"rank": hamming, "encode": _of_lender(borrowed, hasher.encode)}
            else:
                logits = _of_lender(borrowed, hasher.logits)
                way = {"rank": _asymmetric_distance, "encode": logits}
            ways[name if score == "hamming" else f"{name}-{score}"] = {**way, "ties": "expected"}
    return ways


def _of_lender(borrowed: Mapping[str, str], encode: Encode) -> Encode:
    return lambda rows, domain: encode(rows, borrowed.get(domain or "", domain))


def _cosine_distance(queries: Array, gallery: Array) -> Array:
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


def _asymmetric_distance(queries: Array, gallery: Array) -> Array:
    """From logits of both: those of the gallery become its codes."""
    return -asymmetric(queries, pack_codes(gallery))
