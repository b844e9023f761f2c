"""What passes between a reading process and the one that asked: JSON, then raw bytes.

A frame is two big-endian 32-bit lengths, a JSON object of the first, bytes of the second. Nothing
is ever unpickled, and whatever does not fit this form is refused.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

import numpy as np

from opensearch.domains.opening import NoReader, Opened
from opensearch.domains.reading import Reading
from opensearch.errors import OverLimit, UnreadableFile

_LENGTHS: Final = struct.Struct(">II")
_MOST: Final = (2**22, 2**29)
ERRORS: Final = {"OverLimit": OverLimit, "UnreadableFile": UnreadableFile}

Fields = dict[str, Any]
Parts = list[bytes | memoryview]


class Late(Exception):
    """Nothing came in time."""


class Closed(Exception):
    """The other side has gone, or what it said is no frame."""


def send(descriptor: int, said: Fields, parts: Iterable[bytes | memoryview] = ()) -> None:
    """Write a frame.

    Raises:
        BrokenPipeError: the other side has gone.
    """
    blocks = [memoryview(part).cast("B") for part in parts]
    text = json.dumps(said).encode()  # in ASCII, so that odd bytes of a path come through
    lengths = _LENGTHS.pack(len(text), sum(len(block) for block in blocks))
    for block in (memoryview(lengths + text), *blocks):
        while len(block):
            block = block[os.write(descriptor, block) :]


def receive(descriptor: int, until: float) -> tuple[Fields, bytearray]:
    """Read a frame, at the latest at `until` on the monotonic clock.

    Raises:
        Late: it is not whole by then.
        Closed: the other side has gone, or sent what is no frame.
    """
    lengths = _LENGTHS.unpack(_exactly(descriptor, _LENGTHS.size, until))
    if any(length > most for length, most in zip(lengths, _MOST, strict=True)):
        raise Closed
    text, data = (_exactly(descriptor, length, until) for length in lengths)
    try:
        said = json.loads(text)
    except ValueError as error:
        raise Closed from error
    if not isinstance(said, dict):
        raise Closed
    return said, data


def _exactly(descriptor: int, length: int, until: float) -> bytearray:
    data = bytearray(length)
    rest = memoryview(data)
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    while len(rest):
        if not waiting.poll(max(0.0, until - time.monotonic()) * 1000):
            raise Late
        got = os.readv(descriptor, [rest])
        if got == 0:
            raise Closed
        rest = rest[got:]
    return data


def reply(opened: Opened) -> tuple[Fields, Parts]:
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


def complaint(error: UnreadableFile | NoReader) -> Fields:
    """A frame of a file that could not be opened."""
    if isinstance(error, NoReader):
        return {"lacks": error.domain}
    name = "OverLimit" if isinstance(error, OverLimit) else "UnreadableFile"
    return {"error": name, "text": str(error)}


def understood(said: Fields, data: bytearray) -> Opened:
    """What a `reply` said.

    Raises:
        UnreadableFile: what a `complaint` said.
        Closed: it is neither.
    """
    if said.get("error") in ERRORS:
        raise ERRORS[said["error"]](said.get("text", ""))
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
