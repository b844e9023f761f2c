"""JPEG files that end too early, of which nearly all or all of the picture is there."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOST: Final = "opensearch_lost"
"""What a picture's `info` names the sentence by that says what of it is lost."""
_JPEG = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_NOISE = b"\x5a\xa3" * 2**15
# A JPEG that lacks no more than this of its cells is read all the same.
_LACKING, _CELL, _VISIBLE = 0.02, 16, 16
_PROGRESSIVE, _SCAN, _COEFFICIENTS = 0xC2, 0xDA, 64
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that nothing follows."""


def completed(data: bytes) -> Image.Image | None:
    """A JPEG cut short at its very end, or None where more than that is lacking.

    What is lacking is told by decoding twice, with nothing and with noise in its place: from
    the first cell that differs on, cells come from no data. A progressive one goes over all cells
    again and again; where the last bit of its values is all that lacks, it is whole, but coarser.
    What was cut is left out then, since its last cell would be noise.

    Returns:
        The picture, whose `info` says under `LOST` what of it is lost, where anything is.
    """
    if not data.startswith(_JPEG):
        return None
    try:
        data = data.rstrip(b"\xff")  # of half a marker
        plain, noisy = (
            Image.open(io.BytesIO(data + end), formats=("JPEG",)) for end in (_END, _NOISE + _END)
        )
        lacking = _first_difference(np.asarray(plain.convert("L")), np.asarray(noisy.convert("L")))
    except OSError:
        return None
    if lacking >= 1:
        return plain
    coarser = _without_last_bits(data)
    if coarser is not None:
        coarser.info[LOST] = "its file ends early, without the finest details"
        return coarser
    plain.info[LOST] = "its file ends early, without the lower right end"
    return plain if lacking >= 1 - _LACKING else None


def _first_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """How far, in reading order of cells, two pictures are the same; 1 when they are equal."""
    differs = np.abs(one.astype(np.int16) - other) > _VISIBLE
    high, wide = (-(-side // _CELL) * _CELL for side in differs.shape)
    padded = np.pad(differs, ((0, high - differs.shape[0]), (0, wide - differs.shape[1])))
    cells = padded.reshape(high // _CELL, _CELL, wide // _CELL, _CELL).any(axis=(1, 3)).ravel()
    return float(np.argmax(cells)) / cells.size if cells.any() else 1.0


class _Scan(NamedTuple):
    """One pass of a progressive JPEG: which values of which components, and to which bit."""

    start: int
    components: tuple[int, ...]
    first: int
    last: int
    bit: int


def _without_last_bits(data: bytes) -> Image.Image | None:
    """A progressive JPEG without the scan that was cut, where that and what follows are last bits.

    Source:
        ITU-T T.81, B.2.3 and G.1: a scan names values, and the bit that they are known to after it.
    """
    known: dict[int, list[int]] = {}
    scans: list[_Scan] = []
    for start, marker, body in _segments(data):
        if marker == _PROGRESSIVE and len(body) >= 6 + 3 * body[5]:
            known = {body[6 + 3 * at]: [99] * _COEFFICIENTS for at in range(body[5])}
        elif marker == _SCAN and len(body) >= 4 + 2 * body[0]:
            first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            scans.append(_Scan(start, tuple(body[1 : 1 + 2 * body[0] : 2]), first, last, bits & 15))
    if not known or not scans:
        return None
    for scan in scans[:-1]:
        for component in scan.components:
            values = known.get(component, [])
            values[scan.first : scan.last + 1] = [scan.bit] * (scan.last + 1 - scan.first)
    if scans[-1].bit or any(max(values) > 1 for values in known.values()):
        return None
    picture = Image.open(io.BytesIO(data[: scans[-1].start] + _END), formats=("JPEG",))
    picture.load()
    return picture


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where markers of a JPEG are, these, and what each says."""
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        yield at, marker, data[at + 4 : at + 2 + size]
        at += 2 + size
