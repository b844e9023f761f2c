"""Slices of a 3MF: whether an object's mesh is the shape, or a box in its place.

Source:
    3MF Slice Extension 1.0.2, which allows a mesh of low resolution beside the slices. Files do
    not always say so (`meshresolution`), as those of the 3MF Consortium's samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.threemf_xml import local_name, new_parser, parse
from opensearch.errors import UnreadableFile

_BOX_FACES: Final = 12
_BOX_CORNERS: Final = 8
_NEAR: Final = 1e-3
"""Share of a box's side by which its corners may be off."""
_FILLED: Final = 0.9
"""Share of its base that slices of a box fill at least, on average; those of a cylinder fill .79.

How high they stand is not looked at.
"""


class Stack(NamedTuple):
    """A stack of slices: the area of each that is not empty, and the stacks it refers to.

    References are the name of a part and the number of a stack there.
    """

    areas: list[float]
    references: list[tuple[str, str]]


def check_slices(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int64],
    areas: Callable[[], list[float]],
) -> None:
    """Refuse a mesh that is a box, where its slices are none.

    Args:
        vertices: shape (n, 3).
        triangles: shape (m, 3), numbers of vertices, all of them there.
        areas: gives those of the slices of the object; called for boxes alone.

    Raises:
        UnreadableFile: the shape is in the slices alone.
    """
    if len(triangles) != _BOX_FACES:
        return
    corners = vertices[np.unique(triangles)]
    low, sides = corners.min(axis=0), np.ptp(corners, axis=0)
    if not (sides > 0).all():
        return
    at = (corners - low) / sides
    places = np.unique(at.round(), axis=0)
    if len(places) != _BOX_CORNERS or np.abs(at - at.round()).max() > _NEAR:
        return
    found = areas()
    if found and np.mean(found) < _FILLED * sides[0] * sides[1]:
        raise UnreadableFile(
            "shows its shape by slices, which are not read, and a box in its place:"
            " export it as a mesh"
        )


def read_stack(stream: IO[bytes], number: str) -> Stack:
    """The stack of a number in a model part; an empty one if there is none.

    Raises:
        UnreadableFile: damaged.
    """
    reader = _StackReader(number)
    parse(stream, new_parser(), reader.start)
    reader.finish()
    return reader.stack


class _StackReader:
    """Handlers of the XML of one part, which collect `stack`."""

    def __init__(self, number: str) -> None:
        self.stack = Stack([], [])
        self._number = number
        self._inside = False
        self._points: list[tuple[float, float]] = []
        self._polygons: list[list[int]] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element of the stack."""
        local = local_name(name)
        if local in ("slicestack", "object"):
            self._inside = local == "slicestack" and attributes["id"] == self._number
        elif not self._inside:
            return
        elif local == "sliceref":
            self.stack.references.append((attributes["slicepath"], attributes["slicestackid"]))
        elif local == "slice":
            self.finish()
        elif local == "vertex":
            self._points.append((float(attributes["x"]), float(attributes["y"])))
        elif local == "polygon":
            self._polygons.append([int(attributes["startv"])])
        elif local == "segment":
            self._polygons[-1].append(int(attributes["v2"]))

    def finish(self) -> None:
        """Add the slice that was read to its stack; holes turn the other way round."""
        if self._polygons:
            points = np.array(self._points, np.float64).reshape(-1, 2)
            if any(not 0 <= at < len(points) for polygon in self._polygons for at in polygon):
                raise UnreadableFile("has damaged slices: one names a vertex that it does not hold")
            area = sum(_turned_area(points[polygon]) for polygon in self._polygons)
            self.stack.areas.append(abs(area))
        self._points, self._polygons = [], []


def _turned_area(polygon: NDArray[np.float64]) -> float:
    """The area of a polygon, shape (n, 2), below 0 where it runs clockwise."""
    x, y = (polygon - polygon[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
