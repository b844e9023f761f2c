"""Barycentric representations: a shape is the Wasserstein barycentre of its views' features.

A network a domain brings barycentres and the other domains' features into one space, where items
of one category attract and others repel across domains, and each domain's categories are compact
and apart.

Source:
    Xie, Dai, Zhu, Fang, "Learning barycentric representations of 3D shapes for sketch-based 3D
    shape retrieval", CVPR 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opensearch.methods.lwbr.settings import LwbrConfig
from opensearch.methods.on_features import OnFeatures

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Lwbr(OnFeatures[LwbrConfig]):
    """Metric networks on barycentres; views are pooled by `barycentre` unless the config says."""

    name = "lwbr"
    config = LwbrConfig

    def fit(
        self, context: Context[LwbrConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Fit all networks together."""
        from opensearch.methods.lwbr.fitting import fit_lwbr

        self.check_read(context.config, domains)
        return fit_lwbr(context, domains)
