"""Correlated metric learning: a network a domain, and one loss within and across domains.

Within each domain, items of one category attract and others repel up to a margin; across domains
the same, and categories are to be as wide in one domain as in the other. Method `dchml`, the
holistic one, has the same losses at hidden layers as well.

Source:
    Dai, Xie, Zhu, Fang, "Deep correlated metric learning for sketch-based 3D shape retrieval",
    AAAI 2017; "Deep correlated holistic metric learning for sketch-based 3D shape retrieval",
    IEEE TIP 27(7), 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from opensearch.errors import InvalidInput
from opensearch.methods.dcml.settings import CorrelatedConfig, DchmlConfig, DcmlConfig
from opensearch.methods.on_features import OnFeatures

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData

C = TypeVar("C", bound=CorrelatedConfig)


class _Correlated(OnFeatures[C]):
    """What both methods do."""

    def check(self, config: C) -> None:
        """Refuse losses at hidden layers that a domain lacks, or whose widths differ."""
        super().check(config)
        settings = config.settings()
        every = [settings.layers, *settings.domain_layers.values()]
        for back in range(1, settings.holistic + 1):
            widths = {layers[-back] if back <= len(layers) else 0 for layers in every}
            if 0 in widths or len(widths) > 1:
                raise InvalidInput(
                    f"{self.name}.holistic is {settings.holistic}: so many hidden layers, counted"
                    " from the last, are to have the same widths in all domains, got"
                    f" {' and '.join(str(layers) for layers in every)};"
                    f" change {self.name}.layers or {self.name}.domain_layers"
                )

    def fit(self, context: Context[C], domains: Sequence[DomainData], start: Start) -> FittedModel:
        """Fit all networks together."""
        from opensearch.methods.dcml.fitting import fit_dcml

        self.check_read(context.config, domains)
        return fit_dcml(context, domains)


class Dcml(_Correlated[DcmlConfig]):
    """Losses at the last layer."""

    name = "dcml"
    config = DcmlConfig


class Dchml(_Correlated[DchmlConfig]):
    """Losses at hidden layers, too."""

    name = "dchml"
    config = DchmlConfig
