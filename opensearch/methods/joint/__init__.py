"""Joint training: one backbone and one projector for all domains, and losses that join them.

The projector, with batch norms for each domain, learns first, on features of the frozen backbone;
then both learn, at a low rate. The model that is kept is the running average of the second part.
Domains trained one by one (`methods.prototype`) have only their prototypes in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opensearch.encoders.starter import STARTER
from opensearch.errors import InvalidInput
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.method import Method

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Joint(Method[JointConfig]):
    """All domains together."""

    name = "joint"
    config = JointConfig

    def check(self, config: JointConfig) -> None:
        """Refuse a projector that cannot be shared, or a missing classifier."""
        if not config.projector.hidden:
            raise InvalidInput(
                "method joint shares a projector of two layers; give it a hidden one, e.g."
                " `overrides=['projector.hidden=512']`"
            )
        joint = config.joint
        if config.backbone.weights == STARTER and joint.distil and joint.teacher is None:
            raise InvalidInput(
                "the starter's backbone has no classifier to distil; give joint.teacher=FILE,"
                " or joint.distil=0"
            )

    def line_views(self, config: JointConfig) -> int:
        """As many as the config asks for."""
        return config.joint.lines

    def fit(
        self, context: Context[JointConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Train backbone and projector, then split them by domain."""
        from opensearch.methods.joint.fitting import by_domain, fit_joint

        return by_domain(context, domains, fit_joint(context, domains, start))
