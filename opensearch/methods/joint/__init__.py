"""Joint training: one backbone and one projector for all domains, and losses that join them.

The projector, with batch norms for each domain, learns first, on features of the frozen backbone;
then both learn, at a low rate. The model that is kept is the running average of the second part, or
the mean of several such runs, or a share of the way to it. See `docs/joint.md`.
Domains trained one by one (`methods.prototype`) have only their prototypes in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opensearch.encoders.starter import without_classifier
from opensearch.errors import InvalidInput
from opensearch.methods.checks import refuse_missing_gpu
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
        """Refuse a projector that cannot be shared, or a missing classifier or GPU.

        And what is given to a domain whose files are of another kind.
        """
        if not config.projector.hidden:
            raise InvalidInput(
                "method joint shares a projector of two layers; give it a hidden one, e.g."
                " `overrides=['projector.hidden=512']`"
            )
        joint = config.joint
        distils = any(run.distil for run in joint.runs())
        if distils and joint.teacher is None and without_classifier(config.backbone.weights):
            raise InvalidInput(
                f"the backbone of backbone.weights={config.backbone.weights} has no classifier to"
                " distil; give joint.teacher=FILE, or joint.distil=0"
            )
        if joint.kept and joint.late_side is not None:
            raise InvalidInput(
                "joint.kept keeps what is made of views of one side; leave joint.late_side out"
            )
        for name, given in joint.outlines.items():
            _refuse("outlines", config, name, ("image", "mesh"))
            _refuse(f"outlines.{name}.to", config, given.to, ("sketch",))
        for name, given in joint.photographed.items():
            _refuse("photographed", config, name, ("mesh",))
            _refuse(f"photographed.{name}.to", config, given.to, ("image",))
        for name in joint.photos:
            _refuse("photos", config, name, ("image",))
        refuse_missing_gpu("joint.device", joint.device)

    def line_views(self, config: JointConfig) -> int:
        """As many as the config asks for."""
        return config.joint.lines

    def fit(
        self, context: Context[JointConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Train backbone and projector, then split them by domain."""
        from opensearch.methods.joint.fitting import by_domain, fit_joint

        return by_domain(context, domains, fit_joint(context, domains, start))


_KINDS = {"image": "pictures", "mesh": "renders of shapes", "sketch": "drawings"}
"""What the views of a reader are called, by `ReaderKind.looks`."""


def _refuse(setting: str, config: JointConfig, domain: str, looks: Sequence[str]) -> None:
    """Refuse a domain whose views are of another kind than a setting takes."""
    from opensearch.domains import reader_kind, reader_settings

    found = reader_kind(reader_settings(config, domain).reader).looks
    if found not in looks:
        raise InvalidInput(
            f"joint.{setting} takes a domain of {' or '.join(_KINDS[kind] for kind in looks)}, and"
            f" {domain} has {_KINDS[found]}; name another, or set domains.{domain}.reader"
        )
