"""The Polygon File Format, or Stanford Triangle Format.

Source:
    Greg Turk, The PLY Polygon File Format (1994); triangle strips as Stanford's archive
    writes them: one list, -1 between strips.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.ply.binary_rows import binary_rows
from opensearch.domains.meshes.ply.header import Element, read_header
from opensearch.domains.meshes.ply.rows import Lists, Rows
from opensearch.domains.meshes.ply.text_rows import text_rows
from opensearch.domains.meshes.polygons import as_triangles, check_corners, check_faces
from opensearch.domains.meshes.text import plain_lines
from opensearch.domains.meshes.triangles import Neighbours, Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_VERTICES: Final = ("vertex", "vertices")
_FACES: Final = ("face", "faces")
_STRIPS: Final = ("tristrips", "tristrip")
_CORNERS: Final = ("vertex_indices", "vertex_index", "vertex_indexes", "vertices")


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of a PLY: its faces of any size and its strips, whatever else it holds.

    Raises:
        UnreadableFile: cut off, no faces, a vertex that is not there, a damaged header.
        OverLimit: over `limits.faces`.
    """
    if data[:3].lower() != b"ply":
        data = plain_lines(data)
    header = read_header(data)
    elements = {element.name: element for element in header.elements}
    vertex = _one_of(elements, _VERTICES)
    if vertex is None:
        raise UnreadableFile("has no element 'vertex'")
    surfaces = [element for name in (*_FACES, *_STRIPS) if (element := elements.get(name))]
    _check_counts(vertex, surfaces, elements, limits)
    axes = _coordinates(vertex)
    wanted = {vertex.name: set(axes)}
    wanted |= {element.name: {_corner_list(element)} for element in surfaces if element.count}
    if header.order:
        found = binary_rows(data, header, wanted)
    else:
        found = text_rows(plain_lines(data[header.body :]), header, wanted)
    vertices = np.stack([found[vertex.name].numbers[axis] for axis in axes], axis=1)
    faces = [
        _triangles(element, found[element.name], vertices, limits)
        for element in surfaces
        if element.count
    ]
    joined = np.concatenate(faces)
    check_faces(len(joined), limits)
    if len(joined) == 0:
        raise UnreadableFile("has no faces of three corners or more")
    return Triangles(vertices, joined)


def _one_of(elements: dict[str, Element], names: tuple[str, ...]) -> Element | None:
    return next((elements[name] for name in names if name in elements), None)


def _check_counts(
    vertex: Element, surfaces: list[Element], elements: dict[str, Element], limits: Limits
) -> None:
    """Refuse by the header alone what need not be read."""
    if not any(element.count for element in surfaces):
        others = [
            name
            for name, element in elements.items()
            if element.count and element not in (vertex, *surfaces)
        ]
        if others:
            raise UnreadableFile(f"has no faces, only vertices and {', '.join(others)}")
        if vertex.count == 0:
            raise UnreadableFile("has no faces: it is empty")
        raise UnreadableFile(f"has no faces: it is a cloud of {vertex.count:,} points")
    for element in surfaces:
        check_faces(element.count, limits)
    # No triangle needs more vertices than three; what is far beyond is a cloud with a face.
    if vertex.count > 8 * limits.faces:
        raise OverLimit(f"has {vertex.count:,} vertices, too many for {limits.faces:,} faces")


def _coordinates(vertex: Element) -> tuple[str, ...]:
    names = {item.name.lower(): item.name for item in vertex.properties if item.count_kind is None}
    missing = [axis for axis in "xyz" if axis not in names]
    if missing:
        raise UnreadableFile(f"has vertices without the property {missing[0]!r}")
    return tuple(names[axis] for axis in "xyz")


def _corner_list(element: Element) -> str:
    lists = [item.name for item in element.properties if item.count_kind is not None]
    for name in _CORNERS:
        if name in lists:
            return name
    if len(lists) == 1:
        return lists[0]
    raise UnreadableFile(f"has the element {element.name!r} without a list of vertex_indices")


def _triangles(
    element: Element, rows: Rows, vertices: NDArray[np.float64], limits: Limits
) -> NDArray[np.int64]:
    lists = rows.lists[_corner_list(element)]
    if element.name in _STRIPS:
        return _strips(lists, len(vertices), limits)
    return as_triangles(vertices, lists.values, lists.sizes, limits)


def _strips(lists: Lists, count: int, limits: Limits) -> NDArray[np.int64]:
    """Triangles of strips: every three numbers in a row without a -1 between them."""
    run = np.insert(lists.values, np.cumsum(lists.sizes), -1)
    check_corners(run[run != -1], count)
    triples: NDArray[np.int64] = np.stack([run[:-2], run[1:-1], run[2:]], axis=1)
    triples = triples[(triples != -1).all(axis=1)]
    check_faces(len(triples), limits)
    return triples
