"""What passes between a process and the one it works for: JSON, then raw bytes.

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
from typing import Any, Final

_LENGTHS: Final = struct.Struct(">II")
_MOST: Final = (2**22, 2**29)

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
