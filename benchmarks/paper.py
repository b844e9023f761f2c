"""Procedural test material: drawings photographed on paper, objects cut out on white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_closing, binary_fill_holes, gaussian_filter

Plane = NDArray[np.float64]
Rgb = NDArray[np.uint8]


def on_paper(grey: NDArray[np.uint8], rng: np.random.Generator, side: int = 360) -> Rgb:
    """A drawing (h, w) as if photographed: tilt, blur, uneven light, a shadow, grain, pen.

    One sheet in five is ruled.

    Returns:
        Shape (side, side, 3), uint8.
    """
    ink = _tilted(grey, rng, side)
    if rng.random() < 0.5:
        ink = gaussian_filter(ink, rng.uniform(0.5, 1.8))
    paper = _light(rng, side) * _grain(rng, side)
    if rng.random() < 0.2:
        paper *= _rules(rng, side)
    tint = 1 - rng.uniform(0, 0.18) * np.array([0, 0.3, 1])
    pen = rng.uniform(0.05, 0.45) * rng.uniform(0.6, 1.4, size=3)
    rgb = paper[..., None] * tint * (1 - ink[..., None] * (1 - pen))
    rgb += rng.normal(scale=rng.uniform(0, 0.02), size=(side, side, 1))
    return (rgb.clip(0, 1) * 255).astype(np.uint8)


def on_board(grey: NDArray[np.uint8], rng: np.random.Generator, side: int = 360) -> Rgb:
    """A drawing (h, w) in chalk on a dark board, shape (side, side, 3)."""
    return 255 - on_paper(grey, rng, side)


def cut_out(rgb: Rgb) -> Rgb:
    """What differs from a photo's border, on white: a crude shop picture, same shape."""
    values = rgb.astype(np.float64)
    border = np.concatenate([values[:2].reshape(-1, 3), values[-2:].reshape(-1, 3)])
    far = np.abs(values - np.median(border, axis=0)).max(axis=2) > 40
    mask = binary_fill_holes(binary_closing(far, iterations=3))
    if not 0.08 < mask.mean() < 0.7:
        yy, xx = np.mgrid[-1 : 1 : mask.shape[0] * 1j, -1 : 1 : mask.shape[1] * 1j]
        mask = xx**2 + yy**2 < 0.7
    soft = gaussian_filter(mask.astype(np.float64), 0.7)[..., None]
    return (values * soft + 255 * (1 - soft)).astype(np.uint8)


def _tilted(grey: NDArray[np.uint8], rng: np.random.Generator, side: int) -> Plane:
    image = Image.fromarray(grey)
    scale = side * rng.uniform(0.45, 0.9) / max(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    sheet = Image.new("L", (side, side), 255)
    room = (side - image.width, side - image.height)
    sheet.paste(image, (int(rng.uniform(0, room[0])), int(rng.uniform(0, room[1]))))
    corners = np.array([0, 0, 0, side, side, side, side, 0]) + rng.uniform(-0.06, 0.06, 8) * side
    smooth = Image.Resampling.BICUBIC
    sheet = sheet.rotate(rng.uniform(-12, 12), resample=smooth, fillcolor=255).transform(
        (side, side), Image.Transform.QUAD, tuple(corners), resample=smooth, fillcolor=255
    )
    return 1 - np.asarray(sheet, np.float64) / 255


def _ramp(rng: np.random.Generator, side: int) -> Plane:
    yy, xx = np.mgrid[0:side, 0:side] / side - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    slope: Plane = np.cos(turn) * xx + np.sin(turn) * yy
    return slope


def _light(rng: np.random.Generator, side: int) -> Plane:
    light = rng.uniform(0.55, 0.98) * (1 - rng.uniform(0, 0.6) * _ramp(rng, side))
    edge = (_ramp(rng, side) - rng.uniform(-0.3, 0.3)) / rng.uniform(0.01, 0.06)
    shaded: Plane = light * (1 - rng.uniform(0, 0.5) / (1 + np.exp(-edge)))
    return shaded


def _grain(rng: np.random.Generator, side: int) -> Plane:
    fine = gaussian_filter(rng.normal(size=(side, side)), rng.uniform(0.6, 2))
    blots = gaussian_filter(rng.normal(size=(side, side)), side / 16)
    fibre: Plane = rng.uniform(0.003, 0.03) * fine / fine.std()
    cloud: Plane = rng.uniform(0, 0.03) * blots / blots.std()
    return 1 + fibre + cloud


def _rules(rng: np.random.Generator, side: int) -> Plane:
    gap = int(rng.integers(side // 24, side // 10))
    lines = np.ones((side, side))
    lines[rng.integers(gap) :: gap] -= rng.uniform(0.05, 0.2)
    if rng.random() < 0.5:
        lines[:, rng.integers(gap) :: gap] -= rng.uniform(0.05, 0.2)
    return lines
