"""Formats that trimesh parses: its scene, flattened."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from opensearch.config import Limits
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile


def load_scene(
    data: bytes, kind: str, neighbours: Neighbours, limits: Limits, **options: Any
) -> Triangles:
    """Every mesh of a file that trimesh can parse, moved by the transforms of its scene.

    Args:
        data: the file.
        kind: trimesh's name of the format, such as "stl".
        neighbours: the files beside it.
        limits: what it may cost.
        options: further arguments of trimesh's loader.

    Raises:
        UnreadableFile: no faces, or a neighbour that it needs is missing.
        OverLimit: over `limits.faces`.
    """
    import trimesh

    asked: Any = neighbours
    try:
        scene = trimesh.load_scene(
            io.BytesIO(data), file_type=kind, resolver=asked, process=False, **options
        )
    except OverLimit:
        raise
    except Exception as error:
        if neighbours.missing:
            raise UnreadableFile(f"lacks its buffer {neighbours.missing[0]!r}") from error
        raise
    return _flatten(scene, limits.faces)


def _flatten(scene: Any, most_faces: int) -> Triangles:
    vertices, faces, start, count = [], [], 0, 0
    for node in scene.graph.nodes_geometry:
        transform, name = scene.graph[node]
        mesh = scene.geometry[name]
        if len(getattr(mesh, "faces", ())) == 0:
            continue
        count += len(mesh.faces)
        if count > most_faces:
            raise OverLimit(f"has over {most_faces:,} faces, the limit")
        points = np.asarray(mesh.vertices, np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            # Vertices that are not finite are dealt with once faces tell whether they count.
            vertices.append(points @ transform[:3, :3].T + transform[:3, 3])
        faces.append(np.asarray(mesh.faces, np.int64) + start)
        start += len(points)
    if not faces:
        raise UnreadableFile("has no faces")
    return Triangles(np.concatenate(vertices), np.concatenate(faces))
