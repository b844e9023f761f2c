"""Four-sided outlines made of the straight edges in a picture.

Source:
    Duda and Hart, "Use of the Hough transformation to detect lines and curves in pictures",
    CACM 15(1), 1972; votes only near the direction of the gradient (O'Gorman and Clowes, 1976).
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.paper.outline import Points

Picture = NDArray[np.float32]
"""Shape (h, w, channels), values 0..255."""

_STEEP: Final = 2.5
"""Least change of brightness at an edge, per pixel."""
_TURN: Final = 4
"""How far an edge's direction may be from the gradient that shows it, degrees."""
_BIN: Final = 2
"""Breadth of the bands in which votes for a line are counted, pixels."""
_MOST_LINES, _MOST_PEAKS = 18, 45
"""Lines that outlines are made of, and how many peaks of votes are looked at for them."""
_LEAST_VOTES: Final = 0.12
"""Length of an edge at the least, share of the picture's shorter side."""
_APART_TURN, _APART = 6, 3
"""Lines are one where they differ less, degrees and bands."""
_SAME_TURN: Final = 2
_RING: Final = 3
"""How far from a line its two sides are compared, pixels."""
_STEP: Final = 14
"""Least change of brightness or colour over a line."""
_SIDE_SHOWN: Final = 0.4
_SHOWN: Final = 0.6
"""Share of one side, and of all sides in view, that must show that change."""
_TELLING: Final = 15
"""Length of a side from which it must show on its own, pixels."""
_OPPOSITE, _CORNER = 40, 45
"""Degrees between opposite sides at the most, and between neighbours at the least."""
_BEYOND: Final = 0.5
"""How far out of the picture a corner may be, share of its side."""


def edge_points(picture: Picture) -> NDArray[np.bool_]:
    """Where brightness or colour changes most steeply: lines about one pixel wide, (h, w)."""
    across, down = _gradient(picture)
    return _ridge(np.hypot(across, down), across, down)


def steepness(picture: Picture) -> NDArray[np.float32]:
    """How much brightness or colour changes per pixel, shape (h, w)."""
    return np.asarray(np.hypot(*_gradient(picture)), np.float32)


def _gradient(picture: Picture) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Steepest change over the channels, across and down, per pixel; each of shape (h, w)."""
    from scipy.ndimage import uniform_filter

    across, down = np.zeros_like(picture), np.zeros_like(picture)
    for channel in range(picture.shape[2]):
        soft = uniform_filter(picture[..., channel], 3)
        across[:, 1:-1, channel] = (soft[:, 2:] - soft[:, :-2]) / 2
        down[1:-1, :, channel] = (soft[2:] - soft[:-2]) / 2
    most = (across**2 + down**2).argmax(axis=2)[..., None]
    return (
        np.take_along_axis(across, most, 2)[..., 0],
        np.take_along_axis(down, most, 2)[..., 0],
    )


def outlines(picture: Picture, least: float) -> Points:
    """Four-sided areas whose sides show as edges, best first.

    Sides may lie out of the picture.

    Args:
        picture: small, without fine marks.
        least: share of the picture that an outline encloses.

    Returns:
        Corners, shape (n, 4, 2), clockwise.
    """
    lines = _lines(picture)
    height, width = picture.shape[:2]
    if not len(lines):
        return np.zeros((0, 4, 2))
    seen, shown = _support(picture, lines)
    beyond = [[0.0, -2.0], [0.0, width + 1.0], [90.0, -2.0], [90.0, height + 1.0]]
    lines = np.concatenate([lines, beyond])
    nothing = np.zeros((4, seen.shape[1]))
    seen, shown = np.concatenate([seen, nothing]), np.concatenate([shown, nothing])
    sides = _sides(lines)
    if not len(sides):
        return np.zeros((0, 4, 2))
    corners, sides = _corners(lines, sides, np.array([width, height]), least)
    length = _length_shown(lines, sides, corners, seen, shown)
    order = np.argsort(-length, kind="stable")
    return corners[order[: np.count_nonzero(length > 0)]]


def _lines(picture: Picture) -> NDArray[np.float64]:
    """Straight edges, shape (n, 2): direction of the normal, degrees 0..180, and offset, pixels."""
    across, down = _gradient(picture)
    steep = np.hypot(across, down)
    rows, columns = np.nonzero(_ridge(steep, across, down))
    if len(rows) < 2:
        return np.zeros((0, 2))
    angle = np.rad2deg(np.arctan2(down[rows, columns], across[rows, columns]))
    reach = int(np.hypot(*picture.shape[:2])) // _BIN + 2
    votes = np.zeros((180, 2 * reach + 1))
    for turn in range(-_TURN, _TURN + 1):
        normal = np.round(angle + turn).astype(int)
        offset = _offset(columns, rows, normal % 180)
        np.add.at(votes, (normal % 180, np.round(offset / _BIN).astype(int) + reach), 1)
    soft = votes[:, :-2] + 2 * votes[:, 1:-1] + votes[:, 2:]
    least = 2 * _LEAST_VOTES * min(picture.shape[:2])
    found: list[list[float]] = []
    for _ in range(_MOST_PEAKS):
        if len(found) == _MOST_LINES or soft.max() < least:
            break
        turn, place = divmod(int(soft.argmax()), soft.shape[1])
        line = _fitted(float(turn), float(place + 1 - reach) * _BIN, columns, rows, angle)
        if not any(_same(line, other) for other in found):
            found.append(line)
        for near in range(turn - _APART_TURN, turn + _APART_TURN + 1):
            # Over a half turn the offset changes its sign.
            at = place if 0 <= near < 180 else soft.shape[1] - 1 - place
            soft[near % 180, max(at - _APART, 0) : at + _APART + 1] = 0
    return np.array(found).reshape(-1, 2)


def _same(line: list[float], other: list[float]) -> bool:
    turn, offset = line[0] - other[0], other[1]
    if abs(turn) > 90:
        turn, offset = abs(turn) - 180, -offset
    return abs(turn) <= _SAME_TURN and abs(line[1] - offset) <= _BIN


def _offset(x: NDArray[np.int_], y: NDArray[np.int_], normal: NDArray[np.int_]) -> Points:
    turn = np.deg2rad(normal)
    return np.asarray(x * np.cos(turn) + y * np.sin(turn))


def _ridge(
    steep: NDArray[np.float32], across: NDArray[np.float32], down: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Where a change is steep, and steepest along its direction."""
    around = np.pad(steep, 1)
    flat = np.abs(across) >= np.abs(down)
    before = np.where(flat, around[1:-1, :-2], around[:-2, 1:-1])
    behind = np.where(flat, around[1:-1, 2:], around[2:, 1:-1])
    return (steep >= _STEEP) & (steep >= before) & (steep > behind)


def _fitted(
    normal: float,
    offset: float,
    x: NDArray[np.int_],
    y: NDArray[np.int_],
    angle: NDArray[np.float32],
) -> list[float]:
    """A line, normal and offset, through the edges that voted for one."""
    near = np.abs(_offset(x, y, np.array(normal)) - offset) <= 1.5 * _BIN
    near &= np.abs((angle - normal + 90) % 180 - 90) <= 2 * _TURN
    if near.sum() < 8:
        return [normal, offset]
    points = np.stack([x[near], y[near]], axis=1).astype(np.float64)
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - middle, full_matrices=False)
    turn = float(np.rad2deg(np.arctan2(axes[1, 1], axes[1, 0]))) % 180
    unit = np.array([np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))])
    return [turn, float(middle @ unit)]


def _frames(lines: NDArray[np.float64]) -> tuple[Points, Points, Points]:
    """The foot of each line's normal, the normal and the direction, each (n, 2)."""
    turn = np.deg2rad(lines[:, 0])
    normal = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return normal * lines[:, 1:], normal, np.stack([-normal[:, 1], normal[:, 0]], axis=1)


def _support(
    picture: Picture, lines: NDArray[np.float64]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """How much of each line, up to each pixel along it, is in view, and shows as an edge."""
    height, width = picture.shape[:2]
    reach = height + width
    foot, normal, along = _frames(lines)
    steps = np.arange(-reach, reach + 1)[:, None]
    points = foot[:, None] + steps * along[:, None]
    near, far = points - _RING * normal[:, None], points + _RING * normal[:, None]
    room = np.array([width - 1, height - 1])
    seen = ((near >= 0) & (near <= room) & (far >= 0) & (far <= room)).all(axis=2)
    values = []
    for side in (near, far):
        x, y = np.rint(side.clip(0, room)).astype(int).transpose(2, 0, 1)
        values.append(picture[y, x])
    step = np.abs(values[0] - values[1]).max(axis=2)
    return seen.cumsum(axis=1), (seen & (step >= _STEP)).cumsum(axis=1)


def _sides(lines: NDArray[np.float64]) -> NDArray[np.int_]:
    """Four lines each, shape (n, 4), the first opposite to the third."""
    turn = np.abs((lines[:, None, 0] - lines[None, :, 0] + 90) % 180 - 90)
    pairs = [p for p in combinations(range(len(lines)), 2) if turn[p] <= _OPPOSITE]
    if len(pairs) < 2:
        return np.zeros((0, 4), int)
    pair = np.array(pairs)
    i, j = np.triu_indices(len(pair), 1)
    sides = np.stack([pair[i, 0], pair[j, 0], pair[i, 1], pair[j, 1]], axis=1)
    crossing = [turn[sides[:, k], sides[:, (k + 1) % 4]] for k in range(4)]
    kept: NDArray[np.int_] = sides[np.min(crossing, axis=0) >= _CORNER]
    return kept


def _corners(
    lines: NDArray[np.float64], sides: NDArray[np.int_], size: NDArray[np.int_], least: float
) -> tuple[Points, NDArray[np.int_]]:
    """Corners (n, 4, 2) of the outlines that are convex, large and near; their sides.

    Corner k lies between the sides k and k + 1; corners are in order clockwise.
    """
    _, normal, _ = _frames(lines)
    found = []
    for k in range(4):
        a, b = sides[:, k], sides[:, (k + 1) % 4]
        both = np.stack([normal[a], normal[b]], axis=1)
        offsets = np.stack([lines[a, 1], lines[b, 1]], axis=1)
        found.append(np.linalg.solve(both, offsets[..., None])[..., 0])
    corners = np.stack(found, axis=1)
    ways = np.roll(corners, -1, axis=1) - corners
    nexts = np.roll(ways, -1, axis=1)
    bend = ways[..., 0] * nexts[..., 1] - ways[..., 1] * nexts[..., 0]
    fine = (bend > 0).all(axis=1) | (bend < 0).all(axis=1)
    inside = corners.clip(0, size - 1)
    fine &= (np.abs(corners - size / 2) <= size * (0.5 + _BEYOND)).all(axis=(1, 2))
    fine &= _areas(inside) >= least * size.prod()
    corners, sides, bend = corners[fine], sides[fine], bend[fine]
    back = bend[:, 0] < 0
    corners[back] = corners[back, ::-1]
    # Backwards, corner k is the old 3 - k, which lies between the old sides 3 - k and 4 - k.
    sides[back] = sides[back][:, [0, 3, 2, 1]]
    return corners, sides


def _areas(corners: Points) -> NDArray[np.float64]:
    x, y = corners[..., 0], corners[..., 1]
    across = x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)
    return np.asarray(np.abs(across.sum(axis=1)) / 2)


def _length_shown(
    lines: NDArray[np.float64],
    sides: NDArray[np.int_],
    corners: Points,
    seen: NDArray[np.integer],
    shown: NDArray[np.integer],
) -> NDArray[np.float64]:
    """The length of each outline that shows as an edge, less what is in view but does not.

    It is 0 where one side shows hardly any.
    """
    foot, _, along = _frames(lines)
    middle = seen.shape[1] // 2
    in_view, as_edge = [], []
    for k in range(4):
        side = sides[:, k]
        ends = [
            ((corners[:, at % 4] - foot[side]) * along[side]).sum(axis=1) + middle
            for at in (k - 1, k)
        ]
        first, last = (np.rint(end).astype(int).clip(0, seen.shape[1] - 1) for end in ends)
        first, last = np.minimum(first, last), np.maximum(first, last)
        in_view.append(seen[side, last] - seen[side, first])
        as_edge.append(shown[side, last] - shown[side, first])
    whole, found = np.stack(in_view, axis=1), np.stack(as_edge, axis=1)
    each = np.where(whole >= _TELLING, found / np.maximum(whole, 1), 1.0)
    good = (each >= _SIDE_SHOWN).all(axis=1)
    good &= found.sum(axis=1) >= _SHOWN * whole.sum(axis=1)
    return np.asarray(np.where(good, 2 * found.sum(axis=1) - whole.sum(axis=1), 0.0))
