"""The geometry of mesh files: one module a format, each with a loader.

A loader takes a file's bytes, what lies beside the file and the limits, and gives every
triangle of the file in its world frame. It imports its heavy packages when it is called.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Final, NamedTuple, TypeAlias

from opensearch.domains.meshes import assimp, cad, gltf, obj, off, ply, stl, threemf, usd
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
        extra: without which the format is not read.
        signs: what a file begins with, where that tells the format of bytes without a name.
    """

    load: Loader
    up: Up | None = None
    extra: Extra | None = None
    signs: tuple[bytes, ...] = ()


_CAD = Extra("cad", "cascadio")
_ASSIMP = Extra("assimp", "assimp_py")
_USD = Extra("usd", "pxr")

FORMATS: Final[dict[str, MeshFormat]] = {
    ".3mf": MeshFormat(threemf.load, "z"),
    ".glb": MeshFormat(gltf.load, "y", signs=(b"glTF",)),
    ".gltf": MeshFormat(gltf.load, "y"),
    ".obj": MeshFormat(obj.load),
    ".off": MeshFormat(off.load, signs=off.SIGNS),
    ".ply": MeshFormat(ply.load, signs=(b"ply",)),
    ".stl": MeshFormat(stl.load, signs=(b"solid",)),
    **dict.fromkeys((".step", ".stp"), MeshFormat(cad.load_step, None, _CAD, (b"ISO-10303-21",))),
    **dict.fromkeys((".iges", ".igs"), MeshFormat(cad.load_iges, None, _CAD)),
    ".3ds": MeshFormat(assimp.load_3ds, "y", _ASSIMP),
    ".dae": MeshFormat(assimp.load_dae, "y", _ASSIMP),
    ".fbx": MeshFormat(assimp.load_fbx, "y", _ASSIMP, (b"Kaydara FBX", b"; FBX")),
    ".usd": MeshFormat(usd.load, "y", _USD),
    ".usda": MeshFormat(usd.load, "y", _USD, (b"#usda",)),
    ".usdc": MeshFormat(usd.load, "y", _USD, (b"PXR-USDC",)),
    ".usdz": MeshFormat(usd.load, "y", _USD),
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
