"""The rows of a binary PLY: the columns that are asked for, all others passed over."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.ply.header import Element, Header
from opensearch.domains.meshes.ply.rows import Lists, Rows, cut_off
from opensearch.errors import UnreadableFile

# Values worked on at once.
_BLOCK: Final = 2**20


def binary_rows(data: bytes, header: Header, wanted: Mapping[str, set[str]]) -> dict[str, Rows]:
    """The wanted columns of a binary PLY.

    Args:
        data: the whole file.
        header: of the file.
        wanted: names of columns by the element that holds them.

    Raises:
        UnreadableFile: cut off, or a list of negative length.
    """
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
            raise cut_off(element, row)
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
