"""Anchors: points of the space that embeddings lean on before they become codes.

An encoder puts items of a trained category near its prototype; those of an untrained one land
somewhere between words. Drawn towards the words around it, an item keeps what words can say of it
and loses some of what is peculiar to its picture or domain, which few bits need not keep then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.config import GdmhSettings
from opensearch.hashing.hasher import HashData
from opensearch.semantic import unit


def choose_anchors(data: HashData, settings: GdmhSettings, seed: int) -> NDArray[np.float16]:
    """Centres of the words that the space knows, or of the prototypes where it knows no others.

    Returns:
        Shape (k, d), unit rows up to rounding; k as set, all points where there are fewer.
    """
    points = data.words if len(data.words) else data.prototypes
    if not settings.anchors:
        return points[:0].astype(np.float16)
    if len(points) <= settings.anchors:
        return points.astype(np.float16)
    return unit(_centres(points, settings.anchors, seed)).astype(np.float16)


def _centres(points: NDArray[np.float32], count: int, seed: int) -> NDArray[np.float32]:
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in one order, so that a seed gives the same centres
        means = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=2048)
        centres: NDArray[np.float32] = means.fit(points).cluster_centers_
    return centres


def anchored(
    points: NDArray[np.floating], anchors: NDArray[Any], temperature: float, weight: float
) -> NDArray[np.float64]:
    """Points (n, d) drawn towards the anchors around them: unit(x + weight unit(softmax mean)).

    The softmax is over cosines with the anchors, divided by the temperature; as in a convex
    combination of word vectors, though of points of the space and not of a classifier's output.

    Source:
        The combination: Norouzi et al., "Zero-shot learning by convex combination of semantic
        embeddings", ICLR 2014, equation 1.
    """
    wide, near = points.astype(np.float64), np.asarray(anchors, dtype=np.float64)
    logits = wide @ near.T / temperature
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    means = shares @ near
    drawn = wide + weight * means / np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float64)


def anchored_data(data: HashData, anchors: NDArray[Any], settings: GdmhSettings) -> HashData:
    """Training items, prototypes and words drawn towards the anchors."""

    def draw(points: NDArray[np.float32]) -> NDArray[np.float32]:
        if not len(points) or not len(anchors):
            return points
        temperature, weight = settings.anchor_temperature, settings.anchor_weight
        return anchored(points, anchors, temperature, weight).astype(np.float32)

    return replace(
        data,
        embeddings=draw(data.embeddings),
        prototypes=draw(data.prototypes),
        words=draw(data.words),
    )
