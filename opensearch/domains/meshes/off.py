"""The Object File Format of Geomview."""

from __future__ import annotations

from opensearch.config import Limits
from opensearch.domains.meshes.scene import load_scene
from opensearch.domains.meshes.text import as_utf8
from opensearch.domains.meshes.triangles import Neighbours, Triangles


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an OFF."""
    return load_scene(as_utf8(data), "off", neighbours, limits)
