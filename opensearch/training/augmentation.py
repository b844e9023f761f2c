"""Augmentation of views while a backbone learns; all chance comes from the generator given.

Three kinds: an affine map for all views alike; changes that suit photos, drawings or renders; and
random windows of views that were read a little too large.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate, max_pool2d

SHIFT = 10 / 224 * 2
"""Largest shift of `augment_affine`, in the units of `affine_grid`, where a view is 2 wide."""

_SCALE = {"image": (0.55, 1.1), "sketch": (0.8, 1.3), "mesh": (0.8, 1.3)}
"""Side of the window taken from a view; above 1 its surroundings are seen too."""
_TURN = {"image": 10.0, "sketch": 20.0, "mesh": 15.0}
"""Largest turn, degrees."""
_SHEAR, _SHIFT = 0.15, 0.1
_BEND = 0.05
"""Spread of the smooth displacements that a drawing is bent by, share of half a view's side."""
_BENDS = 5
"""Displacements along each side; between them they are interpolated."""
_GREY = 0.3
"""Share of pictures that lose their colours: shapes and sketches never had any."""


def augment_affine(views: Tensor, generator: torch.Generator) -> Tensor:
    """Flip, scale, turn and shift each view at random; what comes from outside is white.

    Args:
        views: shape (n, h, w, 3), uint8, on any device.
        generator: source of all chance, on the CPU.

    Returns:
        Shape (n, h, w, 3), float32, values 0..255.

    Source:
        SAKE's transforms, which Thong et al. 2020 train with: flip .5; with probability .7 an
        affine map of scale .7 to 1.3, rotation of at most 30 degrees and shift of at most 10
        pixels in 224, each of the three with probability .5.
    """
    n = len(views)
    ink = 255 - views.permute(0, 3, 1, 2).float()
    maps = _affine_maps(n, generator).to(ink.device)
    grid = affine_grid(maps, list(ink.shape), align_corners=False)
    moved = grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return (255 - moved).permute(0, 2, 3, 1)


def _affine_maps(n: int, generator: torch.Generator) -> Tensor:
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


def augment_warp(views: Tensor, generator: torch.Generator) -> Tensor:
    """Stretch and turn two drawings of three a little; what comes from outside is white.

    Args:
        views: shape (n, h, w, 3), uint8.
        generator: source of all chance.

    Returns:
        Shape (n, h, w, 3), float32, values 0..255.

    Source:
        The code of Wang, Kang, Li 2015, which keeps two warps of each sketch beside it: scales
        of .9 to 1.05 along both axes, turned by at most 3 degrees.
    """
    n = len(views)

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    warped = torch.rand(n, generator=generator) < 2 / 3
    wide, tall = (torch.where(warped, uniform(0.9, 1.05), torch.ones(n)) for _ in range(2))
    angle = torch.where(warped, torch.deg2rad(uniform(-3, 3)), torch.zeros(n))
    cos, sin, none = torch.cos(angle), torch.sin(angle), torch.zeros(n)
    rows = [torch.stack([cos / wide, -sin / wide, none], 1)]
    rows.append(torch.stack([sin / tall, cos / tall, none], 1))
    ink = 255 - views.permute(0, 3, 1, 2).float()
    grid = affine_grid(torch.stack(rows, 1), list(ink.shape), align_corners=False)
    moved = grid_sample(ink, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return (255 - moved).permute(0, 2, 3, 1)


def augment_by_look(
    views: Tensor, looks: str, side: int, generator: torch.Generator, bend: bool = False
) -> Tensor:
    """Flip, scale, turn, shear and shift each view at random, then change what its kind allows.

    Pictures change in colour, renders in light, drawings in stroke.

    Args:
        views: shape (n, h, w, 3), uint8.
        looks: what they are like: `image`, `sketch` or `mesh`, see `ReaderKind.looks`.
        side: of the views returned, pixels.
        generator: source of all chance, on the device of the views.
        bend: whether drawings are bent as well.

    Returns:
        Shape (n, side, side, 3), float32, values 0..255.
    """
    pixels = moved(views.permute(0, 3, 1, 2).float() / 255, looks, side, generator, bend)
    if looks == "image":
        pixels = coloured(pixels, generator)
    elif looks == "mesh":
        pixels = _lit(pixels, generator)
    else:
        pixels = stroked(pixels, generator)
    # channels last in memory, too: convolutions are three times slower on the other layout
    return (pixels.clamp(0, 1) * 255).permute(0, 2, 3, 1).contiguous()


def resized(views: Tensor, side: int) -> Tensor:
    """Views (n, h, w, 3) uint8 at another side and not augmented, (n, side, side, 3) float32."""
    small = interpolate(
        views.permute(0, 3, 1, 2).float(), (side, side), mode="bilinear", antialias=True
    )
    return small.permute(0, 2, 3, 1).contiguous()


def even(generator: torch.Generator, *shape: int) -> Tensor:
    """Numbers (*shape) drawn evenly from 0..1, on the generator's device."""
    return torch.rand(shape, generator=generator, device=generator.device)


def normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Numbers (*shape) drawn from the normal distribution, on the generator's device."""
    return torch.randn(shape, generator=generator, device=generator.device)


def moved(pixels: Tensor, looks: str, side: int, generator: torch.Generator, bend: bool) -> Tensor:
    """Windows (n, 3, side, side) of views (n, 3, h, w); photos go on around, others are white."""
    n = len(pixels)

    def uniform(low: float, high: float) -> Tensor:
        return even(generator, n) * (high - low) + low

    scale, turn = uniform(*_SCALE[looks]), uniform(-1, 1) * math.radians(_TURN[looks])
    stretch = uniform(0.9, 1.1)
    flip = torch.where(even(generator, n) < 0.5, -1.0, 1.0)
    cos, sin, shear = torch.cos(turn), torch.sin(turn), uniform(-_SHEAR, _SHEAR)
    room = _SHIFT + (1 - scale).clamp(min=0)
    rows = [
        torch.stack(
            [flip * scale * cos * stretch, scale * (shear - sin), uniform(-1, 1) * room], 1
        ),
        torch.stack([flip * scale * sin, scale * cos / stretch, uniform(-1, 1) * room], 1),
    ]
    grid = affine_grid(torch.stack(rows, 1), [n, 3, side, side], align_corners=False)
    if looks == "sketch" and bend:
        grid = grid + _bends(n, side, generator)
    if looks == "image":
        return grid_sample(pixels, grid, padding_mode="reflection", align_corners=False)
    return 1 - grid_sample(1 - pixels, grid, padding_mode="zeros", align_corners=False)


def _bends(n: int, side: int, generator: torch.Generator) -> Tensor:
    """Smooth random displacements (n, side, side, 2), as no two hands draw one line alike."""
    coarse = normal(generator, n, 2, _BENDS, _BENDS) * _BEND
    fine = interpolate(coarse, (side, side), mode="bicubic", align_corners=False)
    return fine.permute(0, 2, 3, 1)


def coloured(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation of pictures (n, 3, h, w), 0..1; some turn grey."""
    n = len(pixels)
    light, contrast, colour = (0.6 + 0.8 * even(generator, 3, n, 1, 1, 1)).unbind()
    grey = pixels.mean(dim=1, keepdim=True)
    colour = torch.where(even(generator, n, 1, 1, 1) < _GREY, 0.0, colour)
    pixels = (grey + (pixels - grey) * colour) * light
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (pixels - mean) * contrast


def _lit(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Surfaces of a render darker or brighter; white stays white."""
    power = torch.exp(normal(generator, len(pixels), 1, 1, 1) * 0.4)
    return pixels.clamp(1e-3, 1) ** power


def stroked(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes thicker in a third of the drawings (n, 3, h, w), 0..1, fainter in another."""
    which = even(generator, len(pixels), 1, 1, 1)
    thick = 1 - max_pool2d(1 - pixels, 3, stride=1, padding=1)
    faint = 1 - (1 - pixels) * (0.5 + 0.5 * even(generator, len(pixels), 1, 1, 1))
    return torch.where(which < 1 / 3, thick, torch.where(which < 2 / 3, faint, pixels))


def augment_by_window(
    views: NDArray[np.uint8], side: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A random window of each view, half of them flipped.

    Args:
        views: shape (n, l, l, 3), l at least `side`.

    Returns:
        Shape (n, side, side, 3).
    """
    room = views.shape[1] - side
    corners = rng.integers(room + 1, size=(len(views), 2))
    flips = rng.random(len(views)) < 0.5
    windows = [
        view[top : top + side, left : left + side][:, :: -1 if flip else 1]
        for view, (top, left), flip in zip(views, corners, flips, strict=True)
    ]
    return np.stack(windows)
