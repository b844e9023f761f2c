"""Which way is up: a direction of the features along which upright views lie further.

Learnt along with the backbone from shapes whose upright axis is declared (`up` in the manifest) and
from pictures and drawings, some of them turned on purpose; used by `encoders.pooling`. Before the
backbone learns, shapes that declare nothing are judged by comparing the views of the three axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from opensearch.encoders.pooling import axis_likelihoods, up_axes
from opensearch.errors import InvalidInput
from opensearch.methods.joint.settings import JointConfig
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData

AXES: Final = {"x": 0, "y": 1, "z": 2}
_STEPS, _LR = 300, 0.02
# Of the mean square. Validation by categories: .69 right at .1, .73 at 100.
_DECAY = 100.0
_FEWEST = 2


@dataclass(frozen=True)
class UprightViews:
    """Which views of a domain's shapes show them upright.

    Attributes:
        upright: shape (n, v); where an axis is not declared it was told by `direction`.
        declared: shape (n,), shapes of which it is certain.
        direction: shape (f,), of the features, see `fit_direction`.
    """

    upright: NDArray[np.bool_]
    declared: NDArray[np.bool_]
    direction: NDArray[np.float32]


def upright_views(
    context: Context[JointConfig], data: DomainData, features: CachedRows
) -> UprightViews | None:
    """Which views show a shape upright; `None` for domains that do not pool by it.

    Args:
        features: of the first backbone, rows (v, f).

    Raises:
        InvalidInput: pooling upright, and hardly a shape says which axis is up.
    """
    if context.config.domain(data.name).pooling != "upright":
        return None
    axes = declared_axes(data)
    declared = axes >= 0
    known = np.flatnonzero(declared)
    direction = fit_direction(features.take(known), axes[known])
    for start in range(0, len(axes), 256):
        part = np.arange(start, min(start + 256, len(axes)))
        told = axis_likelihoods(features.take(part), direction).argmax(axis=1)
        axes[part] = np.where(declared[part], axes[part], told)
    upright = np.asarray(axes[:, None] == up_axes(data.views))
    return UprightViews(upright, declared, direction)


def declared_axes(data: DomainData) -> NDArray[np.int64]:
    """The upright axis that each item's metadata declare, (n,): 0 x, 1 y, 2 z, -1 unknown.

    Raises:
        InvalidInput: fewer than two declare one.
    """
    ups = [str(source.metadata.get("up", "")) for source in data.rows.sources]
    axes = np.array([AXES.get(up, -1) for up in ups], np.int64)
    if (axes >= 0).sum() < _FEWEST:
        raise InvalidInput(
            f"pooling upright of domain {data.name!r} is learnt from shapes whose manifest says"
            " which axis is up (a column `up` with x, y or z), and hardly one does;"
            f" give `overrides=['domains.{data.name}.pooling=mean']`"
        )
    return axes


def fit_direction(features: NDArray[np.floating], axes: NDArray[np.int64]) -> NDArray[np.float32]:
    """The direction whose softmax over the three axes is most often right.

    One direction serves all three, so nothing can be learnt about an axis' name. It starts at
    zero and takes every shape in every step: no chance plays.

    Args:
        features: shape (n, v, f).
        axes: shape (n,), the upright one.

    Returns:
        Shape (f,), float32.
    """
    means = np.stack(
        [features[:, up_axes(features.shape[1]) == axis].mean(axis=1) for axis in range(3)], axis=1
    )
    spread = means.std(axis=(0, 1)) + 1e-6
    inputs = torch.from_numpy((means / spread).astype(np.float32))
    target = torch.from_numpy(axes)
    weight = torch.zeros(inputs.shape[2], requires_grad=True)
    optimiser = torch.optim.Adam([weight], lr=_LR)
    for _ in range(_STEPS):
        loss = cross_entropy(inputs @ weight, target) + _DECAY * weight.square().mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return np.asarray(weight.detach().numpy() / spread, np.float32)
