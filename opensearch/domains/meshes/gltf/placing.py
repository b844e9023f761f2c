"""Parts of a mesh brought into the world: by their node, by its instances, or by a skin.

Source:
    Khronos glTF 2.0, section 3.7.3 (skins); EXT_mesh_gpu_instancing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.accessors import Accessors
from opensearch.domains.meshes.gltf.document import Properties, entry, extension
from opensearch.domains.meshes.gltf.nodes import Matrix, Nodes, placements
from opensearch.domains.meshes.gltf.primitives import Part
from opensearch.errors import OverLimit, UnreadableFile

_INSTANCING = "EXT_mesh_gpu_instancing"
_AT_ONCE = 1 << 16
_REST: Final = {"TRANSLATION": (0, 0, 0), "ROTATION": (0, 0, 0, 1), "SCALE": (1, 1, 1)}


def instances(node: Properties, accessors: Accessors, most: int) -> Matrix:
    """Where a node shows its mesh, within itself: shape (n, 4, 4), one without instancing.

    Raises:
        UnreadableFile: its instances are damaged.
        OverLimit: there are over `most`.
    """
    said = extension(node, _INSTANCING)
    if said is None:
        return np.eye(4)[None]
    named = said.get("attributes")
    known = (
        {name: named[name] for name in _REST if name in named} if isinstance(named, dict) else {}
    )
    counts = {accessors.count(index) for index in known.values()}
    if len(counts) != 1:
        raise UnreadableFile("has instances of a mesh without placements of one length")
    count = counts.pop()
    if count > most:
        raise OverLimit(f"shows a mesh {count:,} times, over the limit of {most:,} faces")
    placed = [
        accessors.floats(known[name], len(rest))
        if name in known
        else np.tile(np.array(rest, float), (count, 1))
        for name, rest in _REST.items()
    ]
    return placements(*placed)


def moved(points: NDArray[np.float64], matrix: Matrix) -> NDArray[np.float64]:
    """Points, shape (n, 3), after a matrix, shape (4, 4)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def joint_matrices(skin: Properties, nodes: Nodes, accessors: Accessors) -> Matrix:
    """What each joint of a skin does to a vertex, as its nodes stand, shape (joints, 4, 4).

    Raises:
        UnreadableFile: joints or inverse bind matrices are missing or damaged.
    """
    joints = skin.get("joints")
    if not isinstance(joints, list) or not joints:
        raise UnreadableFile("has a skin without joints")
    worlds = np.array([nodes.world(joint) for joint in joints])
    bind = skin.get("inverseBindMatrices")
    if bind is None:
        return worlds
    inverse = accessors.floats(bind, 16).reshape(-1, 4, 4).transpose(0, 2, 1)
    if len(inverse) < len(joints):
        raise UnreadableFile(f"has {len(inverse)} inverse bind matrices for {len(joints)} joints")
    return np.asarray(worlds @ inverse[: len(joints)])


def skinned(part: Part, matrices: Matrix) -> NDArray[np.float64]:
    """The points of a part bound to joints, shape (n, 3); its node's place does not matter.

    Weights are scaled to a sum of 1; a vertex without any follows its first joint.

    Raises:
        UnreadableFile: a vertex is bound to a joint that is not there.
    """
    joints, weights = part.joints, part.weights
    if joints is None or weights is None:
        raise UnreadableFile("has a skinned part without joints")
    total = weights.sum(axis=1, keepdims=True)
    weights = np.where(total > 0, weights / np.where(total > 0, total, 1), 0)
    weights[total[:, 0] <= 0, 0] = 1
    joints = np.where(weights != 0, joints, 0)
    if joints.size and joints.max() >= len(matrices):
        raise UnreadableFile(f"has a vertex bound to joint {joints.max()} of {len(matrices)}")
    points = np.zeros_like(part.points)
    for start in range(0, len(points), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        mixed = np.einsum("nk,nkij->nij", weights[rows], matrices[joints[rows], :3])
        points[rows] = np.einsum("nij,nj->ni", mixed[..., :3], part.points[rows]) + mixed[..., 3]
    return points


def skin_of(tree: Properties, node: Properties) -> Properties | None:
    """The skin of a node, None without one.

    Raises:
        UnreadableFile: the node names a skin that is not there.
    """
    return None if node.get("skin") is None else entry(tree, "skins", node["skin"])
