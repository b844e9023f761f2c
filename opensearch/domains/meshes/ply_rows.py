"""The rows of a PLY: the columns that are asked for, all others passed over."""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator, Mapping
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.ply_header import Element, Header
from opensearch.domains.meshes.text import as_floats
from opensearch.errors import UnreadableFile

# Bytes of text, or rows, or values worked on at once.
_BLOCK: Final = 2**20


class Lists(NamedTuple):
    """A column of lists: their lengths, shape (n,), and the values of all, one after another."""

    sizes: NDArray[np.int64]
    values: NDArray[np.int64]


class Rows(NamedTuple):
    """The columns of one element by their names: numbers of shape (n,), and lists."""

    numbers: dict[str, NDArray[np.float64]]
    lists: dict[str, Lists]


def ascii_rows(text: bytes, header: Header, wanted: Mapping[str, set[str]]) -> dict[str, Rows]:
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
    promised = sum(element.count for element in header.elements)
    by_lines = sum(1 for _ in _full_lines(text)) == promised
    stream: _Numbers | _Lines = _Lines(text) if by_lines else _Numbers(text)
    found: dict[str, Rows] = {}
    for element in header.elements:
        if len(found) == len(wanted):
            break
        rows = _ascii_element(stream, element, wanted.get(element.name, set()))
        if element.name in wanted:
            found[element.name] = rows
    return found


def binary_rows(data: bytes, header: Header, wanted: Mapping[str, set[str]]) -> dict[str, Rows]:
    """The wanted columns of a binary PLY; arguments and errors as those of `ascii_rows`."""
    at = header.body
    found: dict[str, Rows] = {}
    for element in header.elements:
        if len(found) == len(wanted):
            break
        names = wanted.get(element.name, set())
        even = _even_rows(data, at, element, header.order, names)
        rows, at = even or _uneven_rows(data, at, element, header.order, names)
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


def _ascii_element(stream: _Numbers | _Lines, element: Element, names: set[str]) -> Rows:
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
        raise _cut_off(element, whole) from None
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


def _cut_off(element: Element, rows: int) -> UnreadableFile:
    return UnreadableFile(
        f"is cut off: it promises {element.count:,} of {element.name!r} and holds {rows:,}"
    )


def _even_rows(
    data: bytes, at: int, element: Element, order: str, names: set[str]
) -> tuple[Rows, int] | None:
    """All rows at once where their lists are as long as those of the first; None where not."""
    fields: list[tuple[str, str, int]] = []
    sizes: dict[str, int] = {}
    here = at
    for column, item in enumerate(element.properties):
        kind = np.dtype(order + item.kind)
        if item.count_kind is None:
            fields.append((f"{column}", kind.str, 1))
            here += kind.itemsize
            continue
        counted = np.dtype(order + item.count_kind)
        if here + counted.itemsize > len(data):
            return None
        sizes[f"{column}"] = size = int(np.frombuffer(data, counted, 1, here)[0])
        here += counted.itemsize + size * kind.itemsize
        if size < 0 or here > len(data):
            return None
        fields += [(f"size {column}", counted.str, 1), (f"{column}", kind.str, size)]
    row = np.dtype([(name, kind, (n,)) for name, kind, n in fields])
    if at + element.count * row.itemsize > len(data):
        return None
    table = np.frombuffer(data, row, element.count, at) if row.itemsize else np.empty(0, row)
    if not all((table[f"size {name}"] == size).all() for name, size in sizes.items()):
        return None
    rows = Rows({}, {})
    for column, item in enumerate(element.properties):
        if item.name not in names:
            continue
        values = table[f"{column}"].reshape(-1)
        if item.count_kind is None:
            rows.numbers[item.name] = values.astype(np.float64)
        else:
            lengths = np.full(len(table), sizes[f"{column}"], np.int64)
            rows.lists[item.name] = Lists(lengths, values.astype(np.int64))
    return rows, at + element.count * row.itemsize


def _uneven_rows(
    data: bytes, at: int, element: Element, order: str, names: set[str]
) -> tuple[Rows, int]:
    """Rows one by one, as the lists in them tell where the next begins."""
    places, end = _places(data, at, element, order, names)
    rows = Rows({}, {})
    for item in element.properties:
        if item.name not in names:
            continue
        starts, lengths = (np.array(part, np.int64) for part in places[item.name])
        values = _gathered(data, starts, lengths, np.dtype(order + item.kind))
        if item.count_kind is None:
            rows.numbers[item.name] = values.astype(np.float64)
        else:
            rows.lists[item.name] = Lists(lengths, values.astype(np.int64))
    return rows, end


def _places(
    data: bytes, at: int, element: Element, order: str, names: set[str]
) -> tuple[dict[str, tuple[array[int], array[int]]], int]:
    """Where the values of each property begin and how many there are, a row; where all end."""
    places = {name: (array("q"), array("q")) for name in names}
    byte_order: Literal["big", "little"] = "big" if order == ">" else "little"
    columns = [
        (
            np.dtype(item.kind).itemsize,
            np.dtype(item.count_kind).itemsize if item.count_kind else 0,
            (item.count_kind or "").startswith("i"),
            places.get(item.name),
        )
        for item in element.properties
    ]
    end = len(data)
    for row in range(element.count):
        for width, counted, signed, wanted in columns:
            size = 1
            if counted:
                size = int.from_bytes(data[at : at + counted], byte_order, signed=signed)
                at += counted
                if size < 0:
                    raise UnreadableFile(f"has a list of {element.name!r} of {size} values")
            if wanted is not None:
                wanted[0].append(at)
                wanted[1].append(size)
            at += size * width
        if at > end:
            raise _cut_off(element, row)
    return places, at


def _gathered(
    data: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64], kind: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """`lengths` values of `kind` from each of the places `starts`, one after another."""
    raw = np.frombuffer(data, np.uint8)
    before = np.cumsum(lengths) - lengths
    places = np.repeat(starts - before * kind.itemsize, lengths)
    places += np.arange(len(places)) * kind.itemsize
    found = np.empty(len(places), kind)
    for at in range(0, len(places), _BLOCK):
        part = raw[places[at : at + _BLOCK, None] + np.arange(kind.itemsize)]
        found[at : at + _BLOCK] = part.view(kind).reshape(-1)
    return found
