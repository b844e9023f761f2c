"""An encoder: the backbone, projector and pooling of one domain, view to embedding.

Projectors run in numpy here: a query never waits for torch to load.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.pipeline import encode_views
from opensearch.encoders.pooling import (
    FEATURE_POOLINGS,
    UPRIGHT,
    axis_likelihoods,
    on_sphere,
    pool_features,
    pooled_codes,
    view_weights,
)
from opensearch.encoders.projection import Projection
from opensearch.encoders.runtime import LoadedBackbone


class Encoder:
    """Runs one domain's encoder at inference.

    Attributes:
        backbone: in its runtime; other domains may share it.
    """

    def __init__(
        self, backbone: LoadedBackbone, projector: Mapping[str, NDArray[np.generic]], pooling: str
    ) -> None:
        self.backbone = backbone
        self._project = Projection(projector)
        self._pooling = pooling
        self._tensors = projector

    def embed(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' views (n, v, s, s, 3)."""
        n, v = views.shape[:2]
        features = encode_views(views.reshape(n * v, *views.shape[2:]), self.backbone)
        return self.embed_features(features.reshape(n, v, -1))

    def embed_features(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' view features (n, v, f)."""
        return on_sphere(self.codes(features))

    def codes(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d), as they are before they become unit rows."""
        views = self.view_codes(features)
        weights = view_weights(self._pooling, features, views, self._tensors)
        how = "mean" if self._pooling in FEATURE_POOLINGS else self._pooling
        return pooled_codes(views, how, weights)

    def axis_likelihoods(self, features: NDArray[np.floating]) -> NDArray[np.float64] | None:
        """How likely x, y and z are up in a shape, (3,); `None` where that was not learnt.

        Args:
            features: shape (v, f), of its views, which stand on the three axes in turn.
        """
        if UPRIGHT not in self._tensors or len(features) % 3:
            return None
        direction = self._tensors[UPRIGHT].astype(np.float64)
        return np.asarray(axis_likelihoods(features[None], direction)[0])

    def view_codes(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Codes (n, v, d) of items' view features (n, v, f): neither pooled nor unit rows.

        Where features are pooled, an item has one view.
        """
        features = pool_features(features, self._pooling, self._tensors)
        n, v, f = features.shape
        return self._project(features.reshape(n * v, f)).reshape(n, v, -1)
