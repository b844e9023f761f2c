"""The Polygon File Format, or Stanford Triangle Format."""

from __future__ import annotations

from opensearch.config import Limits
from opensearch.domains.meshes.scene import load_scene
from opensearch.domains.meshes.text import as_utf8
from opensearch.domains.meshes.triangles import Neighbours, Triangles


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a PLY, ASCII or binary; textures are never opened."""
    if b"format ascii" in data[:200]:
        data = as_utf8(data)
    return load_scene(data, "ply", neighbours, limits, skip_materials=True)
