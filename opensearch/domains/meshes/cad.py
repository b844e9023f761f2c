"""STEP and IGES: exact surfaces, cut into triangles by Open CASCADE (the extra `cad`)."""

from __future__ import annotations

from typing import Literal

from opensearch.domains.meshes import gltf
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# A facet may leave its surface by this share of its edges, and turn by this angle in radians:
# drawings of a few hundred pixels do not show less.
_LINEAR, _ANGULAR = 0.01, 0.5


def load_step(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a STEP file, in metres, z up.

    Raises:
        UnreadableFile: damaged, or without a surface.
        OverLimit: over `limits.faces` once it is cut into triangles.
    """
    return _load(data, "step", neighbours, limits)


def load_iges(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """As `load_step`, of an IGES file, in the units that it has."""
    return _load(data, "iges", neighbours, limits)


def _load(
    data: bytes, kind: Literal["step", "iges"], neighbours: Neighbours, limits: Limits
) -> Triangles:
    import cascadio

    made = cascadio.load(
        data,
        file_type=kind,
        tol_linear=_LINEAR,
        tol_angular=_ANGULAR,
        tol_relative=True,
        use_parallel=False,
    )
    if not made:
        raise UnreadableFile(f"is no {kind.upper()} file, or a damaged one")
    try:
        return gltf.load(made, neighbours, limits)
    except OverLimit:
        raise
    except UnreadableFile as error:
        raise UnreadableFile("holds no surface") from error
