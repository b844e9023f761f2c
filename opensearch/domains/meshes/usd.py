"""USD, as text, binary or packed (.usdz), read by Pixar's library (the extra `usd`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.polygons import as_triangles
from opensearch.domains.meshes.triangles import Neighbours, Triangles, compact
from opensearch.domains.meshes.usd_layers import fetch_layers, lost_references, secluded
from opensearch.domains.meshes.usd_solids import solid
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.processes.room import room

_SHOWN = ("default", "render")
_WITHOUT_SURFACE = ("BasisCurves", "HermiteCurves", "NurbsCurves", "Points")
_UPRIGHT = np.array([(1, 0, 0), (0, 0, 1), (0, -1, 0)], np.float64)
"""Brings z up to y up."""
_BINARY: Final = b"PXR-USDC"
_VERSIONS: Final = re.compile(r"version\D{0,80}+(\d+\.\d+\.\d+)\D{0,80}+(\d+\.\d+\.\d+)")
"""The version of a file and the oldest, or newest, that is read, as usd-core tells them."""
_SENTENCE: Final = 500
"""Characters of a message of usd-core's that are looked at; it may quote much of a text."""


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of the meshes that a USD stage shows, y up, at its first moment.

    Meshes bound to a skeleton follow it; subdivision surfaces are taken as their cages. Layers
    that lie in the folder of the file, or below it, are read with it; what lies elsewhere is
    missing, and told where it may have held a surface.

    Raises:
        UnreadableFile: damaged, without a triangle, in need of a file that is not there, or with
            a surface that is neither a mesh nor a solid.
        OverLimit: over `limits.faces`.
    """
    from pxr import Tf, UsdUtils

    messages = UsdUtils.CoalescingDiagnosticDelegate()  # else they go to the terminal
    # It opens files by name; alone in a folder, a file finds no other to name.
    with room() as folder:
        path = secluded(Path(folder)) / f"stage{_suffix(data)}"
        path.write_bytes(data)
        try:
            stage = _stage(path, neighbours)
            lost = lost_references(stage, path.parent)
            return _gathered(stage, limits, lost.why_empty()).lacking(str(lost))
        except Tf.ErrorException as error:
            raise UnreadableFile(_damage(error, data)) from error
        finally:
            messages.TakeUncoalescedDiagnostics()


def _suffix(data: bytes) -> str:
    if data[:2] == b"PK":
        return ".usdz"
    return ".usdc" if data.startswith(_BINARY) else ".usda"


def _damage(error: Any, data: bytes) -> str:
    """What is wrong with a file that cannot be opened."""
    version = ".".join(map(str, data[8:11]))
    for each in error.args if data.startswith(_BINARY) else ():
        told = _VERSIONS.search(each.commentary[:_SENTENCE])
        if told is not None and told[1] == version:
            bound = "from" if "oldest" in told[0] else "up to"
            return (
                f"holds binary USD of version {version}, and usd-core reads it {bound}"
                f" {told[2]}; export it as .glb with a program that opens it"
            )
    return "is not a USD file, or is damaged; if a program opens it, export it as .glb there"


def _stage(path: Path, neighbours: Neighbours) -> Any:
    """The stage with all layers that lie beside the file or below its folder.

    Raises:
        UnreadableFile: it refers to a shape that is not there, or is no USD.
    """
    from pxr import Usd

    fetch_layers(path, neighbours)
    stage = Usd.Stage.Open(str(path))
    while shared := _instances_with_skeletons(stage):
        for prim in shared:
            prim.SetInstanceable(False)  # what instances share cannot be posed
    if _bound(stage.GetPseudoRoot()):
        _pose(stage)
    return stage


def _instances_with_skeletons(stage: Any) -> list[Any]:
    shared = {each.GetPath() for each in stage.GetPrototypes() if _bound(each)}
    instances = (prim for prim in stage.Traverse() if prim.IsInstance())
    return [prim for prim in instances if prim.GetPrototype().GetPath() in shared]


def _bound(prim: Any) -> bool:
    """Whether a skeleton moves anything in a prim."""
    from pxr import Usd

    every = Usd.PrimRange(prim, Usd.TraverseInstanceProxies())
    return any(below.GetTypeName() == "SkelRoot" for below in every)


def _pose(stage: Any) -> None:
    """Bring what is bound to skeletons into the first pose, as meshes of their own."""
    from pxr import Gf, Usd, UsdGeom, UsdSkel

    for prim in stage.Traverse():
        points = UsdGeom.Mesh(prim).GetPointsAttr() if prim.IsA(UsdGeom.Mesh) else None
        # What has points at some times alone, as Maya writes them, would lose them.
        if points and points.Get() is None and points.GetNumTimeSamples():
            points.Set(points.Get(Usd.TimeCode.EarliestTime()))
    UsdSkel.BakeSkinning(stage.Traverse(), Gf.Interval(_first_pose(stage)))


def _first_pose(stage: Any) -> float:
    """When the first pose of any skeleton is: all poses of a film would take minutes."""
    from pxr import Usd, UsdSkel

    times = [
        samples[0]
        for prim in stage.Traverse(Usd.TraverseInstanceProxies())
        if prim.IsA(UsdSkel.Animation)
        for attribute in prim.GetAttributes()
        if (samples := attribute.GetTimeSamples())
    ]
    return float(min(times, default=stage.GetStartTimeCode()))


def _gathered(stage: Any, limits: Limits, why_empty: str) -> Triangles:
    from pxr import UsdGeom

    vertices, faces, start, count = [np.empty((0, 3))], [np.empty((0, 3), np.int64)], 0, 0
    for mesh, places in _placed(stage, limits):
        count += len(mesh.faces) * len(places)
        if count > limits.faces:
            raise OverLimit(f"has over {limits.faces:,} faces, the limit")
        moved = mesh.vertices @ places[:, :3, :3] + places[:, 3:, :3]
        first = start + np.arange(len(places)) * len(mesh.vertices)
        vertices.append(moved.reshape(-1, 3))
        faces.append((mesh.faces + first[:, None, None]).reshape(-1, 3))
        start += moved.shape[0] * moved.shape[1]
    if not count:
        raise UnreadableFile(why_empty)
    points = np.concatenate(vertices)
    if UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z:
        points = points @ _UPRIGHT.T
    return Triangles(points, np.concatenate(faces))


def _placed(stage: Any, limits: Limits) -> Iterator[tuple[Triangles, NDArray[np.float64]]]:
    """Every surface that is seen, in its own frame, and where it stands: (k, 4, 4), by rows."""
    from pxr import Usd, UsdGeom

    cache = UsdGeom.XformCache(Usd.TimeCode.EarliestTime())
    for prim in _drawn(Usd.PrimRange.Stage(stage, Usd.TraverseInstanceProxies())):
        about = UsdGeom.Imageable(prim)
        hidden = about.ComputeVisibility(cache.GetTime()) == UsdGeom.Tokens.invisible
        if hidden or about.ComputePurpose() not in _SHOWN:
            continue
        world = np.array(cache.GetLocalToWorldTransform(prim), np.float64)
        if not prim.IsA(UsdGeom.PointInstancer):
            yield _surface(prim, limits), world[None]
            continue
        for part, places in _instances(UsdGeom.PointInstancer(prim), cache):
            yield _surface(part, limits), places @ world


def _drawn(prims: Any) -> Iterator[Any]:
    """What of a range of prims draws surfaces; instancers without what they repeat."""
    from pxr import UsdGeom

    steps = iter(prims)
    for prim in steps:
        if prim.IsA(UsdGeom.PointInstancer):
            steps.PruneChildren()
            yield prim
        elif prim.IsA(UsdGeom.Gprim) and prim.GetTypeName() not in _WITHOUT_SURFACE:
            yield prim


def _instances(instancer: Any, cache: Any) -> Iterator[tuple[Any, NDArray[np.float64]]]:
    """What an instancer repeats, and where within it: (k, 4, 4), by rows."""
    from pxr import Usd, UsdGeom

    # Velocities would bring what moves infinitely far by the earliest time there is.
    samples = instancer.GetPositionsAttr().GetTimeSamples()
    moment = Usd.TimeCode(samples[0]) if samples else cache.GetTime()
    kinds = np.array(instancer.GetProtoIndicesAttr().Get(moment) or (), np.int64)
    mask = np.array(instancer.ComputeMaskAtTime(moment) or [True] * len(kinds), np.bool_)
    found = instancer.ComputeInstanceTransformsAtTime(moment, moment)
    places = np.array(found, np.float64).reshape(-1, 4, 4)
    if len(places) != mask.sum():
        raise UnreadableFile("has a PointInstancer without a place for each of its instances")
    every = Usd.TraverseInstanceProxies(Usd.PrimIsActive & Usd.PrimIsLoaded)
    for number, path in enumerate(instancer.GetPrototypesRel().GetForwardedTargets()):
        root = instancer.GetPrim().GetStage().GetPrimAtPath(path)
        here = places[kinds[mask] == number]
        if len(here) and not root:
            raise UnreadableFile(f"repeats {str(path)!r}, which it does not hold")
        for part in _drawn(Usd.PrimRange(root, every) if root else ()):
            if part.IsA(UsdGeom.PointInstancer):
                raise UnreadableFile("repeats what is repeated itself; export it as .glb")
            if _hidden_below(part, root, moment):
                continue
            within, _ = cache.ComputeRelativeTransform(part, root)
            yield part, np.array(within, np.float64) @ here


def _hidden_below(prim: Any, root: Any, moment: Any) -> bool:
    """Whether a prim is hidden, or has another purpose, by itself or by what is below `root`."""
    from pxr import UsdGeom

    while prim and prim != root.GetParent():
        about = UsdGeom.Imageable(prim)
        if about and about.GetVisibilityAttr().Get(moment) == UsdGeom.Tokens.invisible:
            return True
        if about and about.GetPurposeAttr().Get() not in _SHOWN:
            return True
        prim = prim.GetParent()
    return False


def _surface(prim: Any, limits: Limits) -> Triangles:
    """The triangles of a prim in its own frame.

    Raises:
        UnreadableFile: it is neither a mesh nor a solid.
    """
    from pxr import Usd, UsdGeom

    if prim.IsA(UsdGeom.Mesh):
        return _mesh(UsdGeom.Mesh(prim), limits)
    found = solid(prim, Usd.TimeCode.EarliestTime())
    if found is None:
        raise UnreadableFile(f"shows a {prim.GetTypeName()}, which is not read; export it as .glb")
    return found


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
    holes = np.asarray(mesh.GetHoleIndicesAttr().Get(moment) or (), np.int64)
    filled = ~np.isin(np.arange(len(counts)), holes)
    counts, numbers = counts[filled], numbers[np.repeat(filled, counts)]
    faces = as_triangles(vertices, numbers, counts, limits)
    used, faces = compact(faces, len(vertices))
    return Triangles(vertices[used], faces)
