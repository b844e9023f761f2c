"""Copies of training items that show less of their category, like items of untrained ones.

An encoder puts what it was trained on close to its prototype, and an item of another category
far from every one. Codes fitted on trained items alone spend their bits on a closeness that is
not there when they are needed most; a copy that lost part of its prototype stands in for it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opensearch.hashing.hasher import HashData
from opensearch.semantic import unit


def with_faded(data: HashData, most: float, seed: int) -> HashData:
    """Every item, and of those of a known category a copy that lost part of its prototype.

    A copy is unit(x - s (x . p) p), where p is the prototype of the item's category and s is
    drawn evenly from 0 to `most`.

    Args:
        most: between 0, for no copies, and 1, where a copy may lose its prototype whole.
    """
    known = np.flatnonzero(data.labels >= 0)
    if not most or not len(known):
        return data
    points, prototypes = data.embeddings[known], data.prototypes[data.labels[known]]
    share = np.random.default_rng(seed).uniform(0, most, (len(known), 1))
    along = (points * prototypes).sum(axis=1, keepdims=True)
    copies = unit(points - share * along * prototypes)
    return replace(
        data,
        embeddings=np.concatenate([data.embeddings, copies]),
        domains=np.concatenate([data.domains, data.domains[known]]),
        labels=np.concatenate([data.labels, data.labels[known]]),
    )
