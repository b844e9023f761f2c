"""What a glTF scene holds that nobody is shown: collision hulls, coarse copies, clear parts.

Source:
    Names: Epic's "FBX Static Mesh Pipeline" (UCX_ and its like, _LOD1), Godot's "Import
    configuration" (-colonly and its like). Clear parts: Khronos glTF 2.0, section 3.9.4
    (alpha coverage).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from opensearch.domains.meshes.gltf.document import Properties

_HULL: Final = re.compile(r"(?:ucx|ubx|usp|ucp|mcdcx)_(.+?)", re.IGNORECASE)
_MAY_BE: Final = re.compile(
    r"^(?:u[cbs]|mcd)|_lod\d|-(?:conv)?colonly$|-navmesh$|-occonly$", re.IGNORECASE
)
"""Names that are looked at further; of most files, none."""
_NUMBER: Final = re.compile(r"[_.]\d+$")
_COPY: Final = re.compile(r"(.+?)_lod(\d+)", re.IGNORECASE)
_NO_PICTURE: Final = ("-colonly", "-convcolonly", "-navmesh", "-occonly")
_CLEAR: Final = 0.05
"""Opacity below which nothing of a surface is seen."""


def may_be_unseen(named: Iterable[Any]) -> bool:
    """Whether any name may be one of `unseen_names`."""
    return any(isinstance(name, str) and _MAY_BE.search(name) for name in named)


def unseen_names(named: Iterable[Any]) -> frozenset[str]:
    """Which names of nodes are those of collision hulls or coarser copies of other nodes.

    Those of Epic's rules count as such only beside what they are a hull or copy of.

    Args:
        named: the names of all nodes that would be seen, each of which has a mesh.
    """
    names = {name for name in named if isinstance(name, str)}
    known = {name.lower() for name in names}
    finest: dict[str, int] = {}
    for name in names:
        if copy := _COPY.fullmatch(name):
            stem, level = copy[1].lower(), int(copy[2][:9])
            finest[stem] = min(level, finest.get(stem, level))
    finest |= {stem: -1 for stem in finest if stem in known}
    return frozenset(name for name in names if _is_hull(name, known) or _is_coarse(name, finest))


def _is_hull(name: str, known: set[str]) -> bool:
    if name.lower().endswith(_NO_PICTURE):
        return True
    hull = _HULL.fullmatch(name)
    if hull is None:
        return False
    stem = hull[1].lower()
    return stem in known or _NUMBER.sub("", stem) in known


def _is_coarse(name: str, finest: dict[str, int]) -> bool:
    copy = _COPY.fullmatch(name)
    return copy is not None and int(copy[2][:9]) > finest[copy[1].lower()]


def is_clear(material: Properties) -> bool:
    """Whether nothing is seen of what a material covers, whatever its texture.

    Opacity is a product of the material's, its texture's and the vertices'; the first is looked
    at alone.
    """
    mode = material.get("alphaMode")
    surface = material.get("pbrMetallicRoughness")
    factor = surface.get("baseColorFactor") if isinstance(surface, dict) else None
    if mode not in ("BLEND", "MASK") or not isinstance(factor, list) or len(factor) != 4:
        return False
    least = material.get("alphaCutoff", 0.5) if mode == "MASK" else _CLEAR
    numbers = all(isinstance(value, int | float) for value in (factor[3], least))
    return numbers and bool(factor[3] < least)
