"""Shapes as pictures, by casting rays on the CPU: no display, no graphics driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.cameras import cameras

OVERSAMPLING = 2
"""Rays a pixel along each side; averaged for smooth edges."""

_MARGIN = 0.06
# A spoon seen from its tip is drawn larger than true, but not so large as to look like a ball.
_MOST_ZOOM = 1.6
_AMBIENT, _HEADLIGHT, _SIDELIGHT = 0.22, 0.45, 0.28
_LIGHT = np.array([-0.5, 0.75, 0.43], np.float32)


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


def shaded_views(shape: Shape, size: int, count: int) -> NDArray[np.uint8]:
    """Grey pictures on white from the first `count` cameras, shape (count, size, size, 3)."""
    pictures = [shade(shape.maps(camera, OVERSAMPLING * size)) for camera in cameras(count)]
    return as_views([shrink(picture) for picture in pictures], size)


def shade(maps: Maps) -> NDArray[np.float32]:
    """Brightness 0..1, shape (h, w), white where nothing is.

    Light comes from the camera and from its upper left. Normals are turned to the camera
    first, so inverted and doubled faces are lit like any other.
    """
    normal = maps.normal[maps.hit]
    facing = normal[:, 2]
    side = np.maximum(normal @ _LIGHT, 0)
    picture = np.ones(maps.hit.shape, np.float32)
    picture[maps.hit] = np.minimum(_AMBIENT + _HEADLIGHT * facing + _SIDELIGHT * side, 1)
    return picture


def shrink(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each block of `OVERSAMPLING` by `OVERSAMPLING` pixels."""
    k = OVERSAMPLING
    total = picture[0::k, 0::k].copy()
    for row in range(k):
        for column in range(k):
            if row or column:
                total += picture[row::k, column::k]
    return total / np.float32(k * k)


def as_views(pictures: list[NDArray[np.float32]], size: int) -> NDArray[np.uint8]:
    """Brightness 0..1 as grey views, shape (len(pictures), size, size, 3), uint8."""
    if not pictures:
        return np.zeros((0, size, size, 3), np.uint8)
    grey = (np.stack(pictures) * 255 + 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _frame(flat: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
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
