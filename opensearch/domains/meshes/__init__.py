"""The geometry of mesh files: one module a format, each with a loader.

A loader takes a file's bytes, what lies beside the file and the limits, and gives every
triangle of the file in its world frame. Its module is loaded with the first file of its format.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Final, NamedTuple, TypeAlias

from opensearch.domains.later import later
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.limits import Limits
from opensearch.records import Up

Loader: TypeAlias = Callable[[bytes, Neighbours, Limits], Triangles]
"""Raises `UnreadableFile` or `OverLimit` with the cause in words; other errors mean damage."""


class Extra(NamedTuple):
    """An optional package that a loader needs: the extra of ours that brings it, and its module."""

    name: str
    module: str


class MeshFormat(NamedTuple):
    """A format of meshes.

    Attributes:
        load: its loader.
        up: the axis that points up in what the loader gives, where the format states one.
            STEP and IGES state none, and a part of a machine has none.
        extra: what the format needs to be read, if anything.
        signs: what a file begins with, where that tells the format of bytes without a name.
    """

    load: Loader
    up: Up | None = None
    extra: Extra | None = None
    signs: tuple[bytes, ...] = ()


def _loader(module: str, name: str = "load") -> Loader:
    """The loader of a module here."""
    return later(f"opensearch.domains.meshes.{module}", name)


_CAD = Extra("cad", "cascadio")
_ASSIMP = Extra("assimp", "assimp_py")
_USD = Extra("usd", "pxr")

_OFF: Final = tuple(
    front + end
    for front in (b"", b"C", b"N", b"CN", b"NC", b"ST", b"STC", b"STN", b"STCN", b"NCST", b"4")
    for end in (b"OFF", b"nOFF")
)
"""What OFF files mostly begin with."""

FORMATS: Final[dict[str, MeshFormat]] = {
    ".3mf": MeshFormat(_loader("threemf"), "z"),
    ".glb": MeshFormat(_loader("gltf"), "y", signs=(b"glTF",)),
    ".gltf": MeshFormat(_loader("gltf"), "y"),
    ".obj": MeshFormat(_loader("obj")),
    ".off": MeshFormat(_loader("off"), signs=_OFF),
    ".ply": MeshFormat(_loader("ply"), signs=(b"ply",)),
    ".stl": MeshFormat(_loader("stl"), signs=(b"solid",)),
    ".vrm": MeshFormat(_loader("gltf"), "y"),
    **dict.fromkeys(
        (".step", ".stp"), MeshFormat(_loader("cad", "load_step"), None, _CAD, (b"ISO-10303-21",))
    ),
    **dict.fromkeys((".iges", ".igs"), MeshFormat(_loader("cad", "load_iges"), None, _CAD)),
    ".3ds": MeshFormat(_loader("assimp", "load_3ds"), "y", _ASSIMP),
    ".dae": MeshFormat(_loader("assimp", "load_dae"), "y", _ASSIMP),
    ".fbx": MeshFormat(_loader("assimp", "load_fbx"), "y", _ASSIMP, (b"Kaydara FBX", b"; FBX")),
    ".usd": MeshFormat(_loader("usd"), "y", _USD),
    ".usda": MeshFormat(_loader("usd"), "y", _USD, (b"#usda",)),
    ".usdc": MeshFormat(_loader("usd"), "y", _USD, (b"PXR-USDC",)),
    ".usdz": MeshFormat(_loader("usd"), "y", _USD),
}
"""Every format by its suffix in lower case. A new one is a module with a loader, and a line."""


def suffixes() -> frozenset[str]:
    """Suffixes of the formats that can be read here."""
    return frozenset(
        suffix
        for suffix, form in FORMATS.items()
        if form.extra is None or _installed(form.extra.module)
    )


@cache
def _installed(module: str) -> bool:
    return find_spec(module) is not None
