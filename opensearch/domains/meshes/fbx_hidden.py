"""FBX files without the meshes that they hide, which Assimp draws."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

_MAGIC: Final = b"Kaydara FBX Binary  \0\x1a\0"
_WIDE: Final = 7500
"""The version from which records have 64-bit heads."""
_SHOW, _VISIBILITY, _INHERITS = b"Show", b"Visibility", b"Visibility Inheritance"
_HIDES: Final = (_SHOW, _VISIBILITY)
# Nodes looked at; a file with more goes to Assimp as it is.
_MOST: Final = 1_000_000
# Bytes of a text that are looked at.
_TEXT: Final = 64
_NUMBERS: Final = {b"C": "<?", b"Y": "<h", b"I": "<i", b"F": "<f", b"D": "<d", b"L": "<q"}

# At the start of a line: the beginning of an object, a property that hides, and a connection.
_LINE: Final = re.compile(
    rb'^[ \t]*(?:(?P<kind>\w+):[ \t]*(?P<id>-?\d+)[ \t]*,[ \t]*"'
    rb'|P:[ \t]*"(?P<off>Show|Visibility(?: Inheritance)?)"(?:,[ \t]*"[^"\n]*"){3},'
    rb"[ \t]*0(?:\.0*)?[ \t]*\r?$"
    rb'|C:[ \t]*"(?P<type>O[OP])",[ \t]*(?P<from>-?\d+),[ \t]*(?P<to>-?\d+)'
    rb'(?:,[ \t]*"(?P<of>[^"\n]*)")?)',
    re.MULTILINE,
)


class _Link(NamedTuple):
    """A connection and where its type stands; `of` is the property that it leads to."""

    at: int
    kind: bytes
    source: int
    target: int
    of: bytes


@dataclass(slots=True)
class _Scene:
    """What a file says: its meshes, its nodes, those by what is 0 of them, and what is joined."""

    meshes: set[int] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    off: dict[bytes, set[int]] = field(default_factory=lambda: defaultdict(set))
    links: list[_Link] = field(default_factory=list)

    def hidden(self) -> set[int]:
        """The nodes that are not shown; `Visibility` goes down to children that inherit it.

        Children are nodes joined to a node: a bone is joined to the skin of a mesh, too.
        """
        animated = {one.target for one in self.links if one.kind == b"OP" and one.of in _HIDES}
        below = defaultdict(list)
        for one in self.links:
            if one.kind == b"OO" and {one.source, one.target} <= self.nodes:
                below[one.target].append(one.source)
        found, todo = set(), list(self.off[_VISIBILITY] - animated)
        while todo:
            node = todo.pop()
            if node not in found:
                found.add(node)
                todo.extend(set(below[node]) - self.off[_INHERITS])
        return found | (self.off[_SHOW] - animated)


def without_hidden(data: bytes) -> bytes:
    """The file, as long as it was, with its hidden nodes joined to no mesh.

    A node is hidden whose `Show` or `Visibility` is 0 and is not animated; with the latter those
    below it, too, unless their `Visibility Inheritance` is 0. The file stays the same where
    everything is hidden, and where it is damaged or older than version 7.
    """
    try:
        scene = _binary(data) if data.startswith(_MAGIC) else _text(data)
    except (struct.error, ValueError, IndexError):  # odd; Assimp may make something of it
        return data
    hidden = scene.hidden()
    drawn = [one for one in scene.links if one.kind == b"OO" and one.source in scene.meshes]
    off = [one for one in drawn if one.target in hidden]
    if not off or len(off) == len(drawn):
        return data
    found = bytearray(data)
    for one in off:
        found[one.at : one.at + 2] = b"PP"  # between properties, which it passes over
    return bytes(found)


def _text(data: bytes) -> _Scene:
    scene = _Scene()
    kind, number = b"", 0
    for count, line in enumerate(_LINE.finditer(data)):
        if count == _MOST:
            raise ValueError("has too many lines")
        if line["kind"]:
            kind, number = line["kind"], int(line["id"])
            if kind == b"Geometry":
                scene.meshes.add(number)
            elif kind == b"Model":
                scene.nodes.add(number)
        elif line["off"] and kind == b"Model":
            scene.off[line["off"]].add(number)
        elif line["type"]:
            ends = int(line["from"]), int(line["to"])
            scene.links.append(_Link(line.start("type"), line["type"], *ends, line["of"] or b""))
    return scene


class _Node(NamedTuple):
    """A record: its name, its values with where they stand, and what it holds."""

    name: bytes
    values: list[tuple[int, Any]]
    inner: tuple[int, int]


def _binary(data: bytes) -> _Scene:
    scene, walk = _Scene(), _Walk(data)
    for top in walk.nodes(len(_MAGIC) + 4, len(data)):
        if top.name not in (b"Objects", b"Connections"):
            continue
        for node in walk.nodes(*top.inner):
            values = node.values
            if node.name == b"Geometry":
                scene.meshes.add(values[0][1])
            elif node.name == b"Model":
                scene.nodes.add(values[0][1])
                for name in walk.off(node):
                    scene.off[name].add(values[0][1])
            elif node.name == b"C" and values[0][1] in (b"OO", b"OP"):
                of = values[3][1] if len(values) > 3 else b""
                ends = values[1][1], values[2][1]
                scene.links.append(_Link(values[0][0], values[0][1], *ends, of))
    return scene


class _Walk:
    """Over the records of a binary file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        (version,) = struct.unpack_from("<I", data, len(_MAGIC))
        self._head = struct.Struct("<QQQB" if version >= _WIDE else "<IIIB")
        self._count = 0

    def nodes(self, start: int, end: int) -> Iterator[_Node]:
        """The records in a stretch, up to one that is empty.

        Raises:
            ValueError, struct.error, IndexError: it is damaged, or has too many.
        """
        while start + self._head.size <= end:
            stop, number, size, length = self._head.unpack_from(self._data, start)
            if stop == 0:
                return
            first = start + self._head.size + length
            self._count += 1
            if self._count > _MOST or not first + size <= stop <= end:
                raise ValueError("has a record that does not fit")
            name = self._data[first - length : first]
            yield _Node(
                name, self._values(first, first + size, min(number, 5)), (first + size, stop)
            )
            start = stop

    def off(self, model: _Node) -> Iterator[bytes]:
        """The names of properties of an object that are 0 and say whether it is shown."""
        for inner in self.nodes(*model.inner):
            if inner.name != b"Properties70":
                continue
            for node in self.nodes(*inner.inner):
                values = [value for _, value in node.values]
                if len(values) == 5 and values[0] in (*_HIDES, _INHERITS) and values[4] == 0:
                    yield values[0]

    def _values(self, at: int, end: int, number: int) -> list[tuple[int, Any]]:
        """The first values before `end`, up to one that is an array; of texts their beginning."""
        found: list[tuple[int, Any]] = []
        for _ in range(number):
            kind, at = self._data[at : at + 1], at + 1
            if kind in _NUMBERS:
                form = _NUMBERS[kind]
                found.append((at, struct.unpack_from(form, self._data, at)[0]))
                at += struct.calcsize(form)
            elif kind in (b"S", b"R"):
                (length,) = struct.unpack_from("<I", self._data, at)
                if at + 4 + length > end:
                    raise ValueError("has a text that does not fit its record")
                found.append((at + 4, self._data[at + 4 : at + 4 + min(length, _TEXT)]))
                at += 4 + length
            else:
                break
        return found
