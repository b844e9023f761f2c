"""FBX, Collada and 3DS, read by Assimp (the extra `assimp`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from opensearch.domains.meshes.collada_skins import unbound
from opensearch.domains.meshes.fbx_hidden import without_hidden
from opensearch.domains.meshes.threeds_pivots import without_second_placing
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.processes.room import room

# What of Collada has no say in a shape, and may keep it from being read.
_NO_SURFACE: Final = re.compile(rb"<(/?)(?:lines|linestrips|library_images)\b[^<>]*?(/?)>")
_LINES: Final = "assumes triangulated faces"
_NO_MEMORY: Final = "bad_alloc"
_ASCII: Final = bytes(range(128)) + b"_" * 128


def load_fbx(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an FBX file as its nodes place them, without those that are hidden.

    Raises:
        UnreadableFile: damaged, or without a triangle.
        OverLimit: over `limits.faces`.
    """
    return _load(without_hidden(data), ".fbx", limits)


def load_3ds(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_fbx`, of a 3DS file."""
    return _load(without_second_placing(data), ".3ds", limits)


def load_dae(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_fbx`, of a Collada file; meshes that are bound to joints stand as they were bound.

    Raises:
        UnreadableFile: also where it binds a mesh to joints that are not there.
    """
    if b"instance_controller" in data:
        data = unbound(data)
    return _load(_surfaces(data), ".dae", limits)


def _surfaces(data: bytes) -> bytes:
    """A Collada file without what has no say in its shape, in one pass over its tags."""
    kept, start, depth = [], 0, 0
    for tag in _NO_SURFACE.finditer(data):
        if depth == 0:
            kept.append(data[start : tag.start()])
        closes, alone = tag.groups()
        depth += 0 if alone else -1 if closes else 1
        start = tag.end()
    return b"".join([*kept, data[start:]]) if depth == 0 else data


def _load(data: bytes, suffix: str, limits: Limits) -> Triangles:
    # It opens files by name; alone in a folder, a file finds no other to name.
    with room() as folder:
        path = Path(folder, f"mesh{suffix}")
        return _gathered(_scene(data, path), limits)


def _scene(data: bytes, path: Path) -> Any:
    """What Assimp makes of a file; names that are no UTF-8, which its package wants, renamed."""
    import assimp_py

    wanted = assimp_py.Process_Triangulate | assimp_py.Process_PreTransformVertices
    while True:
        path.write_bytes(data)
        try:
            return assimp_py.import_file(str(path), wanted)
        except UnicodeDecodeError as error:
            renamed = _renamed(data, error.object)
            if renamed == data:
                raise
            data = renamed
        except (RuntimeError, ValueError) as error:
            if _NO_MEMORY in str(error):
                raise MemoryError from error
            raise UnreadableFile(
                f"cannot be read: {_reason(error, path)}; if a program opens it, export it as .glb"
                " there"
            ) from error


def _renamed(data: bytes, name: bytes) -> bytes:
    """The file with a name in ASCII, as long as it was.

    In a binary file the length of a name, or of what holds it, stands before it, with zeros.
    """
    if b"\0" not in data[:64]:
        return data.translate(_ASCII)
    return data.replace(b"\0\0" + name, b"\0\0" + name.translate(_ASCII))


def _reason(error: Exception, path: Path) -> str:
    text = str(error)
    if _LINES in text:
        return "it holds lines, and its reader knows faces alone"
    reason = text.partition(f"{path}': ")[2].replace(f": {path}", "").rstrip(". ")
    return reason or "no mesh was found in it"


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
