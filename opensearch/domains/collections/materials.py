"""Files that are no items but assets of a mesh: the images and buffers it or its material names."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

MOST_BYTES = 2**22
_MAPS = ("map_", "bump", "disp", "decal", "refl", "norm")
_OF_COLLADA: Final = re.compile(rb"<init_from>([^<]*)</init_from>")
_ADDRESS: Final = re.compile(rb"\Afile:/*")
_OF_USD: Final = re.compile(rb"@([^@\n]+\.(?:png|jpe?g|tiff?|bmp|webp))@", re.IGNORECASE)


def materials(folder: Path, names: Iterable[str]) -> frozenset[str]:
    """Paths that the files of one folder name that are in `NAMING`, as given by `os.scandir`.

    A file that is unreadable or over 4 MiB names nothing. Names with spaces are taken whole
    and by their last word, since options such as `-s 1 1 1` may stand before a name.
    """
    found: set[str] = set()
    for name in names:
        suffix = os.path.splitext(name)[1].lower()
        if suffix in NAMING:
            named = NAMING[suffix](_head(folder / name))
            found.update(_path(folder, asset) for asset in named)
    return frozenset(found)


def _head(path: Path) -> bytes:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return b""
        return path.read_bytes()
    except OSError:
        return b""


def _of_mtl(data: bytes) -> Iterator[str]:
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword.lower().startswith(_MAPS) and rest.strip():
            yield rest.strip()
            yield rest.split()[-1]


def _of_gltf(data: bytes) -> Iterator[str]:
    try:
        tree: Any = json.loads(data)
        assets = [*tree.get("images", []), *tree.get("buffers", [])]
        uris = [asset.get("uri") for asset in assets]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return
    for uri in uris:
        if isinstance(uri, str) and not uri.startswith("data:"):
            yield unquote(uri)


def _of_collada(data: bytes) -> Iterator[str]:
    for said in _OF_COLLADA.findall(data):
        name = _ADDRESS.sub(b"", said.strip())
        if name:
            yield unquote(name.decode("utf-8", "surrogateescape"))


def _of_usd(data: bytes) -> Iterator[str]:
    for name in _OF_USD.findall(data):
        yield name.decode("utf-8", "surrogateescape")


NAMING: Final[dict[str, Callable[[bytes], Iterator[str]]]] = {
    ".mtl": _of_mtl,
    ".gltf": _of_gltf,
    ".dae": _of_collada,
    ".usda": _of_usd,
}
"""How the files that name assets are read, by their suffixes."""


def _path(folder: Path, asset: str) -> str:
    return os.path.normpath(os.path.join(folder, asset.replace("\\", "/")))
