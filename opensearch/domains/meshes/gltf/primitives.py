"""One primitive of a glTF mesh as triangles: indexed or not, lists, strips, fans, Draco.

Source:
    Khronos glTF 2.0, sections 3.7.2 (meshes, morph targets) and 3.7.2.1 (topologies);
    KHR_draco_mesh_compression.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.accessors import Accessors
from opensearch.domains.meshes.gltf.document import Properties, extension, is_count
from opensearch.domains.meshes.triangles import compact
from opensearch.errors import UnreadableFile

TRIANGLES, STRIP, FAN = 4, 5, 6
LINES: Final = {0: "points", 1: "lines", 2: "lines", 3: "lines"}
"""The modes that draw no surface, and what they draw."""

_DRACO = "KHR_draco_mesh_compression"


class Part(NamedTuple):
    """What one primitive shows, before its node moves it.

    `points` has shape (n, 3), `faces` (m, 3). Where the primitive is bound to joints,
    `joints` and `weights` have shape (n, 4 k), else None.
    """

    points: NDArray[np.float64]
    faces: NDArray[np.int64]
    joints: NDArray[np.int64] | None
    weights: NDArray[np.float64] | None


class _Attributes:
    """Attributes of one primitive, from its accessors or from its Draco data."""

    def __init__(self, primitive: Properties, accessors: Accessors) -> None:
        named = primitive.get("attributes", {})
        if not isinstance(named, dict):
            raise UnreadableFile("has 'attributes' that are no object")
        self.named, self._accessors = named, accessors
        packed = extension(primitive, _DRACO)
        self.drawn = _Draco(packed, accessors) if packed else None

    def count(self) -> int:
        """How many vertices there are."""
        if self.drawn and (rows := self.drawn.rows("POSITION")) is not None:
            return len(rows)
        return self._accessors.count(self.named["POSITION"])

    def rows(self, name: str, width: int, used: NDArray[np.int64]) -> NDArray[Any]:
        """Rows `used` of an attribute as they are stored, shape (len(used), width)."""
        rows = self.drawn.rows(name) if self.drawn else None
        if rows is None:
            rows = self._accessors.rows(self.named[name], width)
        if rows.ndim != 2 or rows.shape[1] != width or len(rows) != self.count():
            raise UnreadableFile(f"has {len(rows):,} rows of {name} for {self.count():,} vertices")
        return rows[used]

    def floats(self, name: str, width: int, used: NDArray[np.int64]) -> NDArray[np.float64]:
        """As `rows`, integers normalised where the accessor says so."""
        return self._accessors.scaled(self.named[name], self.rows(name, width, used))


class _Draco:
    """The triangles and attributes that Google's Draco packed for one primitive."""

    def __init__(self, packed: Properties, accessors: Accessors) -> None:
        import DracoPy

        view, _ = accessors.buffers.view(packed.get("bufferView"))
        try:
            self._mesh: Any = DracoPy.decode(view.tobytes())
            self.faces = np.asarray(self._mesh.faces, np.int64).reshape(-1, 3)
        except Exception as error:  # its classes of errors share no base but this
            raise UnreadableFile(f"has damaged {_DRACO} data") from error
        numbers = packed.get("attributes")
        self._numbers = numbers if isinstance(numbers, dict) else {}

    def rows(self, name: str) -> NDArray[Any] | None:
        """The attribute of a name, shape (n, width), None when it was not packed."""
        if name not in self._numbers:
            return None
        for attribute in self._mesh.attributes:
            if attribute["unique_id"] == self._numbers[name]:
                return np.asarray(attribute["data"])
        raise UnreadableFile(f"has {_DRACO} data without the {name} that they promise")


def read_primitive(
    primitive: Properties, accessors: Accessors, morphs: Sequence[float], skinned: bool
) -> Part | None:
    """The triangles of one primitive, only the vertices that they use kept.

    Args:
        primitive: its properties.
        accessors: where its data are.
        morphs: how much of each morph target is added.
        skinned: whether joints and weights are wanted.

    Returns:
        None when it draws points or lines, or has no positions, so that nobody could draw it.

    Raises:
        UnreadableFile: its data are damaged, or a face names a vertex that is not there.
        OverLimit: its accessors promise too much.
    """
    mode = primitive.get("mode", TRIANGLES)
    if not is_count(mode) or mode > FAN:
        raise UnreadableFile(f"has a primitive of the unknown mode {mode!r}")
    attributes = _Attributes(primitive, accessors)
    if mode in LINES or "POSITION" not in attributes.named:
        return None
    count = attributes.count()
    faces = _faces(primitive, attributes, accessors, count)
    if len(faces) and faces.max() >= count:
        raise UnreadableFile(f"has a face that names vertex {faces.max():,} of {count:,}")
    used, faces = compact(faces, count)
    points = attributes.floats("POSITION", 3, used)
    for target, amount in zip(_targets(primitive), morphs, strict=False):
        if amount and "POSITION" in target:
            if accessors.count(target["POSITION"]) != count:
                raise UnreadableFile("has a morph target of another number of vertices")
            points = points + amount * accessors.floats(target["POSITION"], 3, used)
    bound = _bound(attributes, used) if skinned else (None, None)
    return Part(points, faces, *bound)


def surfaces(corners: NDArray[np.int64], mode: int) -> NDArray[np.int64]:
    """The triangles, shape (m, 3), of a list, strip or fan of vertex numbers, shape (n,).

    Triangles of a strip that join its pieces, with two corners alike, are left out.
    """
    if mode == TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    steps = np.arange(max(len(corners) - 2, 0))
    if mode == FAN:
        return np.column_stack(
            [corners[steps + 1], corners[steps + 2], corners[:1].repeat(len(steps))]
        )
    odd = steps % 2
    found = np.column_stack([corners[steps], corners[steps + 1 + odd], corners[steps + 2 - odd]])
    a, b, c = found.T
    kept: NDArray[np.int64] = found[(a != b) & (b != c) & (a != c)]
    return kept


def _faces(
    primitive: Properties, attributes: _Attributes, accessors: Accessors, count: int
) -> NDArray[np.int64]:
    if attributes.drawn:
        return attributes.drawn.faces
    mode, indices = primitive.get("mode", TRIANGLES), primitive.get("indices")
    accessors.draw(count if indices is None else accessors.count(indices))
    if indices is None:
        return surfaces(np.arange(count), mode)
    corners = accessors.rows(indices, 1)[:, 0]
    if corners.dtype.kind != "u":
        raise UnreadableFile("has indices that are no unsigned integers")
    return surfaces(corners.astype(np.int64), mode)


def _targets(primitive: Properties) -> list[Properties]:
    found = primitive.get("targets", [])
    if not isinstance(found, list) or not all(isinstance(target, dict) for target in found):
        raise UnreadableFile("has morph 'targets' that are no list of objects")
    return found


def _bound(
    attributes: _Attributes, used: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64] | None]:
    sets = 0
    while f"JOINTS_{sets}" in attributes.named and f"WEIGHTS_{sets}" in attributes.named:
        sets += 1
    if not sets:
        return None, None
    joints = [attributes.rows(f"JOINTS_{k}", 4, used).astype(np.int64) for k in range(sets)]
    weights = [attributes.floats(f"WEIGHTS_{k}", 4, used) for k in range(sets)]
    return np.concatenate(joints, axis=1), np.concatenate(weights, axis=1)


def morph_weights(mesh: Properties, node: Properties) -> tuple[float, ...]:
    """How much of each morph target a node shows: its own word, else its mesh's, else nothing.

    Raises:
        UnreadableFile: `weights` are no list of numbers.
    """
    found = node.get("weights", mesh.get("weights", []))
    if not isinstance(found, list) or not all(
        is_count(value) or isinstance(value, int | float) for value in found
    ):
        raise UnreadableFile("has morph 'weights' that are no list of numbers")
    return tuple(float(value) for value in found)
