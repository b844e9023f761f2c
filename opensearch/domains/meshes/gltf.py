"""glTF files reduced to their geometry before they are parsed.

Source:
    Khronos glTF 2.0, section 4.4 (binary container) and 5 (properties).
"""

from __future__ import annotations

import json
import struct
from typing import Any

from opensearch.config import Limits
from opensearch.domains.meshes.scene import load_scene
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile

_DRESS = ("images", "textures", "materials", "samplers", "animations", "skins", "cameras")
_JSON_CHUNK = 0x4E4F534A


def load_gltf(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a .gltf; its buffers lie beside it."""
    return load_scene(bare_gltf(data, limits), "gltf", neighbours, limits)


def load_glb(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a .glb."""
    return load_scene(bare_glb(data, limits), "glb", neighbours, limits)


def bare_gltf(data: bytes, limits: Limits) -> bytes:
    """A .gltf without materials, textures and animations: none can fail or cost anything.

    Raises:
        UnreadableFile: `data` is no glTF.
        OverLimit: its accessors promise more values than the face limit can need.
    """
    return _encoded(_bare(json.loads(data), limits))


def bare_glb(data: bytes, limits: Limits) -> bytes:
    """A .glb without materials, textures and animations, its binary chunk as it was.

    Raises:
        UnreadableFile: `data` is no binary glTF of version 2.
        OverLimit: its accessors promise more values than the face limit can need.
    """
    if len(data) < 20 or data[:4] != b"glTF":
        raise UnreadableFile("is no binary glTF")
    _, length, kind = struct.unpack_from("<III", data, 8)
    if kind != _JSON_CHUNK or 20 + length > len(data):
        raise UnreadableFile("has a damaged header")
    tree = _encoded(_bare(json.loads(data[20 : 20 + length]), limits))
    tree += b" " * (-len(tree) % 4)
    rest = data[20 + length :]
    total = 20 + len(tree) + len(rest)
    return struct.pack("<4sIIII", b"glTF", 2, total, len(tree), kind) + tree + rest


def _bare(tree: Any, limits: Limits) -> dict[str, Any]:
    if not isinstance(tree, dict):
        raise UnreadableFile("is no glTF")
    for name in _DRESS:
        tree.pop(name, None)
    for mesh in tree.get("meshes", []):
        for primitive in mesh.get("primitives", []):
            primitive.pop("material", None)
            primitive.pop("targets", None)
            primitive["attributes"] = {"POSITION": primitive["attributes"]["POSITION"]}
    used = sum(int(accessor.get("count", 0)) for accessor in tree.get("accessors", []))
    # A triangle needs three vertices and three indices; the rest are normals, colours and such.
    if used > 32 * limits.faces:
        raise OverLimit(f"promises {used:,} values, too many for {limits.faces:,} faces")
    return tree


def _encoded(tree: dict[str, Any]) -> bytes:
    return json.dumps(tree).encode()
