"""Cross-modal guidance: a teacher learns one domain, students of the others follow its centres.

The teacher is trained first, with a margin softmax, and then stays as it is. A category's centre is
the mean of the teacher's features of it. A student learns to bring its items to their centres, so
a domain added later fits in as well.

Source:
    Dai, Liang, "Cross-modal guidance network for sketch-based 3D shape retrieval", ICME 2020.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opensearch.methods.cgn.settings import CgnConfig
from opensearch.methods.checks import refuse_no_target
from opensearch.methods.on_features import OnFeatures

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData, FittedDomain


class Cgn(OnFeatures[CgnConfig]):
    """A teacher on shapes, or on the domain that `cgn.target` names, and a student a domain."""

    name = "cgn"
    config = CgnConfig
    extends = True

    def check_data(self, config: CgnConfig, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse data without the teacher's domain, or domains that share too little with it."""
        super().check_data(config, categories)
        refuse_no_target(self.name, config.cgn.target, categories)

    def fit(
        self, context: Context[CgnConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Fit the teacher, then each student."""
        from opensearch.methods.cgn.fitting import fit_cgn

        self.check_read(context.config, domains)
        return fit_cgn(context, domains)

    def extend(self, context: Context[CgnConfig], data: DomainData) -> FittedDomain:
        """Fit a student that follows the points of the model's space."""
        from opensearch.methods.cgn.fitting import extend_cgn

        return extend_cgn(context, data)
