"""Files that were opened, or could not be, as frames between processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.opener import NoReader, Opened
from opensearch.domains.opening.solid import Solid
from opensearch.domains.reading import Reading
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.processes.frames import Closed, Fields, Parts

_OWN: Final = ("views", "portrait", "imprint")
"""Fields of a reading that no frame says in JSON."""

_ERRORS: Final = {"OverLimit": OverLimit, "UnreadableFile": UnreadableFile}


def frame_of(opened: Opened) -> tuple[Fields, Parts]:
    """A frame of a file that was opened."""
    reading = opened.reading
    views, portrait = np.ascontiguousarray(reading.views), reading.portrait
    pictures = [views] if portrait is None else [views, np.ascontiguousarray(portrait)]
    said = {
        "domain": opened.domain,
        "sure": opened.sure,
        "doubt": opened.doubt,
        "shapes": [picture.shape for picture in pictures],
        "reading": {
            f.name: getattr(reading, f.name) for f in fields(reading) if f.name not in _OWN
        },
        "size": opened.size,
        "mtime_ns": opened.mtime_ns,
        "digest": opened.digest.hex(),
        "thumbnail": len(opened.thumbnail),
    }
    return said, [*(picture.data for picture in pictures), opened.thumbnail, opened.imprint]


def error_frame(error: UnreadableFile | NoReader) -> Fields:
    """A frame of a file that could not be opened."""
    if isinstance(error, NoReader):
        return {"lacks": error.domain}
    name = "OverLimit" if isinstance(error, OverLimit) else "UnreadableFile"
    return {"error": name, "text": str(error)}


def opened_of(said: Fields, data: bytearray) -> Opened:
    """What a `frame_of` said.

    Raises:
        UnreadableFile: what a `error_frame` said.
        Closed: it is neither.
    """
    with _told(said):
        pictures, end = [], 0
        for shape in said["shapes"]:
            size = int(np.prod(shape))
            pictures.append(np.frombuffer(data, np.uint8, size, end).reshape(shape))
            end += size
        stop = end + int(said["thumbnail"])
        return Opened(
            domain=said["domain"],
            sure=said["sure"],
            reading=_reading(*pictures, **said["reading"]),
            size=said["size"],
            mtime_ns=said["mtime_ns"],
            digest=bytes.fromhex(said["digest"]),
            thumbnail=bytes(data[end:stop]),
            imprint=bytes(data[stop:]),
            doubt=said["doubt"],
        )


def solid_frame(solid: Solid) -> tuple[Fields, Parts]:
    """A frame of triangles."""
    vertices, faces = np.ascontiguousarray(solid.vertices), np.ascontiguousarray(solid.faces)
    said = {"vertices": len(vertices), "faces": len(faces), "up": solid.up}
    return said, [vertices.data, faces.data]


def solid_of(said: Fields, data: bytearray) -> Solid:
    """What a `solid_frame` said.

    Raises:
        UnreadableFile: what a `error_frame` said.
        Closed: it is neither.
    """
    with _told(said):
        end = 12 * said["vertices"]
        vertices = np.frombuffer(data, np.float32, 3 * said["vertices"]).reshape(-1, 3)
        faces = np.frombuffer(data, np.int32, 3 * said["faces"], end).reshape(-1, 3)
        return Solid(vertices, faces, said["up"])


@contextmanager
def _told(said: Fields) -> Iterator[None]:
    """Raise the error that a frame tells, or `Closed` where the block cannot read it."""
    if said.get("error") in _ERRORS:
        raise _ERRORS[said["error"]](said.get("text", ""))
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise Closed from error


def _reading(
    views: NDArray[np.uint8], portrait: NDArray[np.uint8] | None = None, **more: Any
) -> Reading:
    return Reading(views, portrait=portrait, **more)
