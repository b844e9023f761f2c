"""What pooling of views learns, for whatever method: of frozen features before it, the rest after.

A barycentre pools features, so a method on features of a frozen backbone trains on barycentres;
where the backbone learns it trains on views, and barycentres are fitted to its features at the end.
Weights of pooling `softmax` are fitted at the end, too, unless the method learnt them itself.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy, normalize

from opensearch.config import TrainConfig
from opensearch.encoders.barycentre import COST, BarycentrePooling
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pooling import SOFTMAX
from opensearch.training.barycentre import fit_barycentre
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import (
    DomainData,
    FittedDomain,
    arrays,
    backbone_of,
    domain_features,
)

_ITEMS = 1024
"""Most items that pooling is fitted on."""
_PART = 64
_STEPS, _LR, _TEMPERATURE = 200, 0.01, 0.1
# Of the squared weights: so few items would otherwise be learnt by heart.
_DECAY = 1e-3


def pooled_before(context: Context[TrainConfig], data: DomainData) -> DomainData:
    """A domain of frozen features whose pooling is `barycentre`: one row of features an item.

    Any other domain is given back as it is.
    """
    pooling = context.config.domain(data.name).pooling
    if pooling != "barycentre" or data.rows.take([0]).ndim != 3 or data.views == 1:
        return data
    tensors = _barycentre_of(context, data, data.rows.take(_some(data)))
    pool, what = BarycentrePooling(tensors), f"{data.name} barycentres"
    rows = []
    for start in range(0, len(data.rows), _PART):
        part = range(start, min(start + _PART, len(data.rows)))
        rows.append(pool(data.rows.take(part))[:, None])
        context.progress(what, part.stop, len(data.rows))
    places = [(0, row) for row in range(len(data.rows))]
    pooled = CachedRows(data.rows.sources, data.rows.failures, [np.concatenate(rows)], places)
    return replace(data, rows=pooled, pooling=tensors)


def with_pooling(
    context: Context[TrainConfig], data: DomainData, fitted: FittedDomain
) -> FittedDomain:
    """The encoder with the tensors of its pooling, which are fitted if it has none yet."""
    own: dict[str, NDArray[np.generic]] = {}
    if data.encoded == 1:
        return fitted
    some = _some(data)
    if fitted.pooling == "barycentre" and COST not in fitted.projector:
        own = dict(data.pooling)
        if not own:
            backbone = backbone_of(context, fitted.backbone)
            own = _barycentre_of(context, data, domain_features(data, backbone, some))
    elif fitted.pooling == "softmax" and SOFTMAX not in fitted.projector:
        backbone = backbone_of(context, fitted.backbone)
        encoder = Encoder(backbone, fitted.projector, "mean")
        codes = encoder.view_codes(domain_features(data, backbone, some))
        own = {SOFTMAX: fit_view_weights(codes, [data.categories[i] for i in some])}
    return replace(fitted, projector={**fitted.projector, **own})


def fit_view_weights(codes: NDArray[np.float32], categories: list[str]) -> NDArray[np.float32]:
    """Weights that bring pooled embeddings near their category's mean and away from others'.

    They start at zero, where views count alike, and take every item in every step: no chance plays.

    Args:
        codes: un-normalised view embeddings, shape (n, v, d).
        categories: of the n items.

    Returns:
        Shape (v, v d), for `encoders.pooling.softmax_weights`.
    """
    names = sorted(set(categories))
    labels = torch.tensor([names.index(category) for category in categories])
    scale = float(np.linalg.norm(codes, axis=2).mean()) or 1.0
    views = torch.from_numpy(codes / np.float32(scale))
    n, count, width = views.shape
    units = normalize(views.mean(dim=1), dim=1)
    means = torch.zeros(len(names), width).index_add(0, labels, units)
    targets = normalize(means, dim=1)
    weight = torch.zeros(count, count * width, requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=_LR)
    for _ in range(_STEPS):
        shares = (views.reshape(n, -1) @ weight.T).softmax(dim=1)
        pooled = normalize(torch.einsum("nv,nvd->nd", shares, views), dim=1)
        loss = cross_entropy(pooled @ targets.T / _TEMPERATURE, labels)
        optimiser.zero_grad()
        (loss + _DECAY * weight.square().sum()).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return arrays({SOFTMAX: weight / scale})[SOFTMAX].astype(np.float32)


def _barycentre_of(
    context: Context[TrainConfig], data: DomainData, features: NDArray[np.floating]
) -> dict[str, NDArray[np.generic]]:
    """Tensors of the domain's barycentre, fitted on features (n, v, f)."""
    flat = features.reshape(-1, features.shape[-1])
    settings = context.config.domain(data.name).barycentre
    return fit_barycentre(flat, settings, context.config.seed)


def _some(data: DomainData) -> NDArray[np.int64]:
    """Items that pooling is fitted on, evenly spread."""
    count = len(data.rows)
    return np.unique(np.linspace(0, count - 1, min(count, _ITEMS)).astype(np.int64))
