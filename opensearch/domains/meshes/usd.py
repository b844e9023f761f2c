"""USD, as text, binary or packed (.usdz), read by Pixar's library (the extra `usd`)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from opensearch.domains.meshes.polygons import as_triangles
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_LAYERS: Final = (".usd", ".usda", ".usdc", ".usdz")
_SHOWN = ("default", "render")
_WITHOUT_SURFACE = ("BasisCurves", "HermiteCurves", "NurbsCurves", "Points")
_UPRIGHT = np.array([(1, 0, 0), (0, 0, 1), (0, -1, 0)], np.float64)
"""Brings z up to y up."""


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of the meshes that a USD stage shows, y up, at its first moment.

    Meshes bound to a skeleton follow it; subdivision surfaces are taken as their cages.

    Raises:
        UnreadableFile: damaged, without a triangle, in need of another file, or with a
            surface that is no mesh.
        OverLimit: over `limits.faces`.
    """
    from pxr import Tf, UsdUtils

    messages = UsdUtils.CoalescingDiagnosticDelegate()  # else they go to the terminal
    # It opens files by name; alone in a folder, a file finds no other to name.
    with tempfile.TemporaryDirectory(prefix="opensearch-") as folder:
        path = Path(folder, f"stage{_suffix(data)}")
        path.write_bytes(data)
        try:
            return _gathered(_stage(path), limits)
        except Tf.ErrorException as error:
            raise UnreadableFile(
                "is not a USD file, or is damaged; if a program opens it, export it as .glb there"
            ) from error
        finally:
            messages.TakeUncoalescedDiagnostics()


def _suffix(data: bytes) -> str:
    if data[:2] == b"PK":
        return ".usdz"
    return ".usdc" if data[:8] == b"PXR-USDC" else ".usda"


def _stage(path: Path) -> Any:
    from pxr import Usd, UsdSkel, UsdUtils

    stage = Usd.Stage.Open(str(path))
    layers, _, missing = UsdUtils.ComputeAllDependencies(str(path))
    wanted = [name for name in missing if name.lower().endswith(_LAYERS)]
    wanted += [
        layer.identifier for layer in layers if not layer.realPath.startswith(str(path.parent))
    ]
    if wanted:
        raise UnreadableFile(f"refers to {wanted[0]!r}; export it as one .usdz or .glb")
    if any(prim.GetTypeName() == "SkelRoot" for prim in stage.Traverse()):
        UsdSkel.BakeSkinning(stage.Traverse())
    return stage


def _gathered(stage: Any, limits: Limits) -> Triangles:
    from pxr import Usd, UsdGeom

    places = UsdGeom.XformCache(Usd.TimeCode.EarliestTime())
    vertices, faces, start, count = [np.empty((0, 3))], [np.empty((0, 3), np.int64)], 0, 0
    for prim in _shown(stage):
        mesh = _mesh(UsdGeom.Mesh(prim), limits)
        count += len(mesh.faces)
        if count > limits.faces:
            raise OverLimit(f"has over {limits.faces:,} faces, the limit")
        matrix = np.array(places.GetLocalToWorldTransform(prim), np.float64)
        vertices.append(mesh.vertices @ matrix[:3, :3] + matrix[3, :3])
        faces.append(mesh.faces + start)
        start += len(mesh.vertices)
    if not count:
        raise UnreadableFile("shows no mesh")
    points = np.concatenate(vertices)
    if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z:
        points = points @ _UPRIGHT.T
    return Triangles(points, np.concatenate(faces))


def _shown(stage: Any) -> Iterator[Any]:
    """The visible meshes of a stage.

    Raises:
        UnreadableFile: a visible surface is something else.
    """
    from pxr import Usd, UsdGeom

    moment = Usd.TimeCode.EarliestTime()
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        drawn = prim.IsA(UsdGeom.Gprim) or prim.IsA(UsdGeom.PointInstancer)
        if not drawn or prim.GetTypeName() in _WITHOUT_SURFACE:
            continue
        about = UsdGeom.Imageable(prim)
        hidden = about.ComputeVisibility(moment) == UsdGeom.Tokens.invisible
        if hidden or about.ComputePurpose() not in _SHOWN:
            continue
        if not prim.IsA(UsdGeom.Mesh):
            kind = prim.GetTypeName()
            raise UnreadableFile(f"shows a {kind}, which is not read; export it as .glb")
        yield prim


def _mesh(mesh: Any, limits: Limits) -> Triangles:
    from pxr import Usd

    moment = Usd.TimeCode.EarliestTime()
    points, sizes, corners = (
        attribute.Get(moment)
        for attribute in (
            mesh.GetPointsAttr(),
            mesh.GetFaceVertexCountsAttr(),
            mesh.GetFaceVertexIndicesAttr(),
        )
    )
    if points is None or sizes is None or corners is None:
        return Triangles(np.empty((0, 3)), np.empty((0, 3), np.int64))
    vertices = np.asarray(points, np.float64).reshape(-1, 3)
    counts, numbers = np.asarray(sizes, np.int64), np.asarray(corners, np.int64)
    if (counts < 0).any() or counts.sum() != len(numbers):
        raise UnreadableFile("has faces of more corners than it holds")
    return Triangles(vertices, as_triangles(vertices, numbers, counts, limits))
