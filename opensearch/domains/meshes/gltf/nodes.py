"""The nodes of a glTF scene, each with the matrix that brings it into the world.

Source:
    Khronos glTF 2.0, section 3.5 (scenes, nodes, transformations); KHR_node_visibility.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.document import (
    Properties,
    entries,
    entry,
    extension,
    is_count,
)
from opensearch.errors import OverLimit, UnreadableFile

Matrix = NDArray[np.float64]

_REST: Final = {"translation": (0, 0, 0), "rotation": (0, 0, 0, 1), "scale": (1, 1, 1)}


class Nodes:
    """The graph of nodes: which are seen in the default scene, and where each of them is.

    Args:
        tree: the properties of a file.
        most: visits of nodes after which a graph is taken to multiply itself.
    """

    def __init__(self, tree: Properties, most: int) -> None:
        self._tree = tree
        self._nodes = entries(tree, "nodes")
        self._most = most
        self._local: dict[int, Matrix] = {}
        self._world: dict[int, Matrix] = {}

    def seen(self) -> Iterator[tuple[int, Matrix]]:
        """Each node of the default scene that is visible, with its matrix, shape (4, 4).

        Without any scene all nodes count. A node below two others comes twice.

        Raises:
            UnreadableFile: a node is missing, or below itself.
            OverLimit: too many visits.
        """
        yield from self._walk(self._roots(), seen=True)

    def world(self, index: Any) -> Matrix:
        """The matrix of any node, in the scene or not, shape (4, 4).

        Raises:
            UnreadableFile: the node is missing, or below itself.
        """
        if not self._world:
            self._world = dict(self._walk(self._tops(), seen=False))
        if not is_count(index) or index not in self._world:
            entry(self._tree, "nodes", index)
            raise UnreadableFile(f"has node {index} among its own children")
        return self._world[index]

    def _roots(self) -> list[Any]:
        scenes = entries(self._tree, "scenes")
        if not scenes and "scene" not in self._tree:
            return self._tops()
        scene = entry(self._tree, "scenes", self._tree.get("scene", 0))
        return _numbers(scene, "nodes")

    def _tops(self) -> list[int]:
        below = {child for node in self._nodes for child in _numbers(node, "children")}
        tops = [index for index in range(len(self._nodes)) if index not in below]
        if self._nodes and not tops:
            raise UnreadableFile("has no top node: each is a child of another")
        return tops

    def _walk(self, roots: Iterable[Any], seen: bool) -> Iterator[tuple[int, Matrix]]:
        """Nodes from `roots` down, each after its parent; only visible ones if `seen`."""
        stack = [(root, np.eye(4), 1) for root in reversed(list(roots))]
        visits = 0
        while stack:
            index, above, depth = stack.pop()
            node = entry(self._tree, "nodes", index)
            visits += 1
            if depth > len(self._nodes):
                raise UnreadableFile(f"has node {index} among its own children")
            if visits > self._most:
                raise OverLimit(f"shows over {self._most:,} nodes, the limit")
            if seen and (extension(node, "KHR_node_visibility") or {}).get("visible") is False:
                continue
            if index not in self._local:
                self._local[index] = local_matrix(node)
            matrix = above @ self._local[index]
            yield index, matrix
            for child in reversed(_numbers(node, "children")):
                stack.append((child, matrix, depth + 1))


def local_matrix(node: Properties) -> Matrix:
    """Where a node is within its parent, shape (4, 4).

    Raises:
        UnreadableFile: `matrix`, `translation`, `rotation` or `scale` hold anything but
            as many numbers as they need.
    """
    if node.get("matrix") is not None:
        # Stored column by column.
        return _floats(node, "matrix", 16).reshape(4, 4).T
    shift, turn, size = (
        _floats(node, name, len(rest)) if node.get(name) is not None else np.array(rest, float)
        for name, rest in _REST.items()
    )
    matrix: Matrix = placements(shift[None], turn[None], size[None])[0]
    return matrix


def placements(shifts: Matrix, turns: Matrix, sizes: Matrix) -> Matrix:
    """Matrices that scale, then turn, then shift, shape (n, 4, 4).

    Args:
        shifts: shape (n, 3).
        turns: quaternions x, y, z, w, shape (n, 4); their length does not matter.
        sizes: shape (n, 3).
    """
    length = np.linalg.norm(turns, axis=1, keepdims=True)
    x, y, z, w = np.where(length > 0, turns / np.where(length > 0, length, 1), (0, 0, 0, 1)).T
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrices = np.zeros((len(shifts), 4, 4))
    matrices[:, :3, :3] = rotation.transpose(2, 0, 1) * sizes[:, None, :]
    matrices[:, :3, 3] = shifts
    matrices[:, 3, 3] = 1
    return matrices


def _numbers(owner: Properties, name: str) -> list[int]:
    found = owner.get(name, [])
    if not isinstance(found, list) or not all(map(is_count, found)):
        raise UnreadableFile(f"has {name!r} that are no list of numbers of nodes")
    return found


def _floats(node: Properties, name: str, count: int) -> Matrix:
    found = node[name]
    right = isinstance(found, list) and len(found) == count
    if not right or not all(type(value) in (int, float) for value in found):
        raise UnreadableFile(f"has a {name!r} of a node that is no list of {count} numbers")
    return np.array(found, np.float64)
