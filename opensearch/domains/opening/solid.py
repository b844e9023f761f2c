"""The triangles that a shape's views are drawn from, for callers that draw it in other ways."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.files import reading
from opensearch.domains.mesh import load_triangles
from opensearch.domains.shapes.framing import unit_triangles
from opensearch.domains.shapes.upright import upright_axis
from opensearch.limits import Limits
from opensearch.records import Up


@dataclass(frozen=True, eq=False)
class Solid:
    """A shape in the unit sphere: `vertices` (n, 3) float32, `faces` (m, 3) int32, the axis up."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    up: Up


def read_solid(path: Path, up: Up | None, limits: Limits) -> Solid:
    """The triangles of a mesh file.

    Args:
        up: which axis is up; told by its format when `None`.

    Raises:
        UnreadableFile: the file is damaged or holds no faces.
        OverLimit: over the limits of bytes or faces.
    """
    with reading(path, "shape"):
        axis = upright_axis(path, up)
        return Solid(*unit_triangles(*load_triangles(path, limits), axis), axis)
