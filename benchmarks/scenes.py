"""Drawings on paper of many kinds, with pens of many kinds, as cameras and scanners take them.

Each is made of a drawing, a picture that lies under the page, and a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import distance_transform_edt, gaussian_filter, maximum_filter

from benchmarks.sheets import PAGE, Page, sheet
from opensearch.domains.drawings.skeleton import middle_lines
from opensearch.domains.paper.page import warped

WIDTH, HEIGHT = 1000, 750
"""Of a photograph, pixels."""
PENS: Final = ("any", "pencil", "ballpoint", "marker", "red", "blue")
TAKEN: Final = (
    "table",
    "dark table",
    "white table",
    "steep",
    "turned",
    "near",
    "part",
    "two",
    "hand",
    "scan",
    "shadow",
    "tall",
    "pale table",
    "glare",
)
TABLES: Final = {"dark table": 45, "white table": 215, "pale table": 235}
"""Brightness of tables of one shade."""


def photograph(
    drawing: NDArray[np.uint8] | None,
    table: Image.Image,
    rng: np.random.Generator,
    paper: str = "plain",
    pen: str = "any",
    taken: str = "table",
) -> NDArray[np.uint8]:
    """A drawing on a page, seen by a camera or a scanner.

    Args:
        drawing: shape (h, w, 3), dark on white; an empty page if None.
        table: a picture that the page lies on.
        rng: source of all chance.
        paper, pen, taken: of `PAPERS`, `PENS`, `TAKEN`.

    Returns:
        Shape (HEIGHT, WIDTH, 3), or upright if `taken` is "tall".
    """
    height = round(PAGE * rng.choice([0.71, 1.0, 1.41, 0.75]))
    if paper == "sticky":
        height = PAGE
    page, light = sheet(height, paper, rng)
    if drawing is not None:
        page = _drawn(page, drawing, rng, pen, light, taken == "near")
    if taken == "scan":
        return _scanned(page, rng)
    size = (HEIGHT, WIDTH) if taken == "tall" else (WIDTH, HEIGHT)
    corners = _corners(size, PAGE / height, taken, rng)
    ground = np.asarray(table.resize(size).filter(ImageFilter.GaussianBlur(1)), np.float64)
    ground = ground * rng.uniform(0.4, 0.9)
    if taken in TABLES:
        ground = _plain_table(size, TABLES[taken], rng)
    if taken == "two":
        other, _ = sheet(PAGE, "plain", rng)
        aside = np.array([0.45 * size[0], 0])
        ground = _laid(ground, other, _corners(size, 1.0, "turned", rng) - aside)
    seen = _laid(ground, page, corners)
    if taken == "hand":
        seen = _hand(seen, rng)
    if taken == "glare":
        seen = _glare(seen, rng)
    return _lit(seen, taken == "shadow", rng)


def _drawn(
    page: Page,
    drawing: NDArray[np.uint8],
    rng: np.random.Generator,
    pen: str,
    light: NDArray[np.float64],
    amid: bool,
) -> Page:
    """The page with the drawing somewhere on it, or in its middle and small."""
    height = len(page)
    side = int(min(PAGE, height) * (0.5 if amid else rng.uniform(0.45, 0.8)))
    grey = Image.fromarray(drawing).convert("L").resize((side, side))
    share = 1 - np.asarray(grey)[..., None] / 255
    x, y = int(rng.integers(20, PAGE - side - 19)), int(rng.integers(20, height - side - 19))
    if amid:
        x, y = (PAGE - side) // 2, (height - side) // 2
    here = page[y : y + side, x : x + side]
    ink = rng.uniform(20, 90) * light
    if light[0] < 0:
        ink = np.full(3, rng.uniform(170, 230))  # chalk
    make = PEN_STROKES.get(pen)
    if make:
        share, ink = make(share, rng)
    inked = page.copy()
    inked[y : y + side, x : x + side] = here * (1 - share) + ink * share
    return inked


def _fine(share: Page, width: float) -> Page:
    """Lines of `width` pixels along the middle of the strokes, as a fine pen draws them."""
    away = distance_transform_edt(~middle_lines(share[..., 0] > 0.5))
    return np.clip(width / 2 + 0.5 - away, 0, 1)[..., None]


def _pencil(share: Page, rng: np.random.Generator) -> tuple[Page, Page]:
    grain = 1 - 0.5 * np.abs(gaussian_filter(rng.normal(size=share.shape[:2]), 1))[..., None] * 2
    return _fine(share, rng.uniform(2.5, 4)) * grain.clip(0.4, 1), np.full(3, rng.uniform(90, 140))


def _ballpoint(share: Page, rng: np.random.Generator) -> tuple[Page, Page]:
    ink = np.array([40.0, 60.0, 150.0]) * rng.uniform(0.7, 1.3)
    return _fine(share, rng.uniform(2, 3.5)), ink


def _marker(share: Page, rng: np.random.Generator) -> tuple[Page, Page]:
    bold = maximum_filter(share[..., 0], int(rng.integers(3, 12)))
    return bold[..., None], np.full(3, rng.uniform(15, 50))


PEN_STROKES: Final[
    dict[str, Callable[[Page, np.random.Generator], tuple[Page, NDArray[np.float64]]]]
] = {
    "pencil": _pencil,
    "ballpoint": _ballpoint,
    "marker": _marker,
    "red": lambda share, rng: (share, np.array([rng.uniform(180, 225), 40, 45])),
    "blue": lambda share, rng: (share, np.array([35, 60, rng.uniform(150, 210)])),
}


def _plain_table(size: tuple[int, int], level: float, rng: np.random.Generator) -> Page:
    width, height = size
    grain = gaussian_filter(rng.normal(size=(height, width)), (0.7, 12))
    return np.asarray(level + 6 * grain[..., None] / grain.std() * [1, 0.97, 0.93])


def _corners(
    size: tuple[int, int], ratio: float, taken: str, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Where the corners of a page (width over height is `ratio`) are seen, (4, 2)."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    inset = (-0.06, 0.16)
    if taken == "steep":
        inset = (-0.02, 0.08)
    corner = square + (1 - 2 * square) * rng.uniform(*inset, size=(4, 2))
    if taken == "steep":  # the far side looks half as long
        far = rng.uniform(0.15, 0.25)
        corner[0] += [far, 0.1]
        corner[1] += [-far, 0.1]
    ratio /= size[0] / size[1]
    fitted = np.array([min(ratio, 1), min(1 / ratio, 1)])
    if taken == "near":  # no side of the page is in view
        fitted *= 1.3 / fitted.min()
    corner = (corner - 0.5) * fitted + 0.5
    if taken == "part":
        corner = corner + rng.choice([-1, 1]) * np.array([0.2, 0])
    corner = corner * size
    if taken in ("turned", "two"):
        turn = np.deg2rad(rng.uniform(20, 40) * rng.choice([-1, 1]))
        turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array(size) / 2
        scale = 0.75
        corner = middle + scale * (corner - middle) @ turned.T
        if taken == "two":
            corner = corner + np.array([0.12 * size[0], 0])
    return np.asarray(corner)


def _laid(ground: Page, page: Page, corners: NDArray[np.float64]) -> Page:
    """A page on what lies under it, seen in perspective."""
    height, width = page.shape[:2]
    size = (ground.shape[1], ground.shape[0])
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    sheet = warped(page.clip(0, 255).astype(np.uint8), whole, corners, size)
    mask = warped(np.full_like(page, 255, np.uint8), whole, corners, size) / 255
    return np.asarray(ground * (1 - mask) + sheet * mask)


def _hand(seen: Page, rng: np.random.Generator) -> Page:
    """Fingers that hold the page at its lower rim, and a pen that lies across a corner."""
    height, width = seen.shape[:2]
    picture = Image.fromarray(seen.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    x = rng.uniform(0.1, 0.7) * width
    skin = tuple(int(part * rng.uniform(0.6, 1.1)) for part in (215, 160, 130))
    for finger in range(3):
        left = x + finger * 42
        top = height * rng.uniform(0.88, 0.93)
        pen.rounded_rectangle((left, top, left + 38, height + 60), radius=19, fill=skin)
    at = rng.uniform(0.75, 0.85) * width
    pen.line((at, height * 0.02, width * 1.02, height * 0.25), fill=(30, 40, 120), width=14)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(1)), np.float64)


def _glare(seen: Page, rng: np.random.Generator) -> Page:
    """A lamp's reflection that washes out a part of the page."""
    height, width = seen.shape[:2]
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    away = (down - rng.uniform(0.3, 0.7)) ** 2 + (across - rng.uniform(0.3, 0.7)) ** 2
    lamp = np.exp(-away / rng.uniform(0.005, 0.02))[..., None]
    return np.asarray(seen * (1 - 0.8 * lamp) + 255 * 0.8 * lamp)


def _lit(seen: Page, shadow: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
    """In slanting light, perhaps with the photographer's shadow, and with a sensor's grain."""
    height, width = seen.shape[:2]
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    slant = (across * rng.uniform(-1, 1) + down * rng.uniform(-1, 1) + 1) / 2
    taken = seen * (1 - rng.uniform(0, 0.4) * slant)[..., None]
    if shadow:
        side = (across - 0.5) * rng.uniform(-1, 1) + (down - 0.5) * rng.uniform(-1, 1)
        soft = 1 / (1 + np.exp(-(side - rng.uniform(-0.1, 0.1)) / rng.uniform(0.004, 0.03)))
        taken = taken * (1 - rng.uniform(0.3, 0.6) * soft)[..., None]
    taken = taken + rng.normal(0, 3, (height, width, 3))
    return np.asarray(taken.clip(0, 255), np.uint8)


def _scanned(page: Page, rng: np.random.Generator) -> NDArray[np.uint8]:
    """By a scanner: a little turned, the lid's black at two sides, greyish, slightly rough."""
    height, width = page.shape[:2]
    turn = np.deg2rad(rng.uniform(-2, 2))
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    turned = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = (whole - whole.mean(axis=0)) @ turned.T + whole.mean(axis=0) + rng.uniform(15, 50, 2)
    lid = np.full((height + 20, width + 20, 3), rng.choice([8.0, 70.0]))
    seen = _laid(lid, page * rng.uniform(0.8, 0.95), corners)
    return np.asarray((seen + rng.normal(0, 2, seen.shape)).clip(0, 255), np.uint8)
