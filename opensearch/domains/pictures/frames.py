"""Of a file with many frames or pages, the first that shows something."""

from __future__ import annotations

from typing import Final

from PIL import Image

MOST_FRAMES: Final = 64
"""Frames looked at before a file counts as blank."""


def seek_shown(image: Image.Image, most_pixels: int) -> bool:
    """Go to the first frame that is not blank, or back to the first when all are.

    Args:
        image: opened, not yet loaded; loaded afterwards.
        most_pixels: frames larger than this are not gone to.

    Returns:
        Whether the file has another frame than the one gone to.
    """
    image.load()
    if not _may_have_more(image) or not is_blank(image):
        return False
    for number in range(1, MOST_FRAMES):
        try:
            image.seek(number)
            if image.width * image.height > most_pixels:
                break
            image.load()
        except (EOFError, OSError, ValueError, SyntaxError):
            break
        if not is_blank(image):
            return True
    image.seek(0)
    image.load()
    return False


def is_blank(image: Image.Image) -> bool:
    """Whether a picture is all of one shade, or all transparent."""
    if image.mode in ("LA", "RGBA", "PA") and image.getchannel("A").getextrema() == (0, 0):
        return True
    plain = image.convert("RGBA") if "transparency" in image.info else image
    extrema = plain.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(band[0] == band[1] for band in bands)


def _may_have_more(image: Image.Image) -> bool:
    return hasattr(image, "is_animated") and bool(image.is_animated)
