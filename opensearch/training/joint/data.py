"""What domains trained together are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.backbones import Backbone
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.joint.frozen import frozen_features
from opensearch.training.joint.pools import Part, Pool


@dataclass(frozen=True)
class JointData:
    """Pools of all domains, in one order everywhere.

    Attributes:
        readers: which reader a domain's views came from.
        views: pools of views (s, s, 3).
        features: pools of the frozen trunk's features (f,), item by item as in `views`.
        prototypes: shape (c, d); labels of all pools are its rows.
    """

    readers: dict[str, str]
    views: dict[str, Pool]
    features: dict[str, Pool]
    prototypes: NDArray[np.float32]


def joint_data(context: Context, domains: Sequence[DomainData], backbone: Backbone) -> JointData:
    """Pools of views and of frozen features; line views of shapes are drawings, too, if asked.

    Args:
        domains: with views as rows.
        backbone: not yet trained.
    """
    names = sorted({category for data in domains for category in data.categories})
    place = {category: i for i, category in enumerate(names)}
    views: dict[str, list[Part]] = {data.name: [] for data in domains}
    features: dict[str, list[Part]] = {data.name: [] for data in domains}
    for data in domains:
        labels = np.array([place[category] for category in data.categories], np.int64)
        frozen = frozen_features(context, data, backbone)
        for name, chosen in _uses(context, data, domains):
            views[name].append(Part(data.rows, labels, chosen))
            features[name].append(Part(frozen, labels, chosen))
    return JointData(
        {data.name: data.reader.reader for data in domains},
        {name: Pool(*parts) for name, parts in views.items()},
        {name: Pool(*parts) for name, parts in features.items()},
        context.space.prototypes(names),
    )


def _uses(
    context: Context, data: DomainData, domains: Sequence[DomainData]
) -> list[tuple[str, range]]:
    """Domains that a domain's views are used in, and which of its views."""
    uses = [(data.name, range(data.views))]
    drawn = [other.name for other in domains if other.reader.reader == "sketch"]
    lines = data.reader.line_views if data.reader.reader == "mesh" else 0
    if context.config.joint.borrow_lines and drawn and lines:
        uses.append((drawn[0], range(data.views - lines, data.views)))
    return uses
