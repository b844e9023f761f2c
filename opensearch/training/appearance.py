"""What a model needs to keep what items look like in its embeddings, fitted on training items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opensearch.config import AppearanceSettings, TrainConfig
from opensearch.encoders.appearance import OWN, PREFIX, has_appearance
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.tensors import halved
from opensearch.errors import InvalidInput
from opensearch.semantic import Space
from opensearch.training.context import Context
from opensearch.training.domain import (
    DomainData,
    FittedDomain,
    backbone_of,
    domain_features,
    even_sample,
)

_ITEMS = 1000
"""Most items of a domain that its features' mean, deviation and axes are taken from."""
_PART = 128
# Of the features' deviation: one that never changes has no say.
_LEAST = 1e-3


def check_appearance(settings: AppearanceSettings, space: Space) -> None:
    """Refuse an appearance that leaves no room for meaning.

    Raises:
        InvalidInput: naming the setting.
    """
    if settings.width * 2 > space.dim:
        raise InvalidInput(
            f"appearance.width: at most half of the {space.dim} dimensions of the space,"
            f" got {settings.width}"
        )


def with_appearance(
    context: Context[TrainConfig],
    domains: Sequence[DomainData],
    fitted: Mapping[str, FittedDomain],
) -> dict[str, FittedDomain]:
    """The encoders with the tensors of `encoders.appearance`, if the settings want them.

    Domains that have backbones of their own are left as they are, and the user is told: what their
    features say cannot be compared.
    """
    settings = context.config.appearance
    found = dict(fitted)
    if not settings.width:
        return found
    if len({one.backbone for one in found.values()}) > 1:
        context.note(
            "appearance is left out: every domain has a backbone of its own, and features of"
            " different backbones cannot be compared"
        )
        return found
    points = context.space.prototypes(context.categories)
    statistics, standard = {}, []
    for data in domains:
        features = _features(context, data, found[data.name])
        statistics[data.name] = own = _statistics(features)
        standard.append((features - own["mean"]) / own["deviation"])
    shared = {
        "points": points,
        "directions": empty_directions(context.space.points(), settings.width),
        "axes": principal_axes(np.concatenate(standard), settings.width),
        "settings": np.array([settings.temperature, settings.pull, settings.share], np.float32),
    }
    return {
        name: _with(context, one, {**shared, **statistics[name]}, frozenset(shared))
        for name, one in found.items()
    }


def with_own_statistics(
    context: Context[TrainConfig], data: DomainData, fitted: FittedDomain
) -> FittedDomain:
    """The encoder of a domain that is added to a model, with its own features' statistics.

    One of a model without appearance, or that has them already, is given back as it is.
    """
    have = fitted.projector
    if not has_appearance(have) or all(PREFIX + name in have for name in OWN):
        return fitted
    plain = {name: tensor for name, tensor in have.items() if not name.startswith(PREFIX)}
    features = _features(context, data, replace(fitted, projector=plain))
    return _with(context, fitted, _statistics(features))


def empty_directions(points: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """The directions (width, d), orthonormal rows, that unit points (w, d) have least of."""
    wide = points.astype(np.float64)
    return np.asarray(np.linalg.eigh(wide.T @ wide)[1][:, :width].T, np.float32)


def principal_axes(rows: NDArray[np.floating], width: int) -> NDArray[np.float32]:
    """The axes (k, f) along which standardised rows (n, f) vary most, k at most `width`."""
    wide = rows.astype(np.float64)
    axes = np.linalg.eigh(wide.T @ wide / len(wide))[1][:, ::-1][:, :width].T
    return np.asarray(axes, np.float32)


def _features(
    context: Context[TrainConfig], data: DomainData, fitted: FittedDomain
) -> NDArray[np.float32]:
    """Features (n, f) of some of a domain's items, pooled as its embeddings are."""
    backbone = backbone_of(context, fitted.backbone)
    encoder = Encoder(backbone, fitted.projector, fitted.pooling)
    some = even_sample(len(data.rows), _ITEMS)
    parts = [some[at : at + _PART] for at in range(0, len(some), _PART)]
    return np.concatenate(
        [encoder.pooled_features(domain_features(data, backbone, part)) for part in parts]
    )


def _statistics(features: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    return {"mean": features.mean(axis=0), "deviation": features.std(axis=0) + np.float32(_LEAST)}


def _with(
    context: Context[TrainConfig],
    fitted: FittedDomain,
    tensors: Mapping[str, NDArray[np.generic]],
    shared: frozenset[str] = frozenset(),
) -> FittedDomain:
    named = {PREFIX + name: tensor for name, tensor in tensors.items()}
    named = halved(named) if context.config.backbone.half else named
    return replace(
        fitted,
        projector={**fitted.projector, **named},
        shared=fitted.shared | {PREFIX + name for name in shared},
    )
