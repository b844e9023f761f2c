"""Pages of TIFF files in inks, CIE Lab or YCbCr, with opacity or without, and palettes.

Pillow mixes up planes of inks of more than eight bits, and knows neither opacity beside inks or
Lab, nor Lab of more than eight bits, nor unpacked YCbCr with fewer samples of colour than of
light, which cameras wrote.

Source:
    TIFF 6.0 (Adobe, 1992), sections 5, 16, 21 and 23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImagePalette

from opensearch.domains.pictures.colours import as_srgb
from opensearch.domains.pictures.deep import opacity
from opensearch.errors import UnreadableFile

_INKS, YCBCR, _LAB, _LAB_FROM_ZERO = 5, 6, 8, 9
COLOURS: Final = {_INKS: 4, YCBCR: 3, _LAB: 3, _LAB_FROM_ZERO: 3}
"""Samples of a colour by the page's photometric interpretation."""
_COMPRESSION, _PHOTOMETRIC, _COLOUR_MAP, _SUBSAMPLING = 259, 262, 320, 530


def picture(values: NDArray[Any], photometric: int, extra: int, profile: bytes) -> Image.Image:
    """Samples of inks, Lab or YCbCr as a picture.

    Args:
        values: shape (h, w, samples), with or without a sign, or fractions.
        photometric: one of `COLOURS`.
        extra: what the sample behind the colours is; 1 and 2 are opacity.
        profile: of ICC, or nothing.

    Returns:
        CMYK, LAB or RGB; with opacity RGBA in sRGB.

    Raises:
        UnreadableFile: too few samples, or none that is known to be an amount.
    """
    count = COLOURS[photometric]
    kind = values.dtype
    if values.shape[2] < count or kind.kind == "i":
        raise UnreadableFile(f"holds {values.shape[2]} samples a pixel of {kind}, not known")
    if photometric == _INKS:
        planes = [_of_full(values[..., at]) for at in range(count)]
        made = Image.merge("CMYK", [Image.fromarray(plane) for plane in planes])
    elif photometric == YCBCR:
        planes = [np.ascontiguousarray(values[..., at]) for at in range(count)]
        made = Image.merge("YCbCr", [Image.fromarray(plane) for plane in planes]).convert("RGB")
    else:
        planes = [_of_full(values[..., 0])]
        planes += [_signed(values[..., at], photometric == _LAB) for at in (1, 2)]
        made = Image.merge("LAB", [Image.fromarray(plane) for plane in planes])
    if extra in (1, 2) and values.shape[2] > count:
        made = as_srgb(made, profile).convert("RGB")
        made.putalpha(Image.fromarray(opacity(values[..., count])))
    elif profile:
        made.info["icc_profile"] = profile
    return made


def is_thinned(tags: Mapping[int, Any]) -> bool:
    """Whether a page is of unpacked YCbCr in blocks that share their samples of colour."""
    known = tags.get(_COMPRESSION, 1) == 1 and tags.get(_PHOTOMETRIC) == YCBCR
    return known and tuple(tags.get(_SUBSAMPLING, (2, 2))) != (1, 1)


def thinned(page: Any, data: bytes) -> NDArray[np.uint8]:
    """Samples of such a page of tifffile, those of colour repeated, shape (h, w, 3).

    Raises:
        UnreadableFile: a strip is cut short, or in a layout that is not known.
    """
    across, down = page.subsampling
    if page.is_tiled or page.planarconfig != 1 or page.bitspersample != 8:
        raise UnreadableFile("holds YCbCr in a layout that cannot be read")
    lights, wide = across * down, -(-page.imagewidth // across)
    strips, left = [], page.imagelength
    for start, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        high = -(-min(page.rowsperstrip, left) // down)
        left -= high * down
        raw = data[start : start + length]
        if len(raw) < high * wide * (lights + 2):
            raise UnreadableFile("is cut short: a part of it lies beyond its end")
        blocks = np.frombuffer(raw, np.uint8, high * wide * (lights + 2)).reshape(high, wide, -1)
        light = blocks[..., :lights].reshape(high, wide, down, across).swapaxes(1, 2)
        colours = blocks[..., lights:].repeat(down, axis=0).repeat(across, axis=1)
        strips.append(np.dstack([light.reshape(high * down, wide * across), colours]))
    whole: NDArray[np.uint8] = np.concatenate(strips)[: page.imagelength, : page.imagewidth]
    if len(whole) < page.imagelength:
        raise UnreadableFile("is damaged: some of its strips are missing")
    return whole


def with_palette(image: Image.Image) -> None:
    """Give a page the colours that it means where its palette holds bytes for sixteen bits each."""
    shades = getattr(image, "tag_v2", {}).get(_COLOUR_MAP, ()) if image.mode == "P" else ()
    if shades and 0 < max(shades) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(shades))


def _of_full(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Amounts as bytes; a whole one is 1, or all bits of an integer."""
    if values.dtype.kind == "u":
        return _high(values)
    spread = np.nan_to_num(255 * values.astype(np.float32)).clip(0, 255)
    made: NDArray[np.uint8] = spread.round().astype(np.uint8)
    return made


def _high(values: NDArray[Any]) -> NDArray[np.uint8]:
    """The highest byte of integers."""
    high: NDArray[np.uint8] = (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)
    return high


def _signed(values: NDArray[Any], signed: bool) -> NDArray[np.uint8]:
    """One of the axes of colour of Lab as bytes, with 0 at 128."""
    if values.dtype.kind == "f":  # as they are, -128 to 127
        made: NDArray[np.uint8] = (np.nan_to_num(values) + 128).clip(0, 255).astype(np.uint8)
        return made
    return _high(values) ^ np.uint8(128 if signed else 0)
