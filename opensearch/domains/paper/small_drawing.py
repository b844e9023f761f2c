"""A drawing that takes up little of its sheet, found before it is shrunk with all of that."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageChops

_EVEN: Final = 6
"""How far the shades of an even sheet lie apart."""
_MARGIN, _LEAST_MARGIN = 0.15, 4
"""Margin of sheet kept around it, share of its side (more than a border is judged by), pixels."""


def small_drawing(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Where a drawing lies that takes up little of an even sheet, with some of the sheet.

    Shrunk together with its whole sheet, it would all but vanish.

    Args:
        picture: in any mode of Pillow.

    Returns:
        Left, upper, right and lower, the last two exclusive; `None` where the sheet is not even
        or the drawing no smaller than half of it.
    """
    plain = picture if picture.mode == "RGB" else picture.convert("RGBA")
    opacity = plain.getchannel("A") if plain.mode == "RGBA" else None
    if opacity is not None and opacity.getpixel((0, 0)) == 0:
        apart = opacity
    else:
        plain = plain.convert("RGB")
        ground = Image.new("RGB", plain.size, plain.getpixel((0, 0)))
        apart = ImageChops.difference(plain, ground)
    box = apart.point(lambda value: 255 * (value > _EVEN)).getbbox()
    if box is None:
        return None
    left, upper, right, lower = box
    side = max(right - left, lower - upper)
    margin = max(_LEAST_MARGIN, round(_MARGIN * side))
    if 2 * (side + 2 * margin) > max(picture.size):
        return None
    width, height = picture.size
    return (
        max(left - margin, 0),
        max(upper - margin, 0),
        min(right + margin, width),
        min(lower + margin, height),
    )
