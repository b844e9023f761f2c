"""Every kind of 3D file that people have: read, read with an extra, or to be converted."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final, NamedTuple


class Extra(NamedTuple):
    """An optional package that reads a kind, and the name under which we ask for it."""

    name: str
    module: str


_CAD = Extra("cad", "cascadio")
_ASSIMP = Extra("assimp", "assimp_py")
_USD = Extra("usd", "pxr")

EXTRAS: Final[dict[str, Extra]] = {
    **dict.fromkeys((".step", ".stp", ".iges", ".igs"), _CAD),
    **dict.fromkeys((".fbx", ".dae", ".3ds"), _ASSIMP),
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), _USD),
}
"""Suffixes that are read once a package is installed."""

_GLB, _STL, _STEP = "export it as .glb", "export it as .stl or .glb", "export it as .step"

CONVERT: Final[dict[str, str]] = {
    ".blend": "open it in Blender and export it as .glb",
    **dict.fromkeys((".x3d", ".x3dv", ".x3db", ".wrl", ".vrml"), f"open it in Blender and {_GLB}"),
    **dict.fromkeys((".max", ".ma", ".mb", ".c4d", ".lwo", ".lws", ".hip", ".ztl"), _GLB),
    **dict.fromkeys((".skp", ".3dm", ".jt", ".ifc", ".dxf", ".dwg", ".abc"), _STL),
    **dict.fromkeys((".sldprt", ".sldasm", ".ipt", ".iam", ".catpart", ".catproduct"), _STEP),
    **dict.fromkeys((".prt", ".asm", ".f3d", ".fcstd", ".x_t", ".x_b", ".sat", ".brep"), _STEP),
    **dict.fromkeys((".gcode", ".ctm", ".amf", ".x", ".ac", ".md2", ".pmx", ".vox"), _STL),
}
"""Suffixes that are not read, and what its own program makes of such a file."""


def installed() -> frozenset[str]:
    """The suffixes of `EXTRAS` whose package is there."""
    there = {extra: find_spec(extra.module) is not None for extra in set(EXTRAS.values())}
    return frozenset(suffix for suffix, extra in EXTRAS.items() if there[extra])


def way_in(suffix: str) -> str | None:
    """What to do with a file of a suffix, in lower case, that is not read; None if unknown."""
    extra = EXTRAS.get(suffix)
    if extra is not None:
        return f"pip install 'opensearch-visual[{extra.name}]' to read it"
    return CONVERT.get(suffix)
