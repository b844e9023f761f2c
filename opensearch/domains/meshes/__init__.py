"""The geometry of mesh files: one module a format, each with one loader.

A loader takes a file's bytes, what lies beside the file and the limits, and gives every
triangle of the file in its world frame. It imports its heavy packages when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from opensearch.config import Limits
from opensearch.domains.meshes import gltf, obj, off, ply, stl, threemf
from opensearch.domains.meshes.triangles import Neighbours, Triangles

Loader: TypeAlias = Callable[[bytes, Neighbours, Limits], Triangles]
"""Raises `UnreadableFile` or `OverLimit` with the cause in words; other errors mean damage."""

FORMATS: Final[dict[str, Loader]] = {
    ".3mf": threemf.load,
    ".glb": gltf.load,
    ".gltf": gltf.load,
    ".obj": obj.load,
    ".off": off.load,
    ".ply": ply.load,
    ".stl": stl.load,
}
"""Suffix, in lower case, to the loader of its format."""
