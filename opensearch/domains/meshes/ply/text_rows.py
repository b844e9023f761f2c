"""The rows of an ASCII PLY: the columns that are asked for, all others passed over."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.ply.header import Element, Header
from opensearch.domains.meshes.ply.rows import Lists, Rows, cut_off
from opensearch.domains.meshes.text import as_floats
from opensearch.errors import UnreadableFile

# Bytes of text parsed at once.
_BLOCK: Final = 2**20


def text_rows(text: bytes, header: Header, wanted: Mapping[str, set[str]]) -> dict[str, Rows]:
    """The wanted columns of an ASCII PLY.

    Rows are lines where there are as many, which forgives a line that lacks or adds a number
    at its end; else line ends mean nothing.

    Args:
        text: what follows the header.
        header: of the file.
        wanted: names of columns by the element that holds them.

    Raises:
        UnreadableFile: cut off, or a word that is no number.
    """
    elements = [element for element in header.elements if element.properties]
    promised = sum(element.count for element in elements)
    by_lines = sum(1 for _ in _full_lines(text)) == promised
    stream: _Numbers | _Lines = _Lines(text) if by_lines else _Numbers(text)
    found: dict[str, Rows] = {}
    for element in elements:
        if len(found) == len(wanted):
            break
        rows = _element(stream, element, wanted.get(element.name, set()))
        if element.name in wanted:
            found[element.name] = rows
    return found


def _full_lines(text: bytes) -> Iterator[bytes]:
    return (line for line in io.BytesIO(text) if not line.isspace())


class _Lines:
    """Numbers of a text with a row a line."""

    def __init__(self, text: bytes) -> None:
        self._lines = _full_lines(text)
        self._words: list[bytes] = []
        self._at = 0

    def columns(self, element: Element, names: set[str]) -> list[tuple[str, bool]]:
        """Names of the columns to take of a row and whether they are lists, up to `names`."""
        columns = _columns(element)
        while columns and columns[-1][0] not in names:
            columns.pop()
        return columns

    def next_row(self) -> None:
        """Go on to the next line."""
        self._words, self._at = next(self._lines).split(), 0

    def take(self, count: int) -> list[float]:
        """The next `count` numbers of the line.

        Raises:
            EOFError: the line ends before.
        """
        self._at += count
        if self._at > len(self._words):
            raise EOFError
        return as_floats(self._words[self._at - count : self._at])


class _Numbers:
    """Numbers of a text in their order, parsed some megabytes at a time."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._read = 0
        self._held: list[float] = []
        self._at = 0

    def columns(self, element: Element, names: set[str]) -> list[tuple[str, bool]]:
        """Names of the columns to take of a row and whether they are lists: all."""
        return _columns(element)

    def next_row(self) -> None:
        """Nothing tells rows apart."""

    def take(self, count: int) -> list[float]:
        """The next `count` numbers.

        Raises:
            EOFError: the text ends before.
        """
        while self._at + count > len(self._held):
            self._more()
        self._at += count
        return self._held[self._at - count : self._at]

    def _more(self) -> None:
        if self._read >= len(self._text):
            raise EOFError
        end = self._text.find(b"\n", self._read + _BLOCK)
        end = len(self._text) if end < 0 else end + 1
        self._held = self._held[self._at :] + as_floats(self._text[self._read : end].split())
        self._read, self._at = end, 0


def _element(stream: _Numbers | _Lines, element: Element, names: set[str]) -> Rows:
    found = {name: (array("d"), array("q")) for name in names}
    columns = stream.columns(element, names)
    whole = 0
    try:
        for whole in range(element.count):  # noqa: B007  # told when cut off
            stream.next_row()
            for name, is_list in columns:
                size = _size(stream.take(1)[0], element) if is_list else 1
                part = stream.take(size)
                if name in found:
                    found[name][0].extend(part)
                    found[name][1].append(size)
    except EOFError:
        raise cut_off(element, whole) from None
    rows = Rows({}, {})
    for name, is_list in columns:
        if name in found and is_list:
            values, sizes = found[name]
            rows.lists[name] = Lists(np.array(sizes, np.int64), _whole(values, element))
        elif name in found:
            rows.numbers[name] = np.array(found[name][0], np.float64)
    return rows


def _columns(element: Element) -> list[tuple[str, bool]]:
    return [(item.name, item.count_kind is not None) for item in element.properties]


def _size(number: float, element: Element) -> int:
    if not (number >= 0 and number.is_integer()):
        raise UnreadableFile(f"has {number!r} for the length of a list of {element.name!r}")
    return int(number)


def _whole(values: array[float], element: Element) -> NDArray[np.int64]:
    numbers = np.array(values, np.float64)
    bad = numbers[~((numbers == np.floor(numbers)) & (np.abs(numbers) < 2**53))]
    if len(bad):
        raise UnreadableFile(
            f"has {float(bad[0])!r} in a list of {element.name!r}, not a whole number"
        )
    return numbers.astype(np.int64)
