"""The imprint of a picture: 64 x 64 greys of four bits, 8 x 8 colours, its aspect and range.

It is made of the whole picture, squashed to a square, so that size and format do not count.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.imprints.kinds import PICTURE

SIDE: Final = 64
"""Pixels of an imprint's side."""

_COLOURS: Final = 8
_HEADER: Final = struct.Struct("<fBB")
_GREYS: Final = SIDE * SIDE // 2
SIZE: Final = 1 + _HEADER.size + _GREYS + 2 * _COLOURS * _COLOURS
"""Bytes of an imprint."""

# Luma and colour differences of ITU-R BT.601.
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_BLUE: Final = np.array([-0.169, -0.331, 0.5], np.float32)
_RED: Final = np.array([0.5, -0.419, -0.081], np.float32)

Planes = NDArray[np.float32]


@dataclass(frozen=True)
class Pictures:
    """Imprints of n pictures, unpacked.

    Attributes:
        greys: shape (n, 64, 64), 0..15, stretched to the full range of each.
        colours: shape (n, 8, 8, 2), differences of blue and red, -128..127.
        aspects: width / height, shape (n,).
        ranges: darkest and lightest grey, 0..255, shape (n, 2).
    """

    greys: Planes
    colours: Planes
    aspects: Planes
    ranges: Planes

    def at(self, rows: NDArray[np.intp]) -> Pictures:
        """Some of them."""
        return Pictures(self.greys[rows], self.colours[rows], self.aspects[rows], self.ranges[rows])


def picture_imprint(pixels: NDArray[np.uint8], aspect: float) -> bytes:
    """The imprint of a picture that was resized to 64 x 64 by averages.

    Args:
        pixels: shape (64, 64, 3), sRGB.
        aspect: width / height of the picture itself.
    """
    rgb = pixels.astype(np.float32)
    grey = rgb @ _LUMA
    low, high = float(grey.min()), float(grey.max())
    levels = np.round((grey - low) * (15 / max(high - low, 1.0))).astype(np.uint8).ravel()
    step = SIDE // _COLOURS
    cells = rgb.reshape(_COLOURS, step, _COLOURS, step, 3).mean(axis=(1, 3))
    colours = np.stack([cells @ _BLUE, cells @ _RED], axis=-1)
    packed = levels[0::2] << 4 | levels[1::2]
    header = _HEADER.pack(aspect, int(low), int(np.ceil(high)))
    return PICTURE + header + packed.tobytes() + np.round(colours).astype(np.int8).tobytes()


@dataclass(frozen=True)
class Rows:
    """Imprints of n pictures as they are kept.

    Attributes:
        greys: two pixels a byte, the first of them in its higher half, shape (n, 2048).
        colours: shape (n, 8, 8, 2).
        aspects: shape (n,).
        ranges: shape (n, 2).
    """

    greys: NDArray[np.uint8]
    colours: NDArray[np.int8]
    aspects: Planes
    ranges: NDArray[np.uint8]


def rows_of(imprints: Sequence[bytes]) -> Rows:
    """Imprints of pictures in arrays; what may come behind a picture's is left out."""
    every = b"".join(each[:SIZE] for each in imprints)
    rows = np.frombuffer(every, np.uint8).reshape(len(imprints), SIZE)
    start = 1 + _HEADER.size
    colours = np.ascontiguousarray(rows[:, start + _GREYS :]).view(np.int8)
    return Rows(
        rows[:, start : start + _GREYS],
        colours.reshape(-1, _COLOURS, _COLOURS, 2),
        np.ascontiguousarray(rows[:, 1:5]).view(np.float32)[:, 0],
        rows[:, 5:7],
    )


def unpacked(imprints: Sequence[bytes]) -> Pictures:
    """Imprints of pictures, to be compared."""
    rows = rows_of(imprints)
    levels = np.stack([rows.greys >> 4, rows.greys & 15], axis=-1).astype(np.float32)
    return Pictures(
        levels.reshape(-1, SIDE, SIDE),
        rows.colours.astype(np.float32),
        rows.aspects,
        rows.ranges.astype(np.float32),
    )
