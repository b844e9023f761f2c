"""What `benchmarks.planted` does to shapes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.mesh import load_triangles
from opensearch.limits import Limits

Rng: TypeAlias = np.random.Generator
Mesh: TypeAlias = tuple[NDArray[np.float64], NDArray[np.int64]]
Change: TypeAlias = Callable[[Mesh, Rng], Mesh]


def _reordered(mesh: Mesh, rng: Rng) -> Mesh:
    vertices, faces = mesh
    order = rng.permutation(len(vertices))
    return vertices[order], np.argsort(order)[faces][rng.permutation(len(faces))]


def _rotated(mesh: Mesh, rng: Rng) -> Mesh:
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    return mesh[0] @ (turn * np.sign(np.linalg.det(turn))), mesh[1]


def _simplified(to: float) -> Change:
    """To a share of its faces."""

    def made(mesh: Mesh, _: Rng) -> Mesh:
        import trimesh

        whole = trimesh.Trimesh(*mesh, process=False)
        whole.merge_vertices()
        less = whole.simplify_quadric_decimation(percent=1 - to)
        return np.asarray(less.vertices, np.float64), np.asarray(less.faces, np.int64)

    return made


def _simplified_and_rotated(mesh: Mesh, rng: Rng) -> Mesh:
    return _rotated(_simplified(0.5)(mesh, rng), rng)


def _divided(mesh: Mesh, _: Rng) -> Mesh:
    """Each face in four."""
    import trimesh

    more = trimesh.Trimesh(*mesh, process=False).subdivide()
    return np.asarray(more.vertices, np.float64), np.asarray(more.faces, np.int64)


def _rounded(mesh: Mesh, _: Rng) -> Mesh:
    """Written with three digits of its size."""
    size = float(np.ptp(mesh[0], axis=0).max())
    return np.round(mesh[0] / size, 3) * size, mesh[1]


def _resaved(mesh: Mesh, _: Rng) -> Mesh:
    """Through an .stl file: single precision, corners no longer shared."""
    import trimesh

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "copy.stl")
        trimesh.Trimesh(*mesh, process=False).export(path)
        return load_triangles(path, Limits())


SHAPES: Final[dict[str, Change]] = {
    "re-ordered": _reordered,
    "scaled and moved": lambda mesh, rng: (
        mesh[0] * rng.uniform(0.01, 100) + rng.normal(size=3),
        mesh[1],
    ),
    "rotated": _rotated,
    "another format (STL)": _resaved,
    "simplified to half": _simplified(0.5),
}
"""What the bar is set for."""

OTHERS: Final[dict[str, Change]] = {
    "corners not shared": lambda mesh, _: (
        mesh[0][mesh[1].ravel()],
        np.arange(mesh[1].size).reshape(-1, 3),
    ),
    "each face in four": _divided,
    "three digits": _rounded,
    "mirrored": lambda mesh, _: (mesh[0] * [-1, 1, 1], mesh[1][:, ::-1]),
    "simplified to three quarters": _simplified(0.75),
    "simplified to a third": _simplified(0.33),
    "simplified to half and rotated": _simplified_and_rotated,
}
"""What else befalls shapes: with `--others`."""
