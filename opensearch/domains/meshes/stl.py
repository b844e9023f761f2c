"""Stereolithography files, binary and ASCII."""

from __future__ import annotations

from opensearch.config import Limits
from opensearch.domains.meshes.scene import load_scene
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import UnreadableFile


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of an STL."""
    return load_scene(_whole(data), "stl", neighbours, limits)


def _whole(data: bytes) -> bytes:
    """Binary STL as long as its count says, what follows cut off; or any text."""
    triangles = int.from_bytes(data[80:84], "little")
    whole = 84 + 50 * triangles
    if len(data) >= whole:
        return data[:whole]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise UnreadableFile("is neither text nor a whole binary STL") from None
    return data
