"""What domains trained together are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.backbones import Backbone
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, drawn_lines
from opensearch.training.joint.frozen import frozen_features
from opensearch.training.joint.pools import Part, Pool
from opensearch.training.joint.upright import upright_views


@dataclass(frozen=True)
class JointData:
    """Pools of all domains, in one order everywhere.

    Attributes:
        readers: which reader a domain's views came from.
        views: pools of views (s, s, 3).
        features: pools of features (f,) of the trunk that learning starts from, item by item
            as in `views`.
        taught: the like of the pretrained trunk whose classifier is distilled; where that is
            another one than learning starts from, of domains of pictures alone.
        prototypes: shape (c, d); labels of all pools are its rows.
    """

    readers: dict[str, str]
    views: dict[str, Pool]
    features: dict[str, Pool]
    taught: dict[str, Pool]
    prototypes: NDArray[np.float32]


def joint_data(
    context: Context, domains: Sequence[DomainData], backbone: Backbone, teacher: Backbone
) -> JointData:
    """Pools of views and of frozen features; line views of shapes are drawings, too, if asked.

    Args:
        domains: with views as rows.
        backbone: not yet trained.
        teacher: whose classifier is distilled; it may be the backbone itself.
    """
    names = sorted({category for data in domains for category in data.categories})
    place = {category: i for i, category in enumerate(names)}
    views: dict[str, list[Part]] = {data.name: [] for data in domains}
    features: dict[str, list[Part]] = {data.name: [] for data in domains}
    taught: dict[str, list[Part]] = {data.name: [] for data in domains}
    for data in domains:
        labels = np.array([place[category] for category in data.categories], np.int64)
        frozen = frozen_features(context, data, backbone)
        kept = frozen
        if teacher is not backbone and data.reader.reader == "image":
            kept = frozen_features(context, data, teacher)
        upright, declared = upright_views(context, data, frozen)
        for name, chosen in _uses(context, data, domains):
            for pools, rows in ((views, data.rows), (features, frozen), (taught, kept)):
                share = context.config.joint.upright
                part = Part(rows, labels, chosen, upright, share, declared)
                pools[name].append(part)
    return JointData(
        {data.name: data.reader.reader for data in domains},
        {name: Pool(*parts) for name, parts in views.items()},
        {name: Pool(*parts) for name, parts in features.items()},
        {name: Pool(*parts) for name, parts in taught.items()},
        context.space.prototypes(names),
    )


def _uses(
    context: Context, data: DomainData, domains: Sequence[DomainData]
) -> list[tuple[str, range]]:
    """Domains that a domain's views are used in, and which of its views."""
    uses = [(data.name, range(data.encoded))]
    drawn = [other for other in domains if other.reader.reader == "sketch"]
    lines = drawn_lines(context.config, data.reader)
    if context.config.joint.borrow_lines and drawn and lines:
        largest = max(drawn, key=lambda other: len(other.rows))
        uses.append((largest.name, range(data.views - lines, data.views)))
    return uses
