"""Copies that are not as sharp as what they were made of, as by fewer pixels or a part enlarged."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.fitting import aligned, slopes_of
from opensearch.imprints.likeness import edged, product, softened, unit_planes

Planes = NDArray[np.float32]

_NARROW, _SHARPER, _SOFT = 0.7, 1.5, 1.2
"""Pixels that narrow things are wide, how much more of them a sharper picture shows, and the pixels
by which it is softened."""
_WIDTHS: Final = (0.0, 0.45, 0.6, 0.75, 0.9, 1.1)
"""Pixels by which a drawing is softened, to be as soft as a part of another that was enlarged."""
_STEPS: Final = 4
_PLACES, _SHOWS = 16, 0.3
"""Places a side in which lines are counted, and mean squared edges, of 15 greys, where one is."""
_LIKE, _FULLER, _LINES = 0.885, 0.1, 60
"""How well two drawings must agree that have lines in so many places, and how much less if in e
times as many: two squares agree by chance, two elephants do not. Chosen on train files of sketches
of triad, TU-Berlin, Sketchy and PACS, as are the next."""
_ENOUGH: Final = 0.95
"""What is enough for any two."""
_ONE_WAY: Final = 0.06
"""Share of squared slopes across the main direction below which a drawing is little but a straight
line, of which any part, laid askew or not, is like any other."""


def one_drawing(
    drawings: Planes, copies: Planes, parts: Planes, more: float = 0.0
) -> NDArray[np.bool_]:
    """Whether drawings are one, line by line, when both are equally soft.

    Args:
        drawings: shape (n, side, side).
        copies: likewise.
        parts: what they show of the drawings, about: left, top, width and height, shape (n, 4).
        more: how much better they must agree than is enough otherwise.

    Returns:
        Whether they are, shape (n,).
    """
    step = copies.shape[1] // _PLACES
    edges = edged(copies).reshape(-1, _PLACES, step, _PLACES, step)
    lines = ((edges**2).mean(axis=(2, 4)) >= _SHOWS).sum(axis=(1, 2))
    least = np.minimum(_LIKE - _FULLER * np.log(np.maximum(lines, 1) / _LINES), _ENOUGH) + more
    same, one_way = np.zeros(len(drawings), np.bool_), _straight(copies)
    for width in _WIDTHS:
        left = np.flatnonzero(~same)
        target = unit_planes(softened(copies[left], width) if width else copies[left])
        fitted = aligned(drawings[left], target, parts[left], _STEPS)[1]
        whole = product(unit_planes(drawings[left]), target)
        same[left] = np.where(one_way[left], whole, fitted) >= least[left]
    return same


def _straight(drawings: Planes) -> NDArray[np.bool_]:
    """Whether drawings are little but one straight line, by the tensor of their slopes."""
    across, down = slopes_of(drawings)
    over, along = product(across, across), product(down, down)
    half, apart = (over + along) / 2, np.hypot((over - along) / 2, product(across, down))
    return np.asarray(half - apart <= _ONE_WAY * 2 * half)


def differ_in_sharpness(first: Planes, second: Planes) -> NDArray[np.bool_]:
    """Whether one of two pictures shows much less that is narrow, as if it had few pixels."""
    one, other = _sharpness(first), _sharpness(second)
    return np.asarray(np.maximum(one, other) > _SHARPER * np.minimum(one, other))


def equally_sharp(first: Planes, second: Planes) -> tuple[Planes, Planes]:
    """Two pictures, the sharper one softened as one of a third of the pixels is."""
    sharper = (_sharpness(first) > _sharpness(second))[:, None, None]
    soft = np.where(sharper, first, second)
    soft = softened(soft, _SOFT)
    return np.where(sharper, soft, first), np.where(sharper, second, soft)


def _sharpness(planes: Planes) -> Planes:
    """Share of what pictures show that is narrow, shape (n,)."""
    edges = edged(unit_planes(planes), _NARROW)
    return product(edges, edges)
