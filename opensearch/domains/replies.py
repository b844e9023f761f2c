"""Files that were opened, or could not be, as frames between processes."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

import numpy as np

from opensearch.domains.opening import NoReader, Opened
from opensearch.domains.reading import Reading
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.processes.frames import Closed, Fields, Parts

_ERRORS: Final = {"OverLimit": OverLimit, "UnreadableFile": UnreadableFile}


def frame_of(opened: Opened) -> tuple[Fields, Parts]:
    """A frame of a file that was opened."""
    reading = opened.reading
    views = np.ascontiguousarray(reading.views)
    said = {
        "domain": opened.domain,
        "sure": opened.sure,
        "shape": views.shape,
        "reading": {f.name: getattr(reading, f.name) for f in fields(reading) if f.name != "views"},
        "size": opened.size,
        "mtime_ns": opened.mtime_ns,
        "digest": opened.digest.hex(),
    }
    return said, [views.data, opened.thumbnail]


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
    if said.get("error") in _ERRORS:
        raise _ERRORS[said["error"]](said.get("text", ""))
    try:
        shape = tuple(int(side) for side in said["shape"])
        end = int(np.prod(shape))
        views = np.frombuffer(data, np.uint8, end).reshape(shape)
        return Opened(
            domain=said["domain"],
            sure=said["sure"],
            reading=Reading(views, **said["reading"]),
            size=said["size"],
            mtime_ns=said["mtime_ns"],
            digest=bytes.fromhex(said["digest"]),
            thumbnail=bytes(data[end:]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Closed from error
