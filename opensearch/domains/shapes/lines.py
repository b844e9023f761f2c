"""Line drawings of shapes: occluding contours and creases, as a person would sketch them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.shapes.render import Maps

CREASE = 40.0
"""Degrees between neighbouring surfaces from which on their edge is drawn."""

# A surface leaves its neighbour's plane by this many ray steps before an edge counts as a jump.
_JUMP = 4.0


def draw_lines(maps: Maps, width: int) -> NDArray[np.float32]:
    """Brightness 0..1, shape (h, w): black lines `width` pixels wide on white."""
    return 1 - _thick(edge_map(maps), width)


def edge_map(maps: Maps) -> NDArray[np.bool_]:
    """Pixels, shape (h, w), on a silhouette, a jump in depth or a crease.

    A jump is measured against the plane of the nearer surface, so that a floor seen at a
    grazing angle is not full of lines.
    """
    edges = np.zeros(maps.hit.shape, np.bool_)
    for axis in (0, 1):
        a, b = _pair(axis, 0), _pair(axis, 1)
        both = maps.hit[a] & maps.hit[b]
        crossing = (maps.hit[a] != maps.hit[b]) | (both & _breaks(maps, a, b, axis))
        edges[a] |= crossing
    return edges


def _breaks(
    maps: Maps, a: tuple[slice, slice], b: tuple[slice, slice], axis: int
) -> NDArray[np.bool_]:
    first, second = maps.normal[a], maps.normal[b]
    bend = np.einsum("ijk,ijk->ij", first, second)
    rise = maps.depth[b] - maps.depth[a]
    # Along rows y falls by one step, along columns x grows by one.
    along = -maps.step if axis == 0 else maps.step
    part = 1 - axis
    off_first = np.abs(rise * first[..., 2] + along * first[..., part])
    off_second = np.abs(rise * second[..., 2] + along * second[..., part])
    jump = np.minimum(off_first, off_second) > _JUMP * maps.step
    broken: NDArray[np.bool_] = jump | (bend < np.float32(np.cos(np.deg2rad(CREASE))))
    return broken


def _pair(axis: int, second: int) -> tuple[slice, slice]:
    window = slice(1, None) if second else slice(None, -1)
    return (window, slice(None)) if axis == 0 else (slice(None), window)


def _thick(edges: NDArray[np.bool_], width: int) -> NDArray[np.float32]:
    from scipy.ndimage import maximum_filter

    return maximum_filter(edges.astype(np.uint8), size=width).astype(np.float32)
