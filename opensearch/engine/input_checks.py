"""Checks of inputs: a path, the bytes of a file, a file object, a picture, an array or a mesh.

And of what encodes them.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from opensearch.domains.opening.contents import is_picture
from opensearch.engine import arguments as must
from opensearch.engine.ingest.encoding import Encoding
from opensearch.engine.ways_in import array_hint, input_hint, is_path
from opensearch.errors import InvalidInput, OverLimit
from opensearch.limits import Limits
from opensearch.model import Content, Input, Mesh

READ = Limits().bytes
"""Bytes that are read of a file object at most."""


def is_input(value: Any) -> bool:
    """Whether a value is of a kind that `one_input` takes."""
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Content, np.ndarray)
    other = is_picture(value) or _is_shape(value) or hasattr(value, "read")
    return isinstance(value, kinds) or other


def one_input(name: str, value: Any) -> Input:
    """An input: a path, the bytes of a file, a file opened for bytes, a picture or a mesh.

    A file object is read here, up to `READ` bytes.
    """
    if isinstance(value, str | os.PathLike):
        return must.path(name, value)
    if isinstance(value, bytes | bytearray | memoryview | Content):
        return _content(name, value)
    if isinstance(value, np.ndarray):
        if value.dtype != np.uint8 or value.shape[2:] not in ((), (3,)) or value.ndim not in (2, 3):
            wanted = "a picture as an array of uint8 of shape (h, w, 3) or (h, w)"
            must.refuse(name, wanted, value, array_hint(value))
        return value
    if is_picture(value):
        return value  # type: ignore[no-any-return]  # of Pillow, which is not imported here
    if _is_shape(value):
        return _shape(name, value)
    if callable(getattr(value, "read", None)):
        return _read(name, value)
    wanted = "a path, bytes, a file object, a picture, an array or a mesh"
    return must.refuse(name, wanted, value, input_hint(value))


def _content(name: str, value: bytes | bytearray | memoryview | Content) -> Content:
    if isinstance(value, Content):
        must.text(f"the name of {name}", value.name)
        if not isinstance(value.data, bytes):
            must.refuse(f"the data of {name}", "bytes", value.data)
        return value
    data = bytes(value)
    if is_path(data):
        must.refuse(name, "the contents of a file", value, "; `os.fsdecode` makes it a path")
    return Content(data)


def inputs(name: str, value: Any) -> list[Input]:
    """A list of inputs; a bare input is refused."""
    if is_input(value):
        must.refuse(name, "a list of inputs, as in [input]", value)
    return [
        one_input(f"each of {name}", each) for each in must.listed(name, "a list of inputs", value)
    ]


def _has_triangles(value: Any) -> bool:
    return hasattr(value, "vertices") and hasattr(value, "faces")


def _is_shape(value: Any) -> bool:
    return _has_triangles(value) or callable(getattr(value, "to_mesh", None))


def _shape(name: str, scene: Any) -> Mesh:
    """A mesh, or all meshes of a scene, each where it stands."""
    if _has_triangles(scene):
        return _mesh(name, scene.vertices, scene.faces)
    try:
        mesh = scene.to_mesh()
        points, corners = mesh.vertices, mesh.faces
    except Exception as error:  # of a class that is not ours
        raise InvalidInput(
            f"{name} is a scene that cannot be made into one mesh: {error}"
        ) from error
    return _mesh(name, points, corners)


def _mesh(name: str, vertices: Any, faces: Any) -> Mesh:
    try:
        points, corners = np.asarray(vertices), np.asarray(faces)
    except ValueError:
        must.refuse(name, "a mesh of arrays", vertices)
    if points.ndim != 2 or points.shape[1] != 3 or points.dtype.kind not in "fiu":
        must.refuse(f"vertices of {name}", "numbers of shape (n, 3)", points)
    if corners.ndim != 2 or corners.shape[1] != 3 or corners.dtype.kind not in "iu":
        must.refuse(f"faces of {name}", "whole numbers of shape (m, 3)", corners)
    if corners.size and not 0 <= corners.min() <= corners.max() < len(points):
        raise InvalidInput(
            f"faces of {name} must name vertices from 0 to {len(points) - 1}, got"
            f" {corners.min()} to {corners.max()}"
        )
    return Mesh(points.astype(np.float64, copy=False), corners.astype(np.int32, copy=False))


def _read(name: str, file: Any) -> Content:
    """The rest of a file object."""
    parts, size = [], 0
    try:
        while size <= READ and (part := file.read(READ + 1 - size)):
            if not isinstance(part, bytes):
                must.refuse(name, "a file opened for bytes", file)
            parts.append(part)
            size += len(part)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{name} cannot be read: {error}") from error
    if size == 0:
        raise InvalidInput(f"{name} is a file at its end; if it was read before, seek(0) first")
    if size > READ:
        raise OverLimit(f"{name} holds over {READ:,} bytes, the limit")
    called = getattr(file, "name", "")
    return Content(b"".join(parts), called if isinstance(called, str) else "")


def encoding(name: str, value: Any) -> Encoding:
    """Something with the methods of an `Encoding`; no class of them."""
    if not isinstance(value, Encoding) or isinstance(value, type):
        must.refuse(name, "an Encoding, such as `opensearch.cluster.OnRay`", value)
    return value
