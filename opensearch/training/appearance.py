"""What a model needs to keep what items look like in its embeddings, fitted on training items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.config import AppearanceSettings, TrainConfig
from opensearch.encoders.appearance import PREFIX
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

Tensors: TypeAlias = dict[str, NDArray[np.generic]]

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
    common: Tensors = {PREFIX + name: tensor for name, tensor in shared.items()}
    common = halved(common) if context.config.backbone.half else common
    for name, one in found.items():
        own = {PREFIX + part: tensor for part, tensor in statistics[name].items()}
        projector = {**one.projector, **common, **own}
        found[name] = replace(one, projector=projector, shared=one.shared | set(common))
    return found


def with_inherited_appearance(
    context: Context[TrainConfig],
    data: DomainData,
    fitted: FittedDomain,
    shared: Mapping[str, NDArray[np.generic]],
) -> FittedDomain:
    """The encoder of a domain that is added to a model, with the appearance of the others.

    Its features' statistics are its own. One on another backbone has no looks to compare.

    Args:
        shared: the tensors that the model's domains of this backbone have in common.
    """
    inherited = {name: tensor for name, tensor in shared.items() if name.startswith(PREFIX)}
    if not inherited:
        return fitted
    plain = {k: tensor for k, tensor in fitted.projector.items() if not k.startswith(PREFIX)}
    statistics = _statistics(_features(context, data, replace(fitted, projector=plain)))
    own = {PREFIX + name: tensor for name, tensor in statistics.items()}
    projector = {**plain, **inherited, **own}
    return replace(fitted, projector=projector, shared=fitted.shared | set(inherited))


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
