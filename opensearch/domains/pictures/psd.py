"""The merged picture of a Photoshop file, of any depth, and of documents larger than 30,000 pixels.

Pillow reads eight bits alone, mixes up packed rows where there are more channels than colours,
takes every fourth channel for opacity, and shows what lies below half-clear parts twice.

Source:
    Adobe Photoshop File Formats Specification (2019).
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.pictures.cut_short import LACKING, LOST
from opensearch.domains.pictures.frames import is_blank
from opensearch.domains.pictures.shot import exif_of, inherit
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SUFFIXES: Final = (".psd", ".psb")
_SIGN: Final = b"8BPS"
_LARGE: Final = 2
"""Version of files for large documents, which have longer numbers in places."""
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _INKS, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_COLOURS: Final = {
    **dict.fromkeys((_BITMAP, _GREY, _INDEXED, _DUOTONE), 1),
    **dict.fromkeys((_RGB, _LAB), 3),
    **dict.fromkeys((_CMYK, _INKS), 4),
}
_SAMPLES: Final = {1: ">u1", 8: ">u1", 16: ">u2", 32: ">f4"}
_PLAIN, _RUNS = 0, 1
_THUMBNAIL, _PROFILE, _VERSION, _EXIF = 1036, 1039, 1057, 1058
_THUMBNAIL_HEADER: Final = 28
_MERGED: Final = 4
"""Byte of the note on the version that says whether there is a merged picture."""
_CLEAR: Final = (b"8BIMMtrn", b"8BIMMt16", b"8BIMMt32")
"""Signs that the first channel behind the colours is the opacity of the merged picture."""
_BLENDED: Final = 0.99
_SHORT: Final = "is a Photoshop picture that is cut short"


def is_psd(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a Photoshop file."""
    return head.startswith(_SIGN)


def open_psd(path: Path, limits: Limits) -> Image.Image:
    """The merged picture; where none was saved, the small preview.

    Raises:
        UnreadableFile: cut short, of unknown samples, or saved without a picture of either kind.
        OverLimit: over `limits.pixels`.
    """
    document = _document(path.read_bytes())
    pixels = document.width * document.height
    if pixels == 0:
        raise UnreadableFile("has no pixels")
    if pixels > limits.pixels:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {limits.pixels:,}")
    said = document.notes.get(_VERSION, b"")[_MERGED : _MERGED + 1] != b"\0"
    picture = _merged(document) if said else None
    if picture is None or is_blank(picture):
        picture = _preview(document.notes) or picture
    if picture is None:
        raise UnreadableFile(
            "was saved without its merged picture; save it again with Photoshop's option"
            " 'Maximize Compatibility', or export it as .png"
        )
    inherit(picture, exif_of(document.notes.get(_EXIF, b"")))
    return picture


@dataclass(frozen=True, slots=True)
class _Document:
    """What a file holds: its header, palette, notes by number, and the merged picture's bytes.

    `clear` says whether the first channel behind the colours is opacity.
    """

    version: int
    channels: int
    height: int
    width: int
    depth: int
    mode: int
    palette: bytes
    notes: dict[int, bytes]
    clear: bool
    data: bytes


def _document(data: bytes) -> _Document:
    numbers = [int.from_bytes(data[at : at + 2], "big") for at in (4, 12, 22, 24)]
    version, channels, depth, mode = numbers
    height, width = (int.from_bytes(data[at : at + 4], "big") for at in (14, 18))
    if mode not in _COLOURS or depth not in _SAMPLES or (depth == 1) != (mode == _BITMAP):
        raise UnreadableFile(f"is a Photoshop picture of mode {mode} and {depth} bits, not known")
    palette, at = _section(data, 26, 4)
    notes, at = _section(data, at, 4)
    layers, at = _section(data, at, 8 if version == _LARGE else 4)
    count = 8 if version == _LARGE else 4  # bytes before it say how long what follows is
    clear = any(layers[:count]) and len(layers) > count and layers[count] >= 0x80  # below 0
    clear = clear or any(sign in layers for sign in _CLEAR)
    found = dict(_notes(notes))
    return _Document(
        version, channels, height, width, depth, mode, palette, found, clear, data[at:]
    )


def _section(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """A section behind its length, a number of `size` bytes, and where the next one begins."""
    start = at + size
    end = start + int.from_bytes(data[at:start], "big")
    if end > len(data):
        raise UnreadableFile(_SHORT)
    return data[start:end], end


def _notes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What Photoshop calls image resources, by their numbers."""
    at = 0
    while at + 12 <= len(data):
        number = int.from_bytes(data[at + 4 : at + 6], "big")
        at += 6 + (data[at + 6] + 2) // 2 * 2  # a name of even length, its own counted in
        size = int.from_bytes(data[at : at + 4], "big")
        yield number, data[at + 4 : at + 4 + size]
        at += 4 + (size + 1) // 2 * 2


def _preview(notes: dict[int, bytes]) -> Image.Image | None:
    """The preview of at most 160 pixels, a JPEG behind a header; None where there is none."""
    try:
        preview = io.BytesIO(notes.get(_THUMBNAIL, b"")[_THUMBNAIL_HEADER:])
        picture: Image.Image = Image.open(preview, formats=("JPEG",))
        picture.load()
    except OSError:
        return None
    return None if is_blank(picture) else picture


def _merged(document: _Document) -> Image.Image:
    colours = min(_COLOURS[document.mode], document.channels)
    if document.mode == _INKS and colours < 3:
        colours = 1
    if colours < _COLOURS[document.mode] and document.mode != _INKS:
        raise UnreadableFile("is a Photoshop picture that lacks channels")
    clear = document.clear and document.channels > colours and document.mode in (_GREY, _RGB)
    planes, lost = _planes(document, colours + clear)
    if clear:
        planes[:-1] = _unblended(planes[:-1], planes[-1])
    picture = _picture(document, planes)
    # Floats are of light, and what is said of their profile is not of what they became.
    if document.depth != 32 and document.notes.get(_PROFILE):
        picture.info["icc_profile"] = document.notes[_PROFILE]
    if lost:
        picture.info[LOST] = f"{lost:,} of its {len(planes) * document.height:,} rows are damaged"
    return picture


def _picture(document: _Document, planes: list[NDArray[np.uint8]]) -> Image.Image:
    """Planes of bytes, each of shape (h, w), as a picture of the document's mode."""
    if document.mode == _INDEXED:
        shades = np.zeros((3, 256), np.uint8)
        known = np.frombuffer(document.palette[:768], np.uint8)
        shades.reshape(-1)[: len(known)] = known
        return Image.fromarray(np.ascontiguousarray(shades.T[planes[0]]))
    if document.mode == _LAB:
        return Image.merge("LAB", [Image.fromarray(plane) for plane in planes])
    if len(planes) >= 3 and document.mode in (_CMYK, _INKS):  # kept as what is free of ink
        inks = [255 - plane for plane in planes]
        inks += [np.zeros_like(planes[0])] * (4 - len(inks))
        return Image.merge("CMYK", [Image.fromarray(ink) for ink in inks])
    return Image.fromarray(planes[0] if len(planes) == 1 else np.dstack(planes))


def _unblended(
    planes: list[NDArray[np.uint8]], clear: NDArray[np.uint8]
) -> list[NDArray[np.uint8]]:
    """Colours without the white that Photoshop blends with what is half clear.

    Other programs leave them as they are; there, some are darker than white would let them be.
    """
    if any(np.mean(clear.astype(np.int16) + plane >= 254) < _BLENDED for plane in planes):
        return planes
    with np.errstate(divide="ignore", invalid="ignore"):
        more = np.where(clear > 0, 255 / clear.astype(np.float32), 0)
    return [(255 - (255 - plane) * more).clip(0, 255).round().astype(np.uint8) for plane in planes]


def _planes(document: _Document, count: int) -> tuple[list[NDArray[np.uint8]], int]:
    """The first channels as bytes, each of shape (h, w), and how many of their rows are lost."""
    lost = 0
    data, wide = document.data, document.width * document.depth // 8
    wide = (document.width + 7) // 8 if document.depth == 1 else wide
    packing = int.from_bytes(data[:2], "big")
    if packing == _PLAIN:
        size = wide * document.height
        parts = [data[2 + at * size : 2 + (at + 1) * size] for at in range(count)]
        if len(parts[-1]) < size:
            raise UnreadableFile(_SHORT)
    elif packing == _RUNS:
        parts, lost = _unpacked(document, wide, count)
    else:
        raise UnreadableFile(f"is a Photoshop picture of the packing {packing}, not known")
    return [_bytes(np.frombuffer(part, np.uint8), document) for part in parts], lost


def _unpacked(document: _Document, wide: int, count: int) -> tuple[list[bytes], int]:
    """Channels of runs (PackBits), behind the lengths of the rows of all, and how many are lost."""
    kind = np.dtype(">u4" if document.version == _LARGE else ">u2")
    rows = document.channels * document.height
    start = 2 + rows * kind.itemsize
    if len(document.data) < start:
        raise UnreadableFile(_SHORT)
    lengths = np.frombuffer(document.data, kind, rows, 2)[: count * document.height]
    ends = [start, *(start + np.cumsum(lengths, dtype=np.int64)).tolist()]
    if len(document.data) < ends[-1]:
        raise UnreadableFile(_SHORT)
    found = [_row(document.data[begin:end], wide) for begin, end in itertools.pairwise(ends)]
    lost = found.count(None)
    if lost > LACKING * len(found):
        raise UnreadableFile(f"is a Photoshop picture that is damaged in {lost:,} of its rows")
    whole = [row or bytes(wide) for row in found]
    channels = [whole[at : at + document.height] for at in range(0, len(whole), document.height)]
    return list(map(b"".join, channels)), lost


def _row(packed: bytes, wide: int) -> bytes | None:
    """The bytes of a packed row; None where it holds fewer."""
    try:
        return Image.frombytes("L", (wide, 1), packed, "packbits", "L").tobytes()
    except ValueError:
        return None


def _bytes(raw: NDArray[np.uint8], document: _Document) -> NDArray[np.uint8]:
    """Samples of a channel as bytes, shape (h, w)."""
    values: NDArray[Any] = raw.view(_SAMPLES[document.depth]).reshape(document.height, -1)
    if document.depth == 1:  # ink, not light
        paper = np.unpackbits(~raw.reshape(values.shape), axis=1, count=document.width)
        return paper * np.uint8(255)
    if document.depth == 8:
        return raw.reshape(values.shape)
    if document.depth == 16:
        return (values >> 8).astype(np.uint8)
    light = np.nan_to_num(values).clip(0, 1).astype(np.float64)
    curve = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    made: NDArray[np.uint8] = np.round(255 * curve).astype(np.uint8)
    return made
