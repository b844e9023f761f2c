"""An encoder: the backbone, projector and pooling of one domain, view to embedding.

Projectors run in numpy here: a query never waits for torch to load.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.pipeline import encode_views
from opensearch.encoders.pooling import on_sphere, pooled_codes, upright_weights
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.errors import BundleError

EPSILON = 1e-5
"""What torch's BatchNorm1d adds to the variance."""
UPRIGHT = "upright.direction"
"""Tensor beside the projector's that pooling `upright` weighs views by, shape (f,)."""


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
        self._upright = projector[UPRIGHT].astype(np.float64) if UPRIGHT in projector else None

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
        if self._pooling != "upright":
            return pooled_codes(views, self._pooling)
        v = features.shape[1]
        if self._upright is None or v % 3:
            raise BundleError(
                f"pooling upright wants a tensor {UPRIGHT!r} and views in threes, got {v} views"
                + ("" if self._upright is not None else " and no such tensor")
            )
        return pooled_codes(views, "upright", upright_weights(features, self._upright))

    def view_codes(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Codes (n, v, d) of items' view features (n, v, f): neither pooled nor unit rows."""
        n, v, f = features.shape
        return self._project(features.reshape(n * v, f)).reshape(n, v, -1)


class Projection:
    """A trained `Projector`, or a single linear layer, without torch.

    Computed in float64, so that an item's embedding does not depend on the batch it came in.

    Args:
        tensors: the projector's state dict as arrays.

    Raises:
        BundleError: a tensor is missing, or shapes do not fit together.
    """

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        wide = {name: array.astype(np.float64) for name, array in tensors.items()}
        try:
            self._layers = [_folded(wide, "linear", "norm")]
            if "hidden.0.weight" in tensors:
                self._layers.insert(0, _folded(wide, "hidden.0", "hidden.1"))
        except (KeyError, ValueError) as error:
            raise BundleError(f"the tensors are not those of a projector: {error}") from error

    def __call__(self, features: NDArray[np.floating]) -> NDArray[np.float32]:
        """Embeddings (n, d) float32, not normalised, of features (n, f)."""
        x = features.astype(np.float64)
        for place, (weight, bias) in enumerate(self._layers):
            x = (np.maximum(x, 0) if place else x) @ weight + bias
        return x.astype(np.float32)


def _folded(
    tensors: Mapping[str, NDArray[np.float64]], linear: str, norm: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight (f, d) and bias (d,) of a linear layer and the batch norm after it, if any, as one."""
    if not any(name.startswith(f"{norm}.") for name in tensors):
        return tensors[f"{linear}.weight"].T, tensors[f"{linear}.bias"]
    variance = tensors[f"{norm}.running_var"] + EPSILON
    scale = tensors[f"{norm}.weight"] / np.sqrt(variance)
    shift = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
    return tensors[f"{linear}.weight"].T * scale, tensors[f"{linear}.bias"] * scale + shift
