"""Joint training: one backbone and one projector for all domains, and losses that join them.

The projector, with batch norms for each domain, learns first, on features of the frozen backbone;
then both learn, gently. The model that is kept is the running average of the second part. Domains
trained apart (`methods.prototype`) meet in their prototypes alone; what this gains, and what it
costs a domain that is added later, is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opensearch.errors import InvalidInput
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.method import Method
from opensearch.records import Source

if TYPE_CHECKING:
    from torch import nn

    from opensearch.encoders.backbones import Backbone
    from opensearch.encoders.card import BackboneCard
    from opensearch.training.assemble import FittedModel
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Joint(Method[JointConfig]):
    """All domains together."""

    name = "joint"
    config = JointConfig

    def check(self, config: JointConfig) -> None:
        """Refuse a projector that cannot be shared, or a classifier that is not there."""
        from opensearch.encoders.backbones import STARTER

        if not config.projector.hidden:
            raise InvalidInput(
                "method joint shares a projector of two layers; give it a hidden one, e.g."
                " `overrides=['projector.hidden=512']`"
            )
        joint = config.joint
        if config.backbone.weights == STARTER and joint.distil and joint.teacher is None:
            raise InvalidInput(
                "the starter's trunk has no classifier to distil; give joint.teacher=FILE,"
                " or joint.distil=0"
            )

    def load(
        self,
        context: Context[JointConfig],
        name: str,
        sources: Sequence[Source],
        start: BackboneCard,
    ) -> DomainData:
        """Views, with more line views of shapes than their encoder will see if asked for."""
        from opensearch.training.domain import load_domain

        lines = context.config.joint.lines
        return load_domain(context, name, sources, start, learns=True, line_views=lines)

    def fit(
        self,
        context: Context[JointConfig],
        domains: Sequence[DomainData],
        backbone: Backbone,
        classifier: nn.Linear,
    ) -> FittedModel:
        """Train backbone and projector, and take them apart by domain."""
        from opensearch.methods.joint.fitting import fit_joint, fitted_model

        model = fit_joint(context, domains, backbone, classifier)
        return fitted_model(context, domains, model)
