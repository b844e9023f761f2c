"""Triplets of the hardest pairs in a batch: metric learning that looks at nothing else.

Source:
    Chen, Fang, "Deep cross-modality adaptation via semantics preserving adversarial learning for
    sketch-based 3D shape retrieval", ECCV 2018, equations 16 and 17; of a batch's hardest pairs
    already Hermans, Beyer, Leibe, "In defense of the triplet loss", 2017.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor

Importance: TypeAlias = Literal["none", "violation"]


def hardest_triplets(
    points: Tensor,
    labels: Tensor,
    margin: float,
    *,
    importance: Importance = "none",
    mean: bool = False,
) -> Tensor:
    """Equation 16: the sum over anchors of max(0, margin - (d(anchor, n) - d(anchor, p))).

    d is the Euclidean distance; p is the furthest point of the anchor's category and n the nearest
    one of another (17). Anchors that lack either do not count.

    Args:
        points: shape (n, d).
        labels: shape (n,), int64.
        margin: eta.
        importance: `violation` weighs each anchor by what it lacks of the margin, in units of the
            mean of those that lack something. That is ours: (16) has no weights.
        mean: over the anchors that count, in place of the sum.
    """
    distances = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool)
    counted = positive.any(dim=1) & ~same.all(dim=1)
    furthest = distances.masked_fill(~positive, -torch.inf).amax(dim=1)[counted]
    nearest = distances.masked_fill(same, torch.inf).amin(dim=1)[counted]
    lacking = (margin - (nearest - furthest)).clamp(min=0)
    if importance == "violation":
        weights = lacking.detach()
        lacking = lacking * weights / weights[weights > 0].mean() if weights.any() else lacking
    return lacking.sum() / max(len(lacking), 1) if mean else lacking.sum()
