"""Typed rows of numbers out of a glTF file's buffers.

Source:
    Khronos glTF 2.0, sections 3.6.2 (accessors, sparse accessors) and 3.11 (how normalised
    integers become floats).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.buffers import Buffers
from opensearch.domains.meshes.gltf.document import Document, Properties, entry, is_count, whole
from opensearch.domains.meshes.triangles import Neighbours
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_COMPONENTS: Final = {
    **{5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2"},
    **{5124: "<i4", 5125: "<u4", 5126: "<f4", 5130: "<f8"},
}
_WIDTHS: Final = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_VALUES_A_FACE = 32
"""A triangle needs three vertices and three indices; the rest is skins and morph targets."""
_CORNERS_A_FACE = 8
"""A triangle has three; strips have some that draw nothing."""


class Accessors:
    """Accessors by number; what their sparse parts change is laid over what they are based on."""

    def __init__(self, document: Document, neighbours: Neighbours, limits: Limits) -> None:
        self._tree = document.tree
        self.buffers = Buffers(document, neighbours, limits)
        self._most = _VALUES_A_FACE * limits.faces
        self._rows: dict[int, NDArray[Any]] = {}
        self._values = self._corners = 0
        self._most_corners = _CORNERS_A_FACE * limits.faces

    def count(self, index: Any) -> int:
        """How many rows an accessor says it has."""
        return whole(entry(self._tree, "accessors", index), "count")

    def draw(self, corners: int) -> None:
        """Count corners of what is drawn, since many primitives may share one list of them.

        Raises:
            OverLimit: all so far are more than the faces allowed can have.
        """
        self._corners += corners
        if self._corners > self._most_corners:
            raise OverLimit(f"draws over {self._most_corners:,} corners, too many for its faces")

    def rows(self, index: Any, width: int) -> NDArray[Any]:
        """The rows of an accessor as they are stored.

        Args:
            index: its number.
            width: values a row that it must have.

        Returns:
            Shape (count, width), of the type that the file has.

        Raises:
            UnreadableFile: damaged, cut short, or of another width.
            OverLimit: all rows read so far hold more values than the faces allowed can need.
        """
        accessor = entry(self._tree, "accessors", index)
        kind = accessor.get("type")
        if _WIDTHS.get(str(kind)) != width:
            raise UnreadableFile(f"has {kind!r} in accessor {index}, not {width} values a row")
        if index not in self._rows:
            count = whole(accessor, "count")
            self._values += count * width
            if self._values > self._most:
                raise OverLimit(f"promises over {self._most:,} values, too many for its faces")
            self._rows[index] = self._read(accessor, index, count, width)
        return self._rows[index]

    def floats(
        self, index: Any, width: int, used: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """The rows of an accessor as numbers, normalised integers as -1 to 1 or 0 to 1.

        Args:
            index: its number.
            width: values a row that it must have.
            used: the rows wanted, all when None.

        Returns:
            Shape (rows, width).

        Raises:
            UnreadableFile, OverLimit: as `rows`.
        """
        rows = self.rows(index, width)
        chosen = rows if used is None else rows[used]
        return self.scaled(index, chosen)

    def scaled(self, index: Any, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Rows as floats, divided where their accessor is of normalised integers.

        Its type counts, not that of `rows`: Draco hands integers out as floats.
        """
        values = np.asarray(rows, np.float64)
        accessor = entry(self._tree, "accessors", index)
        kind = _kind(accessor, f"accessor {index}")
        if accessor.get("normalized") is not True or kind.kind == "f":
            return values
        return np.maximum(values / float(np.iinfo(kind).max), -1.0)

    def _read(self, accessor: Properties, index: int, count: int, width: int) -> NDArray[Any]:
        rows = self._dense(accessor, f"accessor {index}", count, width)
        sparse = accessor.get("sparse")
        if sparse is None:
            return rows
        if not isinstance(sparse, dict):
            raise UnreadableFile(f"has a damaged sparse part in accessor {index}")
        at, over = self._changes(accessor, sparse, f"the sparse part of accessor {index}", width)
        if at.size and at.max() >= count:
            raise UnreadableFile(
                f"changes row {at.max():,} of accessor {index}, and it has {count:,}"
            )
        changed = rows.copy()
        changed[at] = over
        return changed

    def _changes(
        self, accessor: Properties, sparse: Properties, name: str, width: int
    ) -> tuple[NDArray[np.int64], NDArray[Any]]:
        places, values = sparse.get("indices"), sparse.get("values")
        if not isinstance(places, dict) or not isinstance(values, dict):
            raise UnreadableFile(f"lacks indices or values in {name}")
        count = whole(sparse, "count")
        if count > whole(accessor, "count"):
            raise UnreadableFile(f"has more rows in {name} than in the whole")
        if places.get("bufferView") is None or values.get("bufferView") is None:
            raise UnreadableFile(f"has no data for {name}")
        at = self._dense(places, name, count, 1)[:, 0].astype(np.int64)
        if at.size and at.min() < 0:
            raise UnreadableFile(f"has a negative index in {name}")
        kind = {**values, "componentType": accessor.get("componentType")}
        return at, self._dense(kind, name, count, width)

    def _dense(self, accessor: Properties, name: str, count: int, width: int) -> NDArray[Any]:
        kind = _kind(accessor, name)
        if accessor.get("bufferView") is None:
            return np.zeros((count, width), kind)
        view, stride = self.buffers.view(accessor["bufferView"])
        start, row = whole(accessor, "byteOffset", 0), kind.itemsize * width
        stride = stride or row
        if stride < row:
            raise UnreadableFile(f"has rows of {row} bytes every {stride} bytes in {name}")
        if count and start + (count - 1) * stride + row > len(view):
            raise UnreadableFile(
                f"promises {count:,} rows in {name}, and its data end after {len(view):,} bytes"
            )
        return np.ndarray((count, width), kind, view, start, (stride, kind.itemsize))


def _kind(accessor: Properties, name: str) -> np.dtype[Any]:
    component = accessor.get("componentType")
    if not is_count(component) or component not in _COMPONENTS:
        raise UnreadableFile(f"has values of an unknown type in {name}")
    return np.dtype(_COMPONENTS[component])
