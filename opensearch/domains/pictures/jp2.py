"""The colour profile of a JPEG 2000 file, which Pillow passes over.

Source: ITU-T T.800, annex I: boxes, of which `colr` lies in `jp2h`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

SIGNATURE: Final = b"\0\0\0\x0cjP  "
_PROFILES: Final = (2, 3)
"""Ways that a `colr` box says the colours in: a restricted profile, or any."""
_MOST_BOXES: Final = 64


def profile(data: bytes) -> bytes | None:
    """The ICC profile of a file; None where it has none."""
    for kind, body in _boxes(data):
        if kind == b"jp2h":
            for inner, said in _boxes(body):
                if inner == b"colr":
                    # The first is the one that counts.
                    return said[3:] if said[:1] and said[0] in _PROFILES else None
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kinds of boxes, and what is in them, up to the pixels."""
    at = 0
    for _ in range(_MOST_BOXES):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8 or kind == b"jp2c":
            return
        yield kind, data[at + 8 : at + size]
        at += size
