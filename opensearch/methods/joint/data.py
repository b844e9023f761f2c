"""What joint training draws from: views, and features of the backbone before it learns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.tensors import identity
from opensearch.methods.joint.pools import Part, Pool
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.joint.upright import upright_views
from opensearch.training.augmentation import resized
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.features import rows_of_views

_VIEWS = 32  # a batch


@dataclass(frozen=True)
class JointData:
    """Pools of all domains, in one order everywhere.

    Attributes:
        looks: what a domain's views are like, see `ReaderKind.looks`.
        views: pools of views (s, s, 3).
        features: pools of features (f,) of the backbone that learning starts from, item by item
            as in `views`.
        teacher_features: the same of the backbone whose classifier is distilled; where that is
            not the one that learning starts from, of domains of pictures alone.
        prototypes: shape (c, d); labels of all pools are its rows.
        direction: along which features of upright views lie further, shape (f,), as far as the
            backbone that learning starts from tells; `None` where nothing is pooled by it.
    """

    looks: dict[str, str]
    views: dict[str, Pool]
    features: dict[str, Pool]
    teacher_features: dict[str, Pool]
    prototypes: NDArray[np.float32]
    direction: NDArray[np.float32] | None = None


def joint_data(
    context: Context[JointConfig],
    domains: Sequence[DomainData],
    backbone: Backbone,
    teacher: Backbone,
    device: torch.device,
) -> JointData:
    """Pools of views and of frozen features; line views of shapes also serve as drawings if asked.

    Args:
        domains: with views as rows.
        backbone: not yet trained.
        teacher: whose classifier is distilled; it may be the backbone itself.
        device: that both run on.
    """
    names = sorted({category for data in domains for category in data.categories})
    place = {category: i for i, category in enumerate(names)}
    views: dict[str, list[Part]] = {data.name: [] for data in domains}
    features: dict[str, list[Part]] = {data.name: [] for data in domains}
    taught: dict[str, list[Part]] = {data.name: [] for data in domains}
    direction = None
    for data in domains:
        labels = np.array([place[category] for category in data.categories], np.int64)
        frozen = frozen_features(context, data, backbone, device)
        kept = frozen
        if teacher is not backbone and data.looks == "image":
            kept = frozen_features(context, data, teacher, device)
        known = upright_views(context, data, frozen)
        direction = direction if known is None else known.direction
        for name, chosen in _uses(context, data, domains):
            for pools, rows in ((views, data.rows), (features, frozen), (taught, kept)):
                share = context.config.joint.upright
                part = Part(rows, labels, chosen, known, share)
                pools[name].append(part)
    return JointData(
        {data.name: data.looks for data in domains},
        {name: Pool(*parts) for name, parts in views.items()},
        {name: Pool(*parts) for name, parts in features.items()},
        {name: Pool(*parts) for name, parts in taught.items()},
        context.space.prototypes(names),
        direction,
    )


def _uses(
    context: Context[JointConfig], data: DomainData, domains: Sequence[DomainData]
) -> list[tuple[str, range]]:
    """Domains that a domain's views are used in, and which of its views."""
    uses = [(data.name, range(data.encoded))]
    drawn = [other for other in domains if other.looks == "sketch"]
    if context.config.joint.borrow_lines and drawn and data.lines:
        largest = max(drawn, key=lambda other: len(other.rows))
        uses.append((largest.name, range(data.views - data.lines, data.views)))
    return uses


def frozen_features(
    context: Context[JointConfig], data: DomainData, backbone: Backbone, device: torch.device
) -> CachedRows:
    """Features (v, f) float32 of a domain's views at the side that the backbone will learn on.

    Args:
        data: with views as rows; every one of its items has a row here, in the same order.
        backbone: not yet trained; run in bf16, so rows are good for training only.
    """
    side = context.config.joint.side
    backbone = backbone.eval().to(device).to(memory_format=torch.channels_last)

    def features(views: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.no_grad(), torch.autocast(device.type, dtype=torch.bfloat16):
            made = backbone(resized(torch.from_numpy(views).to(device), side))
        rows: NDArray[np.float32] = made.float().cpu().numpy()
        return rows

    tensors = {name: tensor.cpu().numpy() for name, tensor in backbone.state_dict().items()}
    recipe = f"frozen|{identity(tensors, {})}|{side}|{data.views}|{data.reader.model_dump_json()}"
    # Rounding differs, so rows are kept apart.
    recipe += "" if device.type == "cpu" else f"|{device.type}"
    return rows_of_views(
        data.rows, features, recipe, context.cache, context.progress, data.name, count=_VIEWS
    )
