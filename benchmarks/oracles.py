"""What other programs make of a file: the measures and pictures that ours are held against."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.domains.mesh import load_triangles
from opensearch.domains.meshes.triangles import Triangles

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Measures:
    """The bounds of all faces, two corners of shape (3,), and the area of all of them."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    area: float

    def agrees(self, other: Measures) -> bool:
        """Whether bounds lie within a thousandth of the diagonal, and areas within a hundredth."""
        room = 1e-3 * float(np.linalg.norm(other.high - other.low))
        near = np.abs(self.low - other.low).max() <= room
        near &= np.abs(self.high - other.high).max() <= room
        return bool(near) and abs(self.area - other.area) <= 1e-2 * other.area

    def __str__(self) -> str:
        return f"area {self.area:.6g}, sides {np.round(self.high - self.low, 6).tolist()}"


def measured(mesh: Triangles) -> Measures | None:
    """The measures of triangles; None where they have no area."""
    points = mesh.vertices[mesh.faces]
    points = points[np.isfinite(points).all(axis=(1, 2))]
    if len(points) == 0:
        return None
    sides = points[:, 1:] - points[:, :1]
    area = float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)
    corners = points.reshape(-1, 3)
    return Measures(corners.min(axis=0), corners.max(axis=0), area) if area > 0 else None


def by_us(path: Path) -> Measures | None:
    """Our own reading of a mesh; raises what the reader raises."""
    return measured(load_triangles(path, Limits()))


def by_assimp(path: Path) -> Measures | None:
    """What `assimp export` writes as STL; None where it cannot, or nothing is there."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.stl"
        command = ["assimp", "export", str(path), str(out), "-fstlb", "-ptv"]
        try:
            subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
        return _stl(out.read_bytes()) if out.exists() else None


def _stl(data: bytes) -> Measures | None:
    """Measures of a binary STL; assimp counts lines as faces, so its count is not looked at."""
    facet = np.dtype([("normal", "<f4", 3), ("corners", "<f4", 9), ("attribute", "<u2")])
    facets = np.frombuffer(data, facet, max(0, len(data) - 84) // facet.itemsize, 84)
    vertices = facets["corners"].astype(np.float64).reshape(-1, 3)
    return measured(Triangles(vertices, np.arange(len(vertices)).reshape(-1, 3)))


def by_trimesh(path: Path) -> Measures | None:
    """What trimesh's own loader makes of a mesh; None where it fails or finds no face."""
    import trimesh

    try:
        scene: Any = trimesh.load_scene(path, process=False, skip_materials=True)
        mesh = scene.to_mesh()
        return measured(Triangles(np.asarray(mesh.vertices), np.asarray(mesh.faces)))
    except Exception:
        # An oracle may fail in any way; then it says nothing.
        return None


MESH_ORACLES = {"assimp": by_assimp, "trimesh": by_trimesh}
