"""Collada meshes that are bound to joints, written anew as meshes that stand where the joints do.

Source:
    Collada 1.4.1, chapter 4 (skinning) and the elements of chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile

_Matrix: TypeAlias = NDArray[np.float64]
_Element: TypeAlias = ElementTree.Element
_MOVES: Final = ("matrix", "translate", "rotate", "scale")
_OTHER_MOVES: Final = ("lookat", "skew")
_DEEPEST: Final = 8
"""Controllers in each other; morph targets in a skin are two."""
_NAMES: Final = ("Name_array", "IDREF_array", "SIDREF_array")


def unbound(data: bytes) -> bytes:
    """The file with each mesh that is bound to joints where the first of them puts it.

    So it stands as it was bound, under whatever moves the whole skeleton. Where joints were
    turned since, its pose is the one that it was modelled in. Morph targets are passed over.

    Raises:
        UnreadableFile: it binds a mesh to a joint that is not there, or in another way than
            scenes do.
    """
    if b"<!DOCTYPE" in data:
        raise UnreadableFile("has a document type (DOCTYPE) in its XML; export it as .glb")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise UnreadableFile(f"holds damaged XML: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    file = _File(root)
    for scene in root.iter("visual_scene"):
        for node in list(scene.iter("node")):
            for bound in node.findall("instance_controller"):
                file.release(bound, node, scene)
    if next(root.iter("instance_controller"), None) is not None:
        raise UnreadableFile("binds meshes to joints outside of its scenes; export it as .glb")
    for controllers in root.findall("library_controllers"):
        root.remove(controllers)
    written: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return written


class _File:
    """A Collada file by its ids."""

    def __init__(self, root: _Element) -> None:
        self._by_id = {element.get("id"): element for element in root.iter()}
        self._parents = {child: parent for parent in root.iter() for child in parent}
        tool = root.findtext("asset/contributor/authoring_tool") or ""
        self._by_nodes = tool.startswith("Blender")

    def release(self, bound: _Element, node: _Element, scene: _Element) -> None:
        """Make what instances a controller in a node into what instances its geometry."""
        skins: list[_Element] = []
        mesh = self._named(bound.get("url"))
        while mesh.tag == "controller":
            if len(skins) > _DEEPEST:
                raise UnreadableFile("binds meshes to joints in a circle; export it as .glb")
            (how,) = (child for child in mesh if child.tag in ("skin", "morph"))
            skins.append(how)
            mesh = self._named(how.get("source"))
        node.remove(bound)
        skin = next((how for how in skins if how.tag == "skin"), None)
        if skin is not None:
            place = self._place(skin, bound, node, scene)
            node = ElementTree.SubElement(scene, "node")
            text = " ".join(map(repr, place.reshape(-1).tolist()))
            ElementTree.SubElement(node, "matrix").text = text
        made = ElementTree.SubElement(node, "instance_geometry", url=f"#{mesh.get('id')}")
        made.extend(bound.findall("bind_material"))

    def _place(self, skin: _Element, bound: _Element, node: _Element, scene: _Element) -> _Matrix:
        """Where a skin stands: by its first joint, since all agree in the pose of binding.

        Blender writes joints in the world, but the shape within their skeleton.
        """
        found = skin.find("bind_shape_matrix")
        shape = np.eye(4) if found is None else _numbers(found).reshape(4, 4)
        if self._by_nodes:
            return self._world(node) @ shape
        inputs = {each.get("semantic"): each for each in skin.iterfind("joints/input")}
        names = self._named(inputs["JOINT"].get("source"))
        name = next(_words(child)[0] for child in names if child.tag in _NAMES)
        inverse = self._named(inputs["INV_BIND_MATRIX"].get("source")).find("float_array")
        world = self._world(self._joint(name, bound, scene))
        return world @ _numbers(inverse)[:16].reshape(4, 4) @ shape

    def _joint(self, name: str, bound: _Element, scene: _Element) -> _Element:
        roots = [self._named(each.text) for each in bound.findall("skeleton")]
        nodes = [node for top in (*roots, scene) for node in top.iter("node")]
        for key in ("sid", "id", "name"):
            for node in nodes:
                if node.get(key) == name:
                    return node
        raise UnreadableFile(f"binds a mesh to the joint {name!r}, which is not there")

    def _world(self, node: _Element) -> _Matrix:
        world = np.eye(4)
        while node.tag == "node":
            for move in reversed(list(_moves(node))):
                world = move @ world
            node = self._parents[node]
        return world

    def _named(self, reference: str | None) -> _Element:
        name = (reference or "").strip().removeprefix("#")
        if name not in self._by_id:
            raise UnreadableFile(f"refers to {name!r}, which it does not hold")
        return self._by_id[name]


def _moves(node: _Element) -> Iterator[_Matrix]:
    """What a node does to what is in it, first what is done last."""
    for child in node:
        if child.tag in _OTHER_MOVES:
            raise UnreadableFile(f"moves joints by {child.tag!r}; export it as .glb")
        if child.tag not in _MOVES:
            continue
        values, move = _numbers(child), np.eye(4)
        if child.tag == "matrix":
            move = values.reshape(4, 4)
        elif child.tag == "translate":
            move[:3, 3] = values
        elif child.tag == "scale":
            move[:3, :3] = np.diag(values)
        else:
            move[:3, :3] = _rotation(values[:3], np.radians(values[3]))
        yield move


def _rotation(axis: _Matrix, angle: float) -> _Matrix:
    """A turn about an axis, by Rodrigues' formula."""
    x, y, z = axis / (np.linalg.norm(axis) or 1)
    cross = np.array([(0, -z, y), (z, 0, -x), (-y, x, 0)])
    turn: _Matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def _words(element: _Element | None) -> list[str]:
    return (element.text or "").split() if element is not None else []


def _numbers(element: _Element | None) -> _Matrix:
    return np.array(_words(element), np.float64)
