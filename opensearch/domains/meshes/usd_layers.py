"""The layers that a USD stage is put together from: fetched, or missing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from opensearch.domains.meshes.triangles import Neighbours
from opensearch.errors import UnreadableFile

_LAYERS: Final = (".usd", ".usda", ".usdc", ".usdz")
_SHAPES: Final = (
    *_LAYERS,
    *(".abc", ".dae", ".drc", ".fbx", ".glb", ".gltf", ".obj", ".ply", ".stl"),
)
# Materials and pictures, which some files refer to as if they were layers.
_NO_SHAPES: Final = (
    *(".mtlx", ".mdl", ".osl"),
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".tx", ".exr", ".hdr"),
)
_MATERIALS: Final = ("Material", "Shader", "NodeGraph")
_FOLDERS: Final = ("", "Scope")
"""Types of prims that may hold nothing but materials; "" where what is missing tells the type."""
_DEPTH: Final = 16
"""Steps up (`../`) that lead to nothing but empty folders."""
_ASSET: Final = re.compile("@([^@]+)@")


def secluded(room: Path) -> Path:
    """A new folder so deep in an empty one that names with `../` find nothing on this machine."""
    folder = room.resolve().joinpath(*"_" * _DEPTH)
    folder.mkdir(parents=True)
    return folder


def fetch_layers(path: Path, neighbours: Neighbours) -> None:
    """Put all layers that a file needs from its folder, or below, into the folder of `path`.

    What `../` names is left where it is.

    Args:
        path: of the file, in a folder that `secluded` made.

    Raises:
        UnreadableFile: it refers to a shape that is not there, is no USD, or has a full path.
    """
    while wanted := _wanted(path):
        for place in wanted:
            _fetch(place, path.parent, neighbours)


class Lost(NamedTuple):
    """References that lead to nothing and may have held surfaces.

    `outside` is the first that lies outside of the file's folder, "" for none.
    """

    number: int
    outside: str

    def __str__(self) -> str:
        if not self.number:
            return ""
        told = f"{self.number:,} of its references lead to nothing"
        return told + (f": {self.outside!r} lies outside of its folder" if self.outside else "")

    def why_empty(self) -> str:
        """Why a stage without a mesh has none."""
        if not self.outside:
            return "shows no mesh"
        return (
            f"refers to {self.outside!r}, which lies outside of its folder; export it as one"
            " .usdz or .glb"
        )


def lost_references(stage: Any, folder: Path) -> Lost:
    """What is missing of a stage; materials and pictures change no shape.

    Args:
        stage: composed of all layers that were found.
        folder: of its file.
    """
    count, outside = 0, ""
    errors = stage.GetCompositionErrors()
    bound = _bound_materials(stage) if errors else _Bound({}, {})
    for error in errors:
        named = _ASSET.search(str(error))
        name = named[1].removesuffix("]") if named else ""
        path = error.rootSite.path.GetPrimPath()
        if name.lower().endswith(_NO_SHAPES) or _holds_materials(stage, path, bound):
            continue
        count += 1
        if not outside and _is_outside(Path(name), folder):
            outside = Path(os.path.relpath(name, folder)).as_posix()
    return Lost(count, outside)


class _Bound(NamedTuple):
    """The paths of bound materials, and of what holds them, with those of the prims that bind."""

    materials: dict[Any, list[Any]]
    holders: dict[Any, list[Any]]


def _holds_materials(stage: Any, path: Any, bound: _Bound) -> bool:
    """Whether a prim is surely of a material, or a folder of nothing but materials.

    Untyped prims and scopes are where others bind them, or their children, and nothing else is
    known to stand below. What is bound within the prim itself says nothing: shapes may bring
    their own materials, and others may use those.
    """
    from pxr import Usd

    prim = above = stage.GetPrimAtPath(path)
    while above and above.GetTypeName() not in _MATERIALS:
        above = above.GetParent()
    if above or not prim or prim.GetTypeName() not in _FOLDERS:
        return bool(above)
    users = *bound.materials.get(path, ()), *bound.holders.get(path, ())
    if all(user.HasPrefix(path) for user in users):
        return False
    steps = iter(Usd.PrimRange(prim, Usd.PrimAllPrimsPredicate))
    for below in steps:
        kind, at = below.GetTypeName(), below.GetPath()
        if kind in _MATERIALS or (kind == "" and at in bound.materials):
            steps.PruneChildren()
        elif kind not in _FOLDERS or at not in bound.holders:
            return False
    return True


def _bound_materials(stage: Any) -> _Bound:
    from pxr import Usd

    found = _Bound({}, {})
    for prim in Usd.PrimRange.Stage(stage, Usd.PrimAllPrimsPredicate):
        for relation in prim.GetAuthoredRelationships():
            if relation.GetName().startswith("material:binding"):
                for target in relation.GetTargets():
                    if target.IsPrimPath():  # else it is a collection of what is painted
                        found.materials.setdefault(target, []).append(prim.GetPath())
                        found.holders.setdefault(target.GetParentPath(), []).append(prim.GetPath())
    return found


def _is_outside(place: Path, folder: Path) -> bool:
    """Whether a place lies beside or above the folder of a file, by `../`, and not in it."""
    rooms = folder.parents[_DEPTH - 1]
    return place.is_relative_to(rooms) and not place.is_relative_to(folder)


def _wanted(path: Path) -> list[Path]:
    """The shapes that are to be fetched for a file and what it refers to."""
    from pxr import UsdUtils

    folder = path.parent
    layers, _, missing = UsdUtils.ComputeAllDependencies(str(path))
    places = [_place(name, folder) for name in missing if name.lower().endswith(_SHAPES)]
    wanted = [place for place in places if not _is_outside(place, folder)]
    return wanted + [
        _place(layer.identifier, folder)
        for layer in layers
        if not layer.realPath.startswith(str(folder))
    ]


def _place(name: str, folder: Path) -> Path:
    return Path(os.path.normpath(folder / name))


def _fetch(place: Path, folder: Path, neighbours: Neighbours) -> None:
    """Put a layer that lies beside the file, or below, into the folder where the file is read."""
    if not place.is_relative_to(folder):
        raise UnreadableFile(
            f"refers to {place.name!r}, which lies outside of its folder; export it as one"
            " .usdz or .glb"
        )
    named = place.relative_to(folder).as_posix()
    if not named.lower().endswith(_LAYERS):
        raise UnreadableFile(
            f"refers to {named!r}, which is no USD; export it as one .usdz or .glb"
        )
    data = b"" if place.exists() else neighbours[quote(named)]
    if not data:
        raise UnreadableFile(
            f"refers to {named!r}, which is missing or damaged; export it as one .usdz or .glb"
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(data)
