"""The header of a PLY file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from opensearch.errors import UnreadableFile

KINDS: Final = {
    "char": "i1",
    "int8": "i1",
    "uchar": "u1",
    "uint8": "u1",
    "short": "i2",
    "int16": "i2",
    "ushort": "u2",
    "uint16": "u2",
    "int": "i4",
    "int32": "i4",
    "uint": "u4",
    "uint32": "u4",
    "long": "i8",
    "int64": "i8",
    "ulong": "u8",
    "uint64": "u8",
    "half": "f2",
    "float16": "f2",
    "float": "f4",
    "float32": "f4",
    "double": "f8",
    "float64": "f8",
}
"""PLY's names of types as numpy's, without their byte order."""

_ORDERS: Final = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_END: Final = re.compile(rb"(?i)(?:^|[\r\n])[ \t]*end_header[ \t]*(\r\n|\r|\n|$)")
_KEYWORDS: Final = ("format", "comment", "obj_info", "element", "property")
_LONGEST: Final = 2**20


@dataclass(frozen=True, slots=True)
class Property:
    """A column of an element: numbers of `kind`, or lists of them counted in `count_kind`."""

    name: str
    kind: str
    count_kind: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """`count` rows of the same properties."""

    name: str
    count: int
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a PLY promises: its elements in their order, and where the first row begins.

    `order` is numpy's sign of the byte order, or "" for ASCII.
    """

    order: str
    elements: tuple[Element, ...]
    body: int


def read_header(data: bytes) -> Header:
    """The header of a PLY.

    Raises:
        UnreadableFile: no PLY, or a header that is cut off or says nothing that PLY knows.
    """
    end = _END.search(data, 0, _LONGEST)
    if data[:3].lower() != b"ply":
        raise UnreadableFile("is not a PLY: it does not begin with 'ply'")
    if end is None:
        raise UnreadableFile(_why_endless(data[:_LONGEST]))
    body = end.end()
    lone_returns = b"\n" not in data[: end.start() + 1]
    if end[1] == b"\r\n" and lone_returns and b"\r" in data[: end.start()]:
        body -= 1  # Where lone carriage returns end lines, a line feed behind one is data.
    words = _lines(data[: end.start()])
    return Header(_order(words), _elements(words), body)


def _lines(header: bytes) -> list[list[str]]:
    """The words of each line behind the first, keywords in lower case."""
    lines = re.split(r"[\r\n]+", header.decode("latin-1"))
    words = [line.split() for line in lines[1:] if line.strip()]
    return [[word.lower(), *rest] for word, *rest in words]


def _why_endless(data: bytes) -> str:
    """What is wrong with a header that never ends: its first odd line, or that it is cut off.

    Raises:
        UnreadableFile: a line says something that PLY does not know.
    """
    words = _lines(data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1])  # whole lines alone
    odd = next((line for line in words if line[0] not in _KEYWORDS), None)
    if odd is not None:
        line = " ".join(odd)[:40]
        return (
            "has no line 'end_header': it is cut off within its header, or goes wrong at the line"
            f" {line!r}"
        )
    if any(line[0] not in ("comment", "obj_info") for line in words):
        _order(words)
        _elements(words)
    return "is cut off within its header: the line 'end_header' is missing"


def _order(lines: list[list[str]]) -> str:
    named = [words[1] for words in lines if words[0] == "format" and len(words) > 1]
    if not named:
        raise UnreadableFile("has a header that names no format")
    if named[0] not in _ORDERS:
        raise UnreadableFile(f"is a PLY of the unknown format {named[0][:40]!r}")
    return _ORDERS[named[0]]


def _elements(lines: list[list[str]]) -> tuple[Element, ...]:
    found: list[tuple[str, int, list[Property]]] = []
    for words in lines:
        if words[0] == "element" and len(words) > 2:
            found.append((words[1], _count(words[2]), []))
        elif words[0] == "property":
            if not found:
                raise UnreadableFile("has a property before any element")
            found[-1][2].append(_property(words))
    return tuple(Element(name, count, tuple(columns)) for name, count, columns in found)


def _count(word: str) -> int:
    if not word.isdecimal() or len(word) > 18:
        raise UnreadableFile(f"has an element that promises {word[:40]!r} rows")
    return int(word)


def _property(words: list[str]) -> Property:
    if len(words) >= 5 and words[1] == "list":
        count_kind = _kind(words[2])
        if count_kind.startswith("f"):
            raise UnreadableFile(f"counts the list {words[4]!r} in {words[2]!r}, not whole numbers")
        return Property(words[4], _kind(words[3]), count_kind)
    if len(words) < 3:
        raise UnreadableFile(f"has a property without a name or a type: {' '.join(words)!r:.60}")
    return Property(words[2], _kind(words[1]))


def _kind(word: str) -> str:
    if word not in KINDS:
        raise UnreadableFile(f"has a property of the type {word[:40]!r}, which PLY does not know")
    return KINDS[word]
