"""Pages of TIFF files in inks or in CIE Lab, of any depth, with opacity or without, and palettes.

Pillow mixes up planes of inks of more than eight bits, and knows neither opacity beside inks or
Lab nor Lab of more than eight bits.

Source:
    TIFF 6.0 (Adobe, 1992), sections 5, 16 and 23.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImagePalette

from opensearch.domains.pictures.colours import as_srgb
from opensearch.domains.pictures.deep import opacity
from opensearch.errors import UnreadableFile

_INKS, _LAB, _LAB_FROM_ZERO = 5, 8, 9
COLOURS: Final = {_INKS: 4, _LAB: 3, _LAB_FROM_ZERO: 3}
"""Samples of a colour by the page's photometric interpretation."""
_COLOUR_MAP: Final = 320


def picture(values: NDArray[Any], photometric: int, extra: int, profile: bytes) -> Image.Image:
    """Samples of inks or Lab as a picture.

    Args:
        values: shape (h, w, samples), with or without a sign, or fractions.
        photometric: one of `COLOURS`.
        extra: what the sample behind the colours is; 1 and 2 are opacity.
        profile: of ICC, or nothing.

    Returns:
        CMYK or LAB; with opacity RGBA in sRGB.

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


def with_palette(image: Image.Image) -> None:
    """Give a page the colours that it means where its palette holds bytes for sixteen bits each."""
    shades = getattr(image, "tag_v2", {}).get(_COLOUR_MAP, ()) if image.mode == "P" else ()
    if shades and 0 < max(shades) < 256:
        image.palette = ImagePalette.raw("RGB;L", bytes(shades))


def _of_full(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Amounts as bytes; a whole one is 1, or all bits of an integer."""
    full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    spread = np.nan_to_num(values * (255 / full)).clip(0, 255)
    made: NDArray[np.uint8] = spread.round().astype(np.uint8)
    return made


def _signed(values: NDArray[Any], signed: bool) -> NDArray[np.uint8]:
    """One of the axes of colour of Lab as bytes, with 0 at 128."""
    if values.dtype.kind == "f":  # as they are, -128 to 127
        made: NDArray[np.uint8] = (np.nan_to_num(values) + 128).clip(0, 255).astype(np.uint8)
        return made
    high: NDArray[np.uint8] = (values >> (8 * values.dtype.itemsize - 8)).astype(np.uint8)
    return high ^ np.uint8(128) if signed else high
