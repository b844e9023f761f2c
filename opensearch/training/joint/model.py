"""Trunk and shared head as one module."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.projector import SharedProjector
from opensearch.training.joint.upright import UprightHead


class JointModel(nn.Module):
    """Trunk and shared head; the trunk's batch norms keep their statistics while it learns."""

    def __init__(self, backbone: Backbone, head: SharedProjector, upright: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.upright = UprightHead(backbone.dim) if upright else None

    def train(self, mode: bool = True) -> JointModel:
        """Training mode for the head alone."""
        super().train(mode)
        self.backbone.eval()
        return self

    def forward(self, views: Tensor, counts: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Embed views of all domains, domain by domain.

        Args:
            views: shape (n, s, s, 3), values 0..255.
            counts: views of each domain, in the order of the head's domains; n in all.

        Returns:
            Unit embeddings (n, d) and features (n, f), float32. The trunk runs in bf16.
        """
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features: Tensor = self.backbone(views)
        features = features.float()
        return normalize(self.head(torch.split(features, list(counts))), dim=1), features
