"""Sheets of paper of many kinds, and boards, without anything drawn on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

PAPERS: Final = (
    "plain",
    "lined",
    "squared",
    "dotted",
    "exercise",
    "yellow",
    "sticky",
    "whiteboard",
    "blackboard",
    "graph",
    "music",
    "folded",
    "crumpled",
    "thin",
)
PAGE: Final = 900
"""Width of a page, pixels: 210 mm."""

Page = NDArray[np.float64]
"""Light that comes from a page, shape (height, PAGE, 3), 0..255."""


def sheet(height: int, paper: str, rng: np.random.Generator) -> tuple[Page, NDArray[np.float64]]:
    """A page without ink, and what its pens differ from black by: a factor of each channel."""
    tint = np.array([1, rng.uniform(0.95, 1), rng.uniform(0.85, 1)])
    page = np.ones((height, PAGE, 3)) * rng.uniform(200, 250) * tint
    if paper == "whiteboard":
        return _whiteboard(height, rng)
    if paper == "blackboard":
        board = np.ones((height, PAGE, 3)) * rng.uniform(35, 75) * [0.9, 1.0, 0.92]
        return board + 4 * _cloud(height, rng)[..., None], np.full(3, -1.0)
    if paper in ("yellow", "sticky"):
        page *= [1, rng.uniform(0.9, 0.98), rng.uniform(0.35, 0.6)]
    if paper in ("lined", "squared", "exercise"):
        page *= _ruling(height, paper == "squared", rng)
    if paper in CHANGES:
        page *= CHANGES[paper](height, rng)
    if paper == "exercise":  # a margin, and holes of a binding
        page[:, 110:114] *= [0.95, 0.5, 0.5]
        for y in range(25, height - 20, 45):
            page[y : y + 22, 20:42] = 45
    return page, np.ones(3)


def _ruling(height: int, squared: bool, rng: np.random.Generator) -> Page:
    """What printed lines leave of the light, shape (height, PAGE, 3): blue or grey, 5 to 9 mm."""
    gap = int(rng.integers(22, 40))
    thick = int(rng.integers(1, 4))
    lines = np.zeros((height, PAGE), np.bool_)
    for start in range(int(rng.integers(gap)), height, gap):
        lines[start : start + thick] = True
    if squared:
        for start in range(int(rng.integers(gap)), PAGE, gap):
            lines[:, start : start + thick] = True
    left = 1 - rng.uniform(0.15, 0.5) * (
        np.array([1, 0.6, 0.25]) if rng.random() < 0.7 else np.ones(3)
    )
    return np.where(lines[..., None], left, 1.0)


def _dots(height: int, rng: np.random.Generator) -> Page:
    gap, wide = int(rng.integers(20, 30)), int(rng.integers(2, 5))
    y, x = np.mgrid[:height, :PAGE] % gap
    return np.where(((x < wide) & (y < wide))[..., None], 1 - rng.uniform(0.2, 0.5), 1.0)


def _graph(height: int, rng: np.random.Generator) -> Page:
    """Paper for graphs, orange or green: a line each millimetre, every fifth and tenth stronger."""
    light = np.array([1, 0.75, 0.5]) if rng.random() < 0.5 else np.array([0.6, 1, 0.75])
    strong = rng.uniform(0.4, 0.9)
    lines = np.ones((height, PAGE))
    for every, part in ((1, 0.35), (5, 0.65), (10, 1.0)):
        gap = PAGE / 210 * every
        for start in np.arange(0, height, gap).astype(int):
            lines[start : start + 1] = 1 - strong * part
        for start in np.arange(0, PAGE, gap).astype(int):
            lines[:, start : start + 1] = 1 - strong * part
    return np.asarray(1 - (1 - lines[..., None]) * (1 - light))


def _music(height: int, rng: np.random.Generator) -> Page:
    """Staves of five black lines."""
    lines = np.ones((height, PAGE, 1))
    gap, thick = int(rng.integers(8, 12)), int(rng.integers(1, 3))
    for stave in range(50, height - 5 * gap, 9 * gap):
        for line in range(5):
            start = stave + line * gap
            lines[start : start + thick, 40:-40] = rng.uniform(0.3, 0.5)
    return lines


def _folded(height: int, rng: np.random.Generator) -> Page:
    """Folded twice and opened again: each fourth at another angle to the light."""
    down, across = np.mgrid[:height, :PAGE]
    light = np.ones((height, PAGE))
    for at, middle in ((across, PAGE / 2), (down, height / 2)):
        off = at - middle + rng.normal(0, 8)
        light *= np.where(off > 0, 1, rng.uniform(0.82, 0.95))
        light *= 1 - rng.uniform(0.1, 0.3) * np.exp(-((off / rng.uniform(1.5, 4)) ** 2))
    return light[..., None]


def _crumpled(height: int, rng: np.random.Generator) -> Page:
    """Crumpled and smoothed: facets that the light falls on differently, creases between them."""
    points = rng.uniform(0, 1, (30, 2)) * [height, PAGE]
    down, across = np.mgrid[:height, :PAGE]
    away = np.stack([np.hypot(down - y, across - x) for y, x in points])
    nearest = away.argmin(axis=0)
    first, second = np.partition(away, 1, axis=0)[:2]
    facets = rng.uniform(0.84, 1, len(points))[nearest]
    crease = 1 - rng.uniform(0.08, 0.2) * np.exp(-((second - first) / 5))
    return np.asarray((gaussian_filter(facets, 3) * crease)[..., None])


def _thin(height: int, rng: np.random.Generator) -> Page:
    """Thin paper, on whose other side something is written: it shows, mirrored and soft."""
    back = Image.new("L", (PAGE, height), 255)
    pen = ImageDraw.Draw(back)
    for line in range(40, height - 40, int(rng.integers(50, 90))):
        places = np.arange(60, PAGE - 60, 9.0)
        waves = line + rng.normal(0, 9, len(places))
        pen.line(list(zip(places.tolist(), waves.tolist(), strict=True)), fill=40, width=4)
    seen = gaussian_filter(np.asarray(back, np.float64)[:, ::-1], 3) / 255
    return np.asarray(1 - rng.uniform(0.08, 0.18) * (1 - seen[..., None]))


CHANGES: Final[dict[str, Callable[[int, np.random.Generator], Page]]] = {
    "dotted": _dots,
    "graph": _graph,
    "music": _music,
    "folded": _folded,
    "crumpled": _crumpled,
    "thin": _thin,
}
"""What each of these papers leaves of the light, (height, PAGE, 1 or 3)."""


def _whiteboard(height: int, rng: np.random.Generator) -> tuple[Page, NDArray[np.float64]]:
    """A board with old marks wiped to grey and a lamp's reflection, and a marker's colour."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : PAGE * 1j]
    lamp = np.exp(-(((down - rng.random()) ** 2 + (across - rng.random()) ** 2) / 0.02))
    cloud = _cloud(height, rng)
    board = rng.uniform(190, 225) + 3 * cloud + 40 * lamp
    colours = ([1, 1, 1], [0.4, 0.6, 2.2], [2.4, 0.5, 0.5], [0.4, 1.8, 0.8])
    return np.repeat(board[..., None], 3, axis=2), np.array(colours[int(rng.integers(4))])


def _cloud(height: int, rng: np.random.Generator) -> Page:
    """Smooth noise, shape (height, PAGE)."""
    coarse = Image.fromarray(rng.normal(size=(height // 60 + 1, PAGE // 60 + 1)).astype(np.float32))
    return np.asarray(coarse.resize((PAGE, height), Image.Resampling.BICUBIC), np.float64)
