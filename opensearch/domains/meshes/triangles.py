"""What every loader of a mesh format takes and gives."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.limits import check_bytes
from opensearch.limits import Limits


class _Arrays(NamedTuple):
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]


class Triangles(_Arrays):
    """Vertices, shape (n, 3), in the file's world frame, and faces, shape (m, 3), their numbers.

    `lost` says in words what the file seems to have held beside them, as it is damaged.
    """

    lost: str = ""

    def lacking(self, lost: str) -> Triangles:
        """These triangles, of a file that has lost something; "" for nothing."""
        same = Triangles(self.vertices, self.faces)
        same.lost = lost
        return same


def compact(faces: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The vertices that faces use, ascending, and the faces by their places among those.

    Parts may share one long list of vertices, or be placed many times; each keeps its own few.

    Args:
        faces: shape (m, 3), numbers from 0 to `count` - 1.
        count: of vertices.
    """
    if faces.size >= count:
        mask = np.zeros(count, bool)
        mask[faces] = True
        used = np.flatnonzero(mask)
        places = np.cumsum(mask) - 1
        return used, places[faces]
    used, places = np.unique(faces, return_inverse=True)
    return used, places.reshape(-1, 3)


class Neighbours(Protocol):
    """The files beside a mesh, by the names that the mesh gives them."""

    missing: list[str]

    def __getitem__(self, name: str) -> bytes: ...


class Beside:
    """The files in the folder of a mesh or below it, as `Neighbours`.

    Only regular files there are opened, within `limits.bytes` together; nothing is fetched
    from a network. A missing file reads as empty, so that what others hold is still found,
    and is noted in `missing`.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder.resolve()
        self._limits = limits
        self._read = 0
        self.missing: list[str] = []

    def __getitem__(self, name: str) -> bytes:
        path = (self._folder / unquote(name)).resolve()
        if not path.is_relative_to(self._folder) or not path.is_file():
            self.missing.append(name)
            return b""
        self._read += path.stat().st_size
        check_bytes(self._read, self._limits)
        return path.read_bytes()
