"""Augmentation of views while a backbone learns.

Source:
    SAKE's transforms, which Thong et al. 2020 train with: flip .5; with probability .7 an affine
    map of scale .7 to 1.3, rotation of at most 30 degrees and shift of at most 10 pixels in 224,
    each of the three with probability .5.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

SHIFT = 10 / 224 * 2
"""Largest shift in the units of `affine_grid`, where a view is 2 wide."""


def augment(views: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, scale, turn and shift each view at random; what comes from outside is white.

    Args:
        views: shape (n, h, w, 3), uint8.
        generator: source of all chance.

    Returns:
        Shape (n, h, w, 3), float32, values 0..255.
    """
    n = len(views)
    ink = 255 - views.permute(0, 3, 1, 2).float()
    grid = affine_grid(_maps(n, generator), list(ink.shape), align_corners=False)
    moved = grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return (255 - moved).permute(0, 2, 3, 1)


def _maps(n: int, generator: torch.Generator) -> Tensor:
    """Random affine maps (n, 2, 3) from output to input coordinates."""

    def chance(p: float) -> Tensor:
        return torch.rand(n, generator=generator) < p

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    moved = chance(0.7)
    scale = torch.where(moved & chance(0.5), uniform(0.7, 1.3), torch.ones(n))
    angle = torch.where(moved & chance(0.5), uniform(-math.pi / 6, math.pi / 6), torch.zeros(n))
    shifted = moved & chance(0.5)
    dx = torch.where(shifted, uniform(-SHIFT, SHIFT), torch.zeros(n))
    dy = torch.where(shifted, uniform(-SHIFT, SHIFT), torch.zeros(n))
    flip = torch.where(chance(0.5), -torch.ones(n), torch.ones(n))
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [torch.stack([flip * cos, -sin, dx], 1), torch.stack([flip * sin, cos, dy], 1)]
    return torch.stack(rows, 1)
