"""FBX, Collada and 3DS, read by Assimp (the extra `assimp`)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def load_fbx(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an FBX file as its nodes place them.

    Raises:
        UnreadableFile: damaged, or without a triangle.
        OverLimit: over `limits.faces`.
    """
    return _load(data, ".fbx", limits)


def load_3ds(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_fbx`, of a 3DS file."""
    return _load(data, ".3ds", limits)


def load_dae(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_fbx`, of a Collada file.

    Raises:
        UnreadableFile: also where it binds a mesh to joints, which would be misplaced.
    """
    if b"instance_controller" in data:
        raise UnreadableFile("binds meshes to joints, which is not read; export it as .glb")
    return _load(data, ".dae", limits)


def _load(data: bytes, suffix: str, limits: Limits) -> Triangles:
    import assimp_py

    wanted = assimp_py.Process_Triangulate | assimp_py.Process_PreTransformVertices
    # It opens files by name; alone in a folder, a file finds no other to name.
    with tempfile.TemporaryDirectory(prefix="opensearch-") as folder:
        path = Path(folder, f"mesh{suffix}")
        path.write_bytes(data)
        try:
            scene: Any = assimp_py.import_file(str(path), wanted)
        except RuntimeError as error:
            reason = str(error).partition(f"{path}': ")[2].replace(f": {path}", "").rstrip(". ")
            raise UnreadableFile(
                f"cannot be read: {reason or 'no mesh was found in it'}; if a program opens it,"
                " export it as .glb there"
            ) from error
    return _gathered(scene, limits)


def _gathered(scene: Any, limits: Limits) -> Triangles:
    vertices, faces, start, count = [], [], 0, 0
    for mesh in scene.meshes:
        corners = np.asarray(mesh.indices, np.int64)
        if len(corners) != 3 * mesh.num_faces:
            continue  # points and lines
        count += mesh.num_faces
        if count > limits.faces:
            raise OverLimit(f"has over {limits.faces:,} faces, the limit")
        vertices.append(np.asarray(mesh.vertices, np.float64).reshape(-1, 3))
        faces.append(corners.reshape(-1, 3) + start)
        start += len(vertices[-1])
    if not faces:
        raise UnreadableFile("has no faces")
    return Triangles(np.concatenate(vertices), np.concatenate(faces))
