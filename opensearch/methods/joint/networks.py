"""The networks of joint training: the model, and what tells upright views."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, normalize

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.projector import SharedProjector

# How many independent ones the views of an axis count as.
_VOICES = 2.0


class JointModel(nn.Module):
    """Backbone and shared projector; the backbone's batch norms keep their statistics.

    Attributes:
        head: the projector, as checkpoints call it.
        upright: tells upright views, if asked for.
    """

    def __init__(
        self, backbone: Backbone, projector: SharedProjector, upright: bool = False
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = projector
        self.upright = UprightHead(backbone.dim) if upright else None

    def train(self, mode: bool = True) -> JointModel:
        """Training mode for the projector alone."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(
        self,
        views: Tensor,
        counts: Sequence[int],
        behind: Callable[[Tensor], Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Embed views of all domains, domain by domain.

        Args:
            views: shape (n, s, s, 3), values 0..255, or what `behind` takes in their place.
            counts: views of each domain, in the order of the projector's domains; n in all.
            behind: the last parts of the backbone, where views went through the others already.

        Returns:
            Unit embeddings (n, d) and features (n, f), float32. The backbone runs in bf16.
        """
        with torch.autocast(views.device.type, dtype=torch.bfloat16):
            features: Tensor = (behind or self.backbone)(views)
        features = features.float()
        return normalize(self.head(torch.split(features, list(counts))), dim=1), features


class UprightHead(nn.Module):
    """Tells from a view's features whether it stands upright, learnt along with the backbone.

    Args:
        features: width of the backbone's features.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def loss(self, features: Tensor, upright: Tensor) -> Tensor:
        """Mean cross entropy, nats.

        Args:
            features: shape (n, f).
            upright: shape (n,), 1 upright, 0 not, -1 unknown and left out.
        """
        known = upright >= 0
        logits = self.linear(features[known])[:, 0]
        if not len(logits):
            return features.sum() * 0
        return binary_cross_entropy_with_logits(logits, upright[known].float())

    def point_along(self, direction: NDArray[np.float32]) -> None:
        """Set the tensor that `direction` gives, shape (f,)."""
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(direction)[None] / _VOICES)
            self.linear.bias.zero_()

    def direction(self) -> NDArray[np.float32]:
        """The tensor of pooling `upright`, scaled as views of one axis are not independent."""
        found = _VOICES * self.linear.weight.detach()[0].cpu().numpy()
        return np.asarray(found, np.float32)
