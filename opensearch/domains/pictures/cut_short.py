"""Picture files that end too early, of which nearly all or all of the picture is there.

One that lacks at most its last fiftieth is read and reported as damaged, if its format tells where
the missing part begins: JPEG here, PNG in `png_end`. All other truncated files are refused.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.errors import UnreadableFile

LOST: Final = "opensearch_lost"
"""Key in a picture's `info` of the sentence that says what of it is lost."""
LACKING: Final = 0.02
"""A picture that lacks no more than this of its rows is read all the same."""
END_LOST: Final = "its file ends early, so its lower right is missing"
_DETAILS_LOST: Final = "its file ends early, so its finest details are missing"
_JPEG = b"\xff\xd8\xff"
_END = b"\xff\xd9"
_NOISE = b"\x5a\xa3" * 2**15
_CELL, _VISIBLE = 16, 16
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive; no other is common, or decoded."""
_PROGRESSIVE, SCAN, _COEFFICIENTS = 0xC2, 0xDA, 64
_UNKNOWN: Final = 99
# Bits by which values may be coarser: two of brightness halve no outline that a view shows.
_COARSE = 2
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers that nothing follows."""

_ZEROS, _OWN_ZEROS = 512, 16
"""So many zeros or more at the end are padding; up to so many of them may be the picture's."""
_ENDED: Final = (_JPEG, b"\x89PNG", b"GIF8", b"qoif", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")
"""What files begin with that say themselves where they end: no zeros belong to them there."""


def without_padding(data: bytes) -> bytes:
    """A file without the zeros at its end that a copy or a memory card left in place of the rest.

    Decoders take them for pixels. Of formats whose pixels may be zeros nothing is taken away.
    """
    zeros = len(data) - len(data.rstrip(b"\0"))
    if zeros < _ZEROS:
        return data
    left = data[: len(data) - zeros + _OWN_ZEROS]
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return left if webp or data.startswith(_ENDED) or _ends_in_pixels(data) else data


def _ends_in_pixels(data: bytes) -> bool:
    """Whether the last box of a HEIF or AVIF file holds data, and not what is kept free."""
    at, kind = 0, b""
    while data[4:8] == b"ftyp" and at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if size < 8:  # to the end, or of a length of 64 bits
            break
        at += size
    return kind == b"mdat"


def check_end(data: bytes) -> None:
    """Refuse a WebP shorter than its header says, which its decoder does not report.

    Raises:
        UnreadableFile: it is.
    """
    said = int.from_bytes(data[4:8], "little") + 8
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and said - 1 > len(data):
        raise UnreadableFile(f"is cut short: it holds {len(data):,} of the {said:,} bytes it names")


def completed(data: bytes, size: tuple[int, int]) -> Image.Image | None:
    """A JPEG cut short at its very end, or None where more than that is lacking.

    What is lacking is told by decoding twice, with nothing and with noise in its place: from
    the first cell that differs on, cells come from no data. A progressive one goes over all cells
    again and again; where the last bits of its values are all that lacks, it is whole, but coarser.
    A scan that was cut is left out then, since its last cell would be noise.

    Args:
        data: the file.
        size: of the picture that is needed; it is decoded no larger than that asks for.

    Returns:
        The picture, whose `info` says under `LOST` what of it is lost, where anything is.
    """
    if not data.startswith(_JPEG):
        return None
    try:
        data = _whole_segments(data)
        progressive, scans = _scans(data)
        plain, noisy = with_noise(data, size)
        equal = bool(np.array_equal(np.asarray(plain), np.asarray(noisy)))
        if progressive:
            return _progressive(data, scans, size, plain if equal else None)
        lacking = 1.0 if equal else first_difference(plain, noisy)
    except OSError:
        return None
    if lacking < 1 - LACKING or _coarseness(scans):
        return None
    if lacking < 1:
        plain.info[LOST] = END_LOST
    return plain


def with_noise(data: bytes, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """A JPEG without its end marker, decoded with nothing behind it and with noise."""
    return _decoded(data + _END, size), _decoded(data + _NOISE + _END, size)


def _decoded(data: bytes, size: tuple[int, int]) -> Image.Image:
    picture: Image.Image = Image.open(io.BytesIO(data), formats=("JPEG",))
    full = picture.size
    picture.draft("RGB", size)
    picture.load()
    picture.info["shrunk"] = max(1, round(full[0] / picture.width))
    return picture


def first_difference(one: Image.Image, other: Image.Image) -> float:
    """How far, in reading order of cells, two pictures are the same; 1 when they are equal."""
    first, second = (np.asarray(each.convert("RGB"), np.int16) for each in (one, other))
    differs = (np.abs(first - second) > _VISIBLE).any(axis=2)
    cell = max(1, _CELL // int(one.info["shrunk"]))
    high, wide = (-(-side // cell) * cell for side in differs.shape)
    padded = np.pad(differs, ((0, high - differs.shape[0]), (0, wide - differs.shape[1])))
    cells = padded.reshape(high // cell, cell, wide // cell, cell).any(axis=(1, 3)).ravel()
    return float(np.argmax(cells)) / cells.size if cells.any() else 1.0


class _Scan(NamedTuple):
    """One pass of a JPEG: which values it tells of which components, and how far all are known.

    `known` has a row for each component of the picture once the pass is whole: the lowest bit
    that is known of each of its values.
    """

    start: int
    known: NDArray[np.int64]


def _progressive(
    data: bytes, scans: list[_Scan], size: tuple[int, int], whole: Image.Image | None
) -> Image.Image | None:
    """A progressive JPEG as far as its whole scans go.

    Args:
        data: without what stands behind its cut.
        scans: those that it begins.
        size: of the picture that is needed.
        whole: the picture, where its last scan is whole.
    """
    left = scans if whole is not None else scans[:-1]
    coarseness = _coarseness(left)
    if coarseness > _COARSE:
        return None
    picture = whole or _decoded(data[: scans[-1].start] + _END, size)
    if whole is None or coarseness:
        picture.info[LOST] = _DETAILS_LOST
    return picture


def _coarseness(scans: list[_Scan]) -> int:
    """To which bit the values that views show are known: all of brightness, the mean of colours."""
    if not scans:
        return _UNKNOWN
    known = scans[-1].known
    colours = known[1:, 0] if len(known) == 3 else known[1:]
    return int(max(known[0].max(), colours.max(initial=0)))


def _scans(data: bytes) -> tuple[bool, list[_Scan]]:
    """Whether a JPEG is progressive, and the scans that it begins.

    Source:
        ITU-T T.81, B.2.3 and G.1: a scan names values, and the bit that they are known to after it.
    """
    names: list[int] = []
    known = np.empty((0, _COEFFICIENTS), np.int64)
    scans: list[_Scan] = []
    progressive = False
    for start, marker, body in segments(data):
        if marker in _FRAMES and len(body) >= 6 and len(body) >= 6 + 3 * body[5]:
            names = [body[6 + 3 * at] for at in range(body[5])]
            known = np.full((len(names), _COEFFICIENTS), _UNKNOWN)
            progressive = marker == _PROGRESSIVE
        elif marker == SCAN and len(body) >= 4 and len(body) >= 4 + 2 * body[0]:
            first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            if not progressive:
                first, last, bits = 0, _COEFFICIENTS - 1, 0
            known = known.copy()
            for name in set(body[1 : 1 + 2 * body[0] : 2]) & set(names):
                known[names.index(name), first : last + 1] = bits & 15
            scans.append(_Scan(start, known))
    return progressive, scans


def _whole_segments(data: bytes) -> bytes:
    """A JPEG without the marker, or what belongs to one, that it ends in: more is read as that."""
    for start, _, body in segments(data.rstrip(b"\xff") + bytes(2)):
        size = int.from_bytes(data[start + 2 : start + 4], "big")
        if start + 2 + size > len(data) or not body:
            return data[:start]
    return data.rstrip(b"\xff")


def segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
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
