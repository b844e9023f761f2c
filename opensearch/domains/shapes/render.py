"""Shapes as pictures, by casting rays on the CPU: no display, no graphics driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

OVERSAMPLING = 1.5
"""Rays a pixel along each side, filtered for smooth edges; 2 costs twice and looks the same."""

_MARGIN = 0.06
# A spoon seen from its tip is drawn larger than true, but not so large as to look like a ball.
_MOST_ZOOM = 1.6
# One light over the viewer's left shoulder that reaches round corners, so that no two visible
# sides of a box come out alike and none is black.
_DARKEST, _BRIGHTEST = 0.2, 0.95
_LIGHT = np.array([-0.40, 0.58, 0.71], np.float32)


@dataclass(frozen=True, slots=True)
class Maps:
    """What the rays of one camera met, each of shape (h, w) or (h, w, 3).

    `hit` is where a surface is; `depth` its height toward the camera; `normal` unit,
    in camera space and turned to the camera (two-sided); `step` is the distance between
    neighbouring rays in the same units as `depth`.
    """

    hit: NDArray[np.bool_]
    depth: NDArray[np.float32]
    normal: NDArray[np.float32]
    step: float


class Shape:
    """Triangles inside the unit sphere, ready for rays.

    Args:
        vertices: shape (n, 3), within the unit sphere around the origin.
        faces: shape (m, 3), rows of vertex numbers; winding does not matter.
    """

    def __init__(self, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self._vertices = np.ascontiguousarray(vertices, np.float32)
        self._scene: Any = EmbreeScene()
        # The scene keeps no reference of its own to its geometry.
        self._mesh: Any = TriangleMesh(
            self._scene, self._vertices, np.ascontiguousarray(faces, np.int32)
        )

    def maps(self, camera: NDArray[np.float64], side: int) -> Maps:
        """Cast side × side parallel rays along one camera of `cameras`."""
        rotation = camera.astype(np.float32)
        centre, half = _frame(self._vertices @ rotation[:2].T)
        step = 2 * half / side
        grid = (np.arange(side, dtype=np.float32) + 0.5) * step - half
        local = np.empty((side, side, 3), np.float32)
        local[..., 0] = centre[0] + grid
        local[..., 1] = centre[1] - grid[:, None]
        local[..., 2] = 2.0
        found = self._scene.run(
            (local.reshape(-1, 3) @ rotation),
            np.broadcast_to(-rotation[2], (side * side, 3)).copy(),
            query="INTERSECT",
            output=True,
        )
        return _as_maps(found, rotation, side, step)


def shade(maps: Maps) -> NDArray[np.float32]:
    """Brightness 0..1, shape (h, w), white where nothing is.

    Normals were turned to the camera, so inverted and doubled faces are lit like any other.
    """
    lit = (maps.normal[maps.hit] @ _LIGHT + 1) / 2
    picture = np.ones(maps.hit.shape, np.float32)
    picture[maps.hit] = _DARKEST + (_BRIGHTEST - _DARKEST) * lit * lit
    return picture


def as_view(picture: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Brightness 0..1, shape (h, w), as a grey view of (size, size, 3), edges smoothed."""
    grey = Image.fromarray((picture * 255 + 0.5).astype(np.uint8))
    small = grey.resize((size, size), Image.Resampling.HAMMING)
    return np.repeat(np.asarray(small)[..., None], 3, axis=-1)


def _frame(flat: NDArray[np.float32]) -> tuple[NDArray[np.floating], float]:
    """Centre and half side of the square, with margin, that holds the projected points."""
    low, high = flat.min(axis=0), flat.max(axis=0)
    half = max(float((high - low).max()) / 2, 1 / _MOST_ZOOM)
    return (low + high) / 2, half * (1 + 2 * _MARGIN)


def _as_maps(
    found: dict[str, NDArray[Any]], rotation: NDArray[np.float32], side: int, step: float
) -> Maps:
    hit = found["primID"] >= 0
    depth = np.full(side * side, -2.0, np.float32)
    depth[hit] = 2.0 - found["tfar"][hit]
    normal = np.zeros((side * side, 3), np.float32)
    turned = found["Ng"][hit] @ rotation.T
    length = np.sqrt((turned * turned).sum(axis=1, keepdims=True))
    turned /= np.maximum(length, 1e-20)
    normal[hit] = np.where(turned[:, 2:] < 0, -turned, turned)
    return Maps(
        hit=hit.reshape(side, side),
        depth=depth.reshape(side, side),
        normal=normal.reshape(side, side, 3),
        step=step,
    )
