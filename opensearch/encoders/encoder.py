"""An encoder: the backbone, projector and pooling of one domain, view to embedding.

Where the model has them, the embedding is completed by what the backbone's classifier calls an
item and by what it looks like, and brought to where the other domains are; see `class_names`,
`appearance` and `alignment`.

Projectors run in numpy here: a query never waits for torch to load.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.alignment import MAP, Alignment
from opensearch.encoders.appearance import Appearance, has_appearance
from opensearch.encoders.class_names import ClassNames, has_class_names
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
        self._class_names = ClassNames(projector) if has_class_names(projector) else None
        self._appearance = Appearance(projector) if has_appearance(projector) else None
        self._alignment = Alignment(projector) if MAP in projector else None

    def embed(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' views (n, v, s, s, 3)."""
        n, v = views.shape[:2]
        features = encode_views(views.reshape(n * v, *views.shape[2:]), self.backbone)
        return self.embed_features(features.reshape(n, v, -1))

    def embed_features(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of items' view features (n, v, f)."""
        embeddings = self.unaligned(features)
        return embeddings if self._alignment is None else self._alignment(embeddings)

    def unaligned(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """What `embed_features` gives before the last map."""
        codes, weights = self._pooled(features)
        meanings = on_sphere(codes)
        if self._class_names is None and self._appearance is None:
            return meanings
        pooled = pooled_codes(self._feature_rows(features), self._pools_by, weights)
        if self._class_names is not None:
            meanings = self._class_names(meanings, pooled)
        return meanings if self._appearance is None else self._appearance(meanings, pooled)

    def pooled_features(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Features (n, f) of items, pooled as their embeddings are, of view features (n, v, f)."""
        weights = self._pooled(features)[1]
        return pooled_codes(self._feature_rows(features), self._pools_by, weights)

    def codes(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d) as the projector gives them: no unit rows, and not completed."""
        return self._pooled(features)[0]

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
        rows = self._feature_rows(features)
        n, v, f = rows.shape
        return self._project(rows.reshape(n * v, f)).reshape(n, v, -1)

    @property
    def _pools_by(self) -> str:
        return "mean" if self._pooling in FEATURE_POOLINGS else self._pooling

    def _feature_rows(self, features: NDArray[np.floating]) -> NDArray[np.floating]:
        """Features (n, v, f), or (n, 1, f) where pooling comes before the projector."""
        return pool_features(features, self._pooling, self._tensors)

    def _pooled(
        self, features: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Codes (n, d), and how much each view counted (n, v), if not all alike."""
        views = self.view_codes(features)
        weights = view_weights(self._pooling, features, views, self._tensors)
        return pooled_codes(views, self._pools_by, weights), weights
