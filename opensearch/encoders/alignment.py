"""The last step of an embedding: a linear map that brings a domain to where the others are.

An item's looks come straight from the backbone's features, and a photo and a drawing of one thing
differ in them in ways that are much the same for all things. A map learnt on the training
categories removes that difference, also for categories that it was not learnt on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import BundleError
from opensearch.semantic.sphere import unit

MAP: Final = "alignment.map"
"""The tensor of an encoder that holds the map, shape (d, d)."""


class Alignment:
    """Maps embeddings x of a domain to unit(x M).

    Args:
        tensors: of an encoder, `MAP` among them.

    Raises:
        BundleError: the map is not square.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        self._map = tensors[MAP].astype(np.float64)
        if self._map.ndim != 2 or self._map.shape[0] != self._map.shape[1]:
            raise BundleError(f"the model's alignment is a map of shape {self._map.shape}")

    def __call__(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of embeddings (n, d)."""
        return np.asarray(unit(embeddings.astype(np.float64) @ self._map), np.float32)


def fit_maps(
    embeddings: NDArray[np.floating],
    domains: NDArray[np.str_],
    labels: NDArray[np.integer],
    freedom: float,
) -> dict[str, NDArray[np.float32]]:
    """The map of each domain, learnt on items of categories that two domains or more hold.

    With x the items of a domain and c the middle of an item's category, the mean of the domains'
    means, M is (A + h I)^-1 (B + h I) of A = E x'x and B = E x'c, where h is the mean eigenvalue
    of A over `freedom`: ridge regression onto the middles, held to the identity.

    Args:
        embeddings: shape (n, d), unit rows.
        domains: name of each item's domain, shape (n,).
        labels: category of each, shape (n,), below 0 where it is not known.
        freedom: above 0; the greater, the further from the identity.

    Returns:
        The map (d, d) of each domain that has such items, by domain.

    Source:
        Hoerl and Kennard, "Ridge regression", Technometrics 1970, held to a point other than zero.
        A category weighs as the square root of its items in a domain, so that none drowns others.
    """
    dim = embeddings.shape[1]
    squares: dict[str, NDArray[np.float64]] = {}
    meets: dict[str, NDArray[np.float64]] = {}
    weights: dict[str, float] = {}
    known = np.flatnonzero(labels >= 0)
    order = known[np.argsort(labels[known], kind="stable")]
    for rows in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        held = {name: rows[domains[rows] == name] for name in np.unique(domains[rows]).tolist()}
        if len(held) < 2:
            continue
        own = {name: embeddings[of].astype(np.float64) for name, of in held.items()}
        middle = np.mean([part.mean(axis=0) for part in own.values()], axis=0)
        for name, part in own.items():
            weight = len(part) ** -0.5
            squares[name] = squares.get(name, np.zeros((dim, dim))) + weight * part.T @ part
            met = weight * np.outer(part.sum(axis=0), middle)
            meets[name] = meets.get(name, np.zeros((dim, dim))) + met
            weights[name] = weights.get(name, 0.0) + weight * len(part)
    hold = np.eye(dim) / dim / freedom  # unit rows: the eigenvalues of A add up to 1
    return {
        name: np.linalg.solve(
            squares[name] / weights[name] + hold, meets[name] / weights[name] + hold
        ).astype(np.float32)
        for name in squares
    }


def stored(onto: NDArray[np.floating]) -> NDArray[np.generic]:
    """A map as a bundle keeps it."""
    return onto.astype(np.float16)
