"""What is read of the elements of a PLY: columns of numbers, and columns of lists."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.ply.header import Element
from opensearch.errors import UnreadableFile


class Lists(NamedTuple):
    """A column of lists: their lengths, shape (n,), and the values of all, one after another."""

    sizes: NDArray[np.int64]
    values: NDArray[np.int64]


class Rows(NamedTuple):
    """The columns of one element by their names: numbers of shape (n,), and lists."""

    numbers: dict[str, NDArray[np.float64]]
    lists: dict[str, Lists]


def cut_off(element: Element, rows: int) -> UnreadableFile:
    """What is said of an element of which only `rows` rows are there."""
    return UnreadableFile(
        f"is cut off: it promises {element.count:,} of {element.name!r} and holds {rows:,}"
    )
