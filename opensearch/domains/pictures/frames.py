"""The first frame or page of a file that shows something."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from PIL import Image

from opensearch.domains.pictures import tiff_pages
from opensearch.domains.pictures.animations import is_animation, telling
from opensearch.domains.pictures.disposal import go_to

MOST_FRAMES: Final = 64
"""Frames looked at before a file counts as blank."""


def shown(image: Image.Image, most_pixels: int, data: bytes = b"") -> Image.Image:
    """The first frame that is not blank, or the first of all when all are.

    Of an animation whose first frames show far less than later ones, it is one of these.

    Args:
        image: opened, not yet loaded; the answer is `image` itself at that frame, loaded, or a
            copy of its first frame.
        most_pixels: frames larger than this are not gone to.
        data: the file.
    """
    image.load()
    if not _may_have_more(image):
        return image
    if is_animation(image):
        number = telling(image, data, MOST_FRAMES, most_pixels)
        if number:
            return _gone_to(image, [number], most_pixels)
    if not is_blank(image):
        return image
    return _gone_to(image, _later(image, data), most_pixels)


def _later(image: Image.Image, data: bytes) -> Iterable[int]:
    """Numbers of the frames or pages that are looked at behind the one an image is at."""
    first = image.tell()
    if image.format == "TIFF":
        return [each for each in tiff_pages.numbers(data, MOST_FRAMES) if each > first]
    return range(first + 1, first + MOST_FRAMES)


def _gone_to(image: Image.Image, numbers: Iterable[int], most_pixels: int) -> Image.Image:
    """The image at the first of some frames that is not blank, or a copy of it as it was."""
    first = image.copy()  # not every format finds its way back to what it was
    for number in numbers:
        try:
            go_to(image, number)
            if image.width * image.height > most_pixels:
                break
            image.load()
        except Exception:  # whatever decoders raise, the first frame is whole
            break
        if not is_blank(image):
            return image
    return first


def first_shown(pictures: Iterable[Image.Image]) -> Image.Image | None:
    """The first of pictures that is not blank, or the first of all when all are; None of none."""
    first = None
    for picture in islice(pictures, MOST_FRAMES):
        if not is_blank(picture):
            return picture
        first = first or picture
    return first


def is_blank(image: Image.Image) -> bool:
    """Whether a picture is all of one shade, or all transparent."""
    if image.mode in ("LA", "RGBA", "PA") and image.getchannel("A").getextrema() == (0, 0):
        return True
    plain = image.convert("RGBA") if "transparency" in image.info else image
    extrema = plain.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(band[0] == band[1] for band in bands)


def _may_have_more(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # damage behind the first frame, which is whole
        return False
