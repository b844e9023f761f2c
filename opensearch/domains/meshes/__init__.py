"""The geometry of mesh files: one module a format, each with one loader.

A loader takes a file's bytes, what lies beside the file and the limits, and gives every
triangle of the file in its world frame. It imports its heavy packages when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from opensearch.config import Limits
from opensearch.domains.meshes import assimp, cad, gltf, obj, off, ply, stl, threemf, usd
from opensearch.domains.meshes.kinds import installed
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.records import Up

Loader: TypeAlias = Callable[[bytes, Neighbours, Limits], Triangles]
"""Raises `UnreadableFile` or `OverLimit` with the cause in words; other errors mean damage."""

_PLAIN: Final[dict[str, Loader]] = {
    ".3mf": threemf.load,
    ".glb": gltf.load,
    ".gltf": gltf.load,
    ".obj": obj.load,
    ".off": off.load,
    ".ply": ply.load,
    ".stl": stl.load,
}
_WITH_EXTRAS: Final[dict[str, Loader]] = {
    **dict.fromkeys((".step", ".stp"), cad.load_step),
    **dict.fromkeys((".iges", ".igs"), cad.load_iges),
    ".fbx": assimp.load_fbx,
    ".dae": assimp.load_dae,
    ".3ds": assimp.load_3ds,
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), usd.load),
}

FORMATS: Final[dict[str, Loader]] = _PLAIN | {
    suffix: _WITH_EXTRAS[suffix] for suffix in installed()
}
"""Suffix, in lower case, to the loader of its format; those of extras that are installed too."""

UP: Final[dict[str, Up]] = {
    ".3mf": "z",
    ".glb": "y",
    ".gltf": "y",
    ".fbx": "y",
    ".dae": "y",
    ".3ds": "y",
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), "y"),
}
"""The axis that points up in what a loader gives, for formats that state one.

STEP and IGES state none, and a part of a machine has none.
"""
