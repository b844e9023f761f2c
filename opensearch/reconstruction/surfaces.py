"""From a grid of probabilities to a mesh file: marching cubes, smoothing, size, writing."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.tensors import write_out
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.extras import require
from opensearch.model import Mesh

SUFFIXES: Final = (".obj", ".ply", ".stl", ".glb")
"""Of the files that a mesh can be written to."""

_FINER: Final = 2
"""Parts of a voxel's side: a rod one voxel thick keeps .87 of its volume so, .49 if it is whole."""
# Taubin's two steps: the second, outward and a little longer, undoes how the first one shrinks.
_INWARD, _OUTWARD = 0.5, 0.53
_STEPS: Final = 40


def surface(grid: NDArray[np.floating], level: float) -> Mesh:
    """The smoothed surface between voxels below and above a level, closed, facing outward.

    Args:
        grid: shape (n, n, n), axes x, y, z.
        level: below the largest value of the grid and above 0.

    Returns:
        Vertices in voxels, the middle of voxel (0, 0, 0) at the origin.

    Raises:
        InvalidInput: no voxel is above the level.
        MissingExtra: scikit-image or trimesh is not installed.

    Source:
        Lorensen and Cline, "Marching cubes", 1987, by scikit-image; Taubin, "A signal processing
        approach to fair surface design", 1995, by trimesh.
    """
    check_extra()
    if not 0 < level < grid.max():
        raise InvalidInput(
            f"`level` must lie above 0 and below the grid's largest value, {grid.max():.3g}; got"
            f" {level:g}: no surface lies there"
        )
    from skimage import measure
    from trimesh import smoothing

    fine = np.pad(grid, 1).astype(np.float64)
    for axis in range(3):
        fine = fine.repeat(_FINER, axis)
    march: Any = measure.marching_cubes
    smooth: Any = smoothing.filter_taubin
    vertices, faces, _, _ = march(fine, level, gradient_direction="ascent")
    made = _trimesh(Mesh((vertices + 0.5) / _FINER - 1.5, faces))
    smooth(made, lamb=_INWARD, nu=_OUTWARD, iterations=_STEPS)
    return Mesh(np.array(made.vertices), np.array(made.faces))


def sized(mesh: Mesh, box: NDArray[np.floating]) -> Mesh:
    """The mesh stretched along x, y and z to the sides (3,) of a box round the origin.

    A side along which the mesh has no extent stays so.
    """
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    extent = high - low
    scale = np.divide(box, extent, out=np.ones(3), where=extent > 0)
    return Mesh((mesh.vertices - (low + high) / 2) * scale, mesh.faces)


def check_out(out: Path, overwrite: bool = False) -> None:
    """Refuse a file that a mesh cannot be written to, before any work is done for it.

    Raises:
        InvalidInput: an unknown ending, no such folder, a folder or file that cannot be written
            to, or a file that is there already and was not to be overwritten.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InvalidInput(
            f"cannot tell the format of {str(out)!r} by its ending; known: {', '.join(SUFFIXES)}"
        )
    check_free(out, overwrite)


def check_free(out: Path, overwrite: bool = False) -> None:
    """Refuse a path that no file can be written to.

    Raises:
        InvalidInput: see `check_out`.
    """
    if out.is_dir():
        raise InvalidInput(f"{str(out)!r} is a folder; name a file in it")
    if out.exists() and not overwrite:
        raise InvalidInput(f"{str(out)!r} is there already; name another file, or `overwrite` it")
    if not out.parent.is_dir():
        raise InvalidInput(f"there is no folder {str(out.parent)!r} to write to; make it first")
    if not os.access(out.parent, os.W_OK):
        raise InvalidInput(f"nothing can be written in {str(out.parent)!r}; name another folder")


def mesh_file(mesh: Mesh, suffix: str, told: Mapping[str, Any] | None = None) -> bytes:
    """A mesh as the bytes of a file of one of `SUFFIXES`; y is up in all of them.

    Args:
        told: what is said of it, as plain JSON types: kept in `asset.extras` of a .glb, the one
            format that has a place for it.

    Raises:
        MissingExtra: trimesh is not installed.
    """
    check_extra()
    kind = suffix.lower().lstrip(".")
    more = {"tree_postprocessor": lambda tree: tree["asset"].update(extras=told)} if told else {}
    content: Any = _trimesh(mesh).export(file_type=kind, **(more if kind == "glb" else {}))
    return content.encode() if isinstance(content, str) else content


def voxel_file(grid: NDArray[np.float32]) -> bytes:
    """A grid (32, 32, 32) as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, grid, allow_pickle=False)
    return buffer.getvalue()


def write_mesh(mesh: Mesh, out: Path, *, overwrite: bool = False) -> None:
    """Write a mesh; the ending of the file says the format.

    Raises:
        InvalidInput: see `check_out`, or writing failed.
        MissingExtra: trimesh is not installed.
    """
    check_out(out, overwrite)
    write(out, mesh_file(mesh, out.suffix))


def write(out: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        InvalidInput: it cannot be written.
        OpenSearchError: the disk is full.
    """
    try:
        write_out(out, content)
    except OSError as error:
        raise unwritable(error)(f"cannot write {str(out)!r}: {system_reason(error)}") from error


def check_extra() -> None:
    """Refuse to begin without the packages that make and write surfaces.

    Raises:
        MissingExtra: one is not installed.
    """
    require("reconstruction", "skimage", "trimesh")


def _trimesh(mesh: Mesh) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import trimesh

    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
