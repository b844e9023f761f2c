"""The solids that USD names instead of giving faces: cubes, spheres, cylinders, cones, capsules.

Source:
    OpenUSD, the schemas of UsdGeom.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.triangles import Triangles

_AROUND: Final = 32
_QUARTER: Final = np.linspace(0, np.pi / 2, 9)
_AXES: Final = {"Z": 0, "X": 1, "Y": 2}
"""How far the columns of what stands on z are rolled to stand on another axis."""


def solid(prim: Any, moment: Any) -> Triangles | None:
    """The triangles of a solid or a plane in its own frame, None for any other kind."""

    def value(name: str) -> float:
        return float(prim.GetAttribute(name).Get(moment))

    kind = prim.GetTypeName()
    if kind == "Cube":
        return _cube(value("size") / 2)
    if kind == "Sphere":
        return _turned(_caps(value("radius"), value("radius"), 0))
    if kind == "Plane":
        half = np.array([value("width") / 2, value("length") / 2, 0])
        made = Triangles(half * [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], _halves(4))
    elif kind in ("Cylinder", "Cone"):
        top = 0.0 if kind == "Cone" else value("radius")
        made = _turned(_frustum(value("radius"), top, value("height") / 2))
    elif kind == "Cylinder_1":
        made = _turned(_frustum(value("radiusBottom"), value("radiusTop"), value("height") / 2))
    elif kind in ("Capsule", "Capsule_1"):
        low, high = ("radiusBottom", "radiusTop") if kind[-1] == "1" else ("radius", "radius")
        made = _turned(_caps(value(low), value(high), value("height") / 2))
    else:
        return None
    shift = _AXES[str(prim.GetAttribute("axis").Get(moment))]
    return Triangles(np.roll(made.vertices, shift, axis=1), made.faces)


def _cube(half: float) -> Triangles:
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    sides = np.array(
        [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    )
    return Triangles(half * corners, sides[:, _halves(4)].reshape(-1, 3))


def _halves(corners: int) -> NDArray[np.int64]:
    """A fan of triangles over as many corners."""
    return np.array([(0, k, k + 1) for k in range(1, corners - 1)], np.int64)


def _frustum(low: float, high: float, half: float) -> NDArray[np.float64]:
    """Distances from the axis and heights, from the middle of the bottom to that of the top."""
    return np.array([(0, -half), (low, -half), (high, half), (0, half)])


def _caps(low: float, high: float, half: float) -> NDArray[np.float64]:
    """As `_frustum`, with a half of a sphere on either end."""
    bottom = np.column_stack([low * np.sin(_QUARTER), -half - low * np.cos(_QUARTER)])
    top = np.column_stack([high * np.cos(_QUARTER), half + high * np.sin(_QUARTER)])
    return np.concatenate([bottom, top])


def _turned(profile: NDArray[np.float64]) -> Triangles:
    """What a profile, shape (n, 2), goes through as it is turned about z."""
    angles = np.arange(_AROUND) * (2 * np.pi / _AROUND)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    points = np.empty((len(profile), _AROUND, 3))
    points[..., :2] = profile[:, None, :1] * circle
    points[..., 2] = profile[:, None, 1]
    ring, at = np.indices((len(profile) - 1, _AROUND))
    here, beside = ring * _AROUND + at, ring * _AROUND + (at + 1) % _AROUND
    sides = np.stack([here, beside, beside + _AROUND, here + _AROUND], axis=-1)
    return Triangles(points.reshape(-1, 3), sides[..., _halves(4)].reshape(-1, 3))
