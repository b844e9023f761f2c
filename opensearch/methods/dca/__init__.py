"""Cross-modality adaptation: features of a domain are transformed to look like the target's.

Each domain has a metric network, taught by the hardest pairs of a batch. A transformation brings
the features of every domain but the target to the target's: it keeps categories apart, it
convinces a discriminator, and it brings the means of each category together.

Source:
    Chen, Fang, "Deep cross-modality adaptation via semantics preserving adversarial learning for
    sketch-based 3D shape retrieval", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opensearch.methods.checks import refuse_no_target
from opensearch.methods.dca.settings import DcaConfig
from opensearch.methods.on_features import OnFeatures

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Dca(OnFeatures[DcaConfig]):
    """Transformations to shapes, or to the domain that `dca.target` names."""

    name = "dca"
    config = DcaConfig

    def check_data(self, config: DcaConfig, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse data without the target, or domains that share too little with it."""
        super().check_data(config, categories)
        refuse_no_target(self.name, config.dca.target, categories)

    def fit(
        self, context: Context[DcaConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Fit metric networks, then transformations, then all of them in turn."""
        from opensearch.methods.dca.fitting import fit_dca

        self.check_read(context.config, domains)
        return fit_dca(context, domains)
