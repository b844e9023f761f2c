"""JPEG files damaged in their middle, which their decoder does not report.

A decoder that lost its place in the codes of the only scan mostly ends before the scan does, with
bytes left over, or needs more than there are and fills what is lacking with grey. Which it is shows
in what it has drawn when nearly all bytes have been given. Damage after which codes and pixels are
in step again cannot be detected.

Source: ITU-T T.81, annexes B and F.
"""

from __future__ import annotations

import io
import re
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from opensearch.domains.pictures.cut_short import (
    LACKING,
    SCAN,
    first_difference,
    segments,
    with_noise,
)
from opensearch.errors import UnreadableFile

_MIDDLE_LOST: Final = "bytes in its middle are wrong; pixels after them may be wrong or shifted"
_SEQUENTIAL: Final = (0xC0, 0xC1)
_RESTARTS: Final = 0xDD
_RESTART: Final = re.compile(rb"\xff([\xd0-\xd7])")
_END: Final = b"\xff\xd9"
_HELD: Final = 4
"""Bytes of the end of a scan without which a sound one cannot be decoded."""
_LEAST: Final = 256
_BLOCK, _MANY_CELLS = 8, 32
_UNDRAWN: Final = (1, 2, 3, 4)
"""What rows hold before they are drawn; no row of a picture is all of it."""
_GREY: Final = 128


class _Scan(NamedTuple):
    """The only scan of a sequential JPEG: where it ends, the picture's height, how large the cells
    are that it is drawn in, and whether its restarts are in order.
    """

    end: int
    height: int
    cell: tuple[int, int]
    ordered: bool


class WatchedScan(io.BytesIO):
    """The bytes that a picture is decoded from; the last ones of a JPEG are given separately.

    `image` is the picture, set before it is decoded.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.image: Image.Image | None = None
        self._scan = _only_scan(data)
        self._begun = self._short = False
        self._left = True  # until the held bytes are asked for

    def read(self, size: int | None = -1, /) -> bytes:
        """Bytes from the current position; those held back never come together with others."""
        if self.image is not None and self._scan is not None:
            room = self._scan.end - _HELD - self.tell()
            if not self._begun:
                self._begun = True
                for row in self._rows(self._scan, self.image):
                    self.image.im.paste(_UNDRAWN[: len(self.image.getbands())], row)
            if room > 0 and (size is None or size < 0 or size > room):
                size = room
            elif room == 0:
                self._look(self._scan, self.image)
        return super().read(size)

    def lost(self, picture: Image.Image, size: tuple[int, int]) -> str:
        """What is said of the decoded picture; empty where nothing is known to be lost.

        Args:
            picture: decoded.
            size: that is needed of it.

        Raises:
            UnreadableFile: more than a fiftieth of its rows is lacking at its end.
        """
        if self._scan is None:
            return ""
        left = self._left and self._begun and not self._is_padded(self._scan)
        lost = left or not self._scan.ordered
        if self._short or _ends_grey(picture):
            plain, noisy = with_noise(self.getvalue()[: self._scan.end], size)
            lacking = first_difference(plain, noisy)
            if lacking < 1 - LACKING:
                raise UnreadableFile(
                    "is damaged: bytes in its middle are wrong or missing, and its pixels end early"
                )
            lost = lost or lacking < 1
        return _MIDDLE_LOST if lost else ""

    def _look(self, scan: _Scan, image: Image.Image) -> None:
        """See what has been drawn now that all but the held bytes have been given."""
        *before, last = (_is_undrawn(image, row) for row in self._rows(scan, image))
        self._left = not last
        self._short = any(before)

    def _rows(self, scan: _Scan, image: Image.Image) -> list[tuple[int, int, int, int]]:
        """The last row, and before it one that is drawn before the last row of cells begins."""
        wide, high = image.size
        rows = [high - 1]
        scale = high / scan.height  # pictures may be decoded smaller than they are
        tall = scan.cell[1] * scale
        above = int((np.ceil(high / tall) - 2) * tall)
        if above >= 0 and wide >= _MANY_CELLS * scan.cell[0] * scale:
            rows.insert(0, above)
        return [(0, row, wide, row + 1) for row in rows]

    def _is_padded(self, scan: _Scan) -> bool:
        """Whether the scan ends with one byte over and over, as some cameras fill it up."""
        return len(set(self.getvalue()[scan.end - 4 * _HELD : scan.end])) == 1


def _only_scan(data: bytes) -> _Scan | None:
    """The scan of a JPEG that has only one; None of all other files."""
    frame, restarts = b"", False
    for start, marker, body in segments(data) if data.startswith(b"\xff\xd8\xff") else ():
        if marker in _SEQUENTIAL and len(body) >= 6 and len(body) >= 6 + 3 * body[5]:
            frame = body
        restarts = restarts or marker == _RESTARTS
        if marker == SCAN:
            end = data.find(_END, start)
            if not frame or body[:1] != frame[5:6] or end < start + _LEAST:
                break
            factors = frame[7 : 6 + 3 * frame[5] : 3]
            wide, tall = max(each >> 4 for each in factors), max(each & 15 for each in factors)
            found = b"".join(_RESTART.findall(data, start, end)) if restarts else b""
            numbers = np.frombuffer(found, np.uint8) & 7
            return _Scan(
                end,
                int.from_bytes(frame[1:3], "big") or 1,
                (_BLOCK * max(wide, 1), _BLOCK * max(tall, 1)),
                bool((numbers == np.arange(len(numbers)) % 8).all()),
            )
    return None


def _is_undrawn(image: Image.Image, row: tuple[int, int, int, int]) -> bool:
    part = image.im.crop(row)
    bands = range(len(image.getbands()))
    return all(part.getband(at).getextrema() == (_UNDRAWN[at],) * 2 for at in bands)


def _ends_grey(picture: Image.Image) -> bool:
    """Whether the lower right end is of the grey that stands for what is lacking."""
    if picture.mode not in ("L", "RGB"):
        return False
    wide, high = picture.size
    part = np.asarray(picture.crop((max(0, wide - 2), max(0, high - 2), wide, high)))
    return bool((part == _GREY).all())
