"""Portable float maps in colour, which Pillow does not know.

Source:
    Paul Debevec, The PFM Format (netpbm, pfm): a text header of three lines, rows from the
    bottom up; a scale below 0 says little-endian.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from opensearch.domains.pictures.deep import to_bytes
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_HEADER: Final = re.compile(rb"PF\s+(\d{1,9})\s+(\d{1,9})\s+([-+.\deE]{1,40})\s")
_COLOURS: Final = 3


def is_pfm(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a float map in colour; Pillow reads grey ones."""
    return _HEADER.match(head) is not None


def open_pfm(path: Path, limits: Limits) -> Image.Image:
    """A float map, its values spread as those of any deep picture.

    Raises:
        UnreadableFile: cut short, or without a value that is a finite number.
        OverLimit: over `limits.pixels`.
    """
    data = path.read_bytes()
    header = _HEADER.match(data)
    assert header is not None, "it was claimed"
    width, height = int(header[1]), int(header[2])
    if width * height > limits.pixels:
        raise OverLimit(f"has {width * height:,} pixels, over the limit of {limits.pixels:,}")
    kind = np.dtype("<f4" if header[3].startswith(b"-") else ">f4")
    if len(data) - header.end() < width * height * _COLOURS * kind.itemsize:
        raise UnreadableFile(f"is cut short: {width} x {height} pixels do not fit in")
    values = np.frombuffer(data, kind, width * height * _COLOURS, header.end())
    rows = values.reshape(height, width, _COLOURS)[::-1]
    return Image.fromarray(to_bytes(rows.astype(np.float32)))
