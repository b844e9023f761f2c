"""Prototype learning: each domain is trained on its own, towards points given by words.

The domains have only those points in common, so a domain added later fits in as well.

Source:
    Thong, Mettes, Snoek, "Open cross-domain visual search", CVIU 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opensearch.methods.checks import refuse_missing_gpu
from opensearch.methods.method import Method
from opensearch.methods.prototype.settings import PrototypeConfig

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData, FittedDomain


class Prototype(Method[PrototypeConfig]):
    """A projector for each domain, on a backbone that is frozen or learns with it."""

    name = "prototype"
    config = PrototypeConfig
    extends = True

    def check(self, config: PrototypeConfig) -> None:
        """Refuse a missing GPU."""
        refuse_missing_gpu("loop.device", config.loop.device)

    def learns(self, config: PrototypeConfig) -> bool:
        """If `backbone.mode` says so."""
        return config.backbone.mode == "finetune"

    def fit(
        self, context: Context[PrototypeConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Fit the rule for λ, then each domain."""
        from opensearch.methods.prototype.fitting import fit_domain
        from opensearch.methods.prototype.threshold import fit_rule
        from opensearch.training.assemble import FittedModel

        rule = fit_rule(context, domains)
        return FittedModel({data.name: fit_domain(context, data) for data in domains}, rule)

    def extend(self, context: Context[PrototypeConfig], data: DomainData) -> FittedDomain:
        """Fit one domain, on the model's shared projector if it has one."""
        from opensearch.methods.prototype.fitting import fit_domain

        return fit_domain(context, data)
