"""An encoder: the backbone, projector and pooling of one domain, view to embedding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.pipeline import encode_views
from opensearch.encoders.pooling import pool_views
from opensearch.encoders.projection import Projection
from opensearch.encoders.runtime import Trunk


class Encoder:
    """Runs one domain's encoder at inference.

    Attributes:
        trunk: the backbone, which other domains may share.
    """

    def __init__(
        self, trunk: Trunk, projector: Mapping[str, NDArray[np.generic]], pooling: str
    ) -> None:
        self.trunk = trunk
        self._project = Projection(projector)
        self._pooling = pooling

    def embed(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' views (n, v, s, s, 3)."""
        n, v = views.shape[:2]
        features = encode_views(views.reshape(n * v, *views.shape[2:]), self.trunk)
        return self.embed_features(features.reshape(n, v, -1))

    def embed_features(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' view features (n, v, f)."""
        n, v, f = features.shape
        embedded = self._project(features.reshape(n * v, f))
        return pool_views(embedded.reshape(n, v, -1), self._pooling)
