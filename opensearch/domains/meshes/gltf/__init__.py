"""glTF 2.0 as the triangles that its default scene shows.

Read by ourselves since what reads it in Python leaves out, without a word, whatever it does
not know: skins, morph targets, sparse and normalised numbers, instances, fans, strips and
packed data. Of materials it is asked whether they are clear; textures, normals and animations are
never opened.

Source:
    Khronos glTF 2.0 and the extensions of `document.READ_EXTENSIONS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.accessors import Accessors
from opensearch.domains.meshes.gltf.document import Document, Properties, entries, entry, parse
from opensearch.domains.meshes.gltf.nodes import Matrix, Nodes
from opensearch.domains.meshes.gltf.placing import (
    instances,
    joint_matrices,
    moved,
    skin_of,
    skinned,
)
from opensearch.domains.meshes.gltf.primitives import LINES, Part, morph_weights, read_primitive
from opensearch.domains.meshes.gltf.unseen import is_clear, may_be_unseen, unseen_names
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """Every triangle of the default scene of a .gltf or .glb, in its world frame.

    Raises:
        UnreadableFile: not glTF 2, damaged, cut short, in need of a buffer that is missing or
            an extension that is not read, or without a triangle.
        OverLimit: over `limits.faces`, or its compressed data over `limits.bytes`.
    """
    # Numbers that overflow end as vertices that are not finite, which are dealt with later.
    with np.errstate(over="ignore", invalid="ignore"):
        scene = _Scene(parse(data), neighbours, limits)
        scene.gather()
        return scene.triangles()


class _Scene:
    """The triangles of a scene while they are gathered, node by node."""

    def __init__(self, document: Document, neighbours: Neighbours, limits: Limits) -> None:
        self._tree = document.tree
        self._limits = limits
        self._accessors = Accessors(document, neighbours, limits)
        self._nodes = Nodes(document.tree, limits.faces)
        self._unseen_too = False
        self._read: dict[tuple[Any, ...], list[Part]] = {}
        self._joints: dict[int, Matrix] = {}
        self._vertices: list[NDArray[np.float64]] = []
        self._faces: list[NDArray[np.int64]] = []
        self._start = self._count = self._shown = 0

    def gather(self) -> None:
        """Place every mesh of the default scene; without any node, every mesh as it is.

        What would not be seen is left out, unless there is nothing else.
        """
        self._place_all()
        if not self._count:
            self._unseen_too = True
            self._read.clear()
            self._place_all()

    def _place_all(self) -> None:
        if not self._tree.get("nodes"):
            for index in range(len(entries(self._tree, "meshes"))):
                self._place({"mesh": index}, np.eye(4))
        unseen: frozenset[str] = frozenset()
        named = (node.get("name") for node in entries(self._tree, "nodes"))
        if not self._unseen_too and may_be_unseen(named):
            unseen = unseen_names(node.get("name") for node, _ in self._with_mesh())
        for node, world in self._with_mesh():
            if not isinstance(node.get("name"), str) or node["name"] not in unseen:
                self._place(node, world)

    def _with_mesh(self) -> Iterator[tuple[Properties, Matrix]]:
        """The nodes of the default scene that hold a mesh, where they are."""
        for number, world in self._nodes.seen():
            node = entry(self._tree, "nodes", number)
            if node.get("mesh") is not None:
                yield node, world

    def triangles(self) -> Triangles:
        """All that was placed.

        Raises:
            UnreadableFile: nothing was; the text says what the file holds instead.
        """
        if not self._count:
            raise UnreadableFile(self._without_triangles())
        return Triangles(np.concatenate(self._vertices), np.concatenate(self._faces))

    def _place(self, node: Properties, world: Matrix) -> None:
        skin = skin_of(self._tree, node)
        parts = self._parts(node, skin is not None)
        places = instances(node, self._accessors, self._limits.faces) if parts else ()
        self._shown += len(places)
        for part in parts:
            if skin is not None and part.joints is not None:
                self._add(skinned(part, self._skin(node["skin"], skin)), part.faces)
                continue
            self._check(len(places) * len(part.faces), self._shown > len(self._read))
            for place in places:
                self._add(moved(part.points, world @ place), part.faces)

    def _parts(self, node: Properties, bound: bool) -> list[Part]:
        mesh = entry(self._tree, "meshes", node["mesh"])
        morphs = morph_weights(mesh, node)
        key = (node["mesh"], morphs, bound)
        if key not in self._read:
            parts, faces = [], 0
            for primitive in entries(mesh, "primitives"):
                if self._is_clear(primitive):
                    continue
                part = read_primitive(primitive, self._accessors, morphs, bound)
                if part is not None and len(part.faces):
                    parts.append(part)
                    faces += len(part.faces)
                    self._check(faces)
            self._read[key] = parts
        return self._read[key]

    def _is_clear(self, primitive: Properties) -> bool:
        if self._unseen_too or "material" not in primitive:
            return False
        try:
            return is_clear(entry(self._tree, "materials", primitive["material"]))
        except UnreadableFile:
            return False  # nothing else depends on it

    def _skin(self, number: int, skin: Properties) -> Matrix:
        if number not in self._joints:
            self._joints[number] = joint_matrices(skin, self._nodes, self._accessors)
        return self._joints[number]

    def _add(self, points: NDArray[np.float64], faces: NDArray[np.int64]) -> None:
        self._check(len(faces))
        self._vertices.append(points)
        self._faces.append(faces + self._start)
        self._start += len(points)
        self._count += len(faces)

    def _check(self, more: int, repeated: bool = False) -> None:
        if self._count + more <= self._limits.faces:
            return
        said = f"has over {self._limits.faces:,} faces, the limit"
        if repeated:
            own = sum(len(part.faces) for parts in self._read.values() for part in parts)
            said += (
                f": its meshes hold {own:,}, but it shows them {self._shown:,} times or more, as"
                " instances"
            )
        raise OverLimit(said)

    def _without_triangles(self) -> str:
        meshes = entries(self._tree, "meshes")
        if not meshes:
            return "holds no mesh"
        if not self._read:
            return "shows no mesh in its default scene"
        shown = {key[0] for key in self._read}
        primitives = [each for index in shown for each in entries(meshes[index], "primitives")]
        if not any("POSITION" in primitive.get("attributes", {}) for primitive in primitives):
            return "has no mesh with positions"
        drawn = {LINES[mode] for each in primitives if (mode := each.get("mode", 4)) in LINES}
        if drawn:
            return f"holds {' and '.join(sorted(drawn))} only, no triangles"
        return "has no faces"
