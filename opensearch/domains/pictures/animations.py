"""Which frame of an animation shows what it is about.

Mostly that is the first. What fades in, draws itself or begins with noise shows it later.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from PIL import Image, ImageStat

from opensearch.domains.pictures.disposal import go_to

_FORMATS: Final = ("GIF", "PNG", "WEBP", "AVIF")
"""Those whose frames follow each other in time; those of others are pages, views or parts."""
_MODES: Final = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
_SIDE: Final = 256
"""Pixels, about, of the longer side of a frame that is measured: that of a view."""
_PIXELS: Final = 32_000_000
"""Decoded at most to find a frame, of all together: about a second of them if full of grain."""
_ENOUGH: Final = 40.0
"""A first frame that shows this much is taken whatever follows, so many animations are not gone
through. Most photographs have 40 to 85, drawings 25 to 55; no picture has more than 128."""
_FAR_LESS, _NEARLY = 0.45, 0.95
"""A first frame with less than this share of the most that a frame shows is not taken, but the
first with the other share. Of 171 files, the 12 that fade in, draw themselves or begin with next to
nothing have .00 to .43, and all others .50 to 1 but for two, whose plain frame icons cover."""
_OPAQUE: Final = 255
_WHITE, _BLACK = (255, 255, 255, 255), (0, 0, 0, 255)


def is_animation(image: Image.Image) -> bool:
    """Whether the frames of a file of several are of an animation, and can be measured."""
    return image.format in _FORMATS and image.mode in _MODES


def telling(first: Image.Image, data: bytes, most_frames: int, most_pixels: int) -> int:
    """The number of the frame that is taken: the first not blank, or one that shows far more.

    Args:
        first: the first frame, loaded; it stays as it is.
        data: the file. It is opened again, as not every format finds its way back.
        most_frames: looked at.
        most_pixels: of a frame; behind a larger one none is looked at.
    """
    amounts = [shown(first)]
    if amounts[0] >= _ENOUGH:
        return 0
    left = _PIXELS
    with (
        suppress(Exception),  # whatever decoders raise, the frames before it are whole
        Image.open(io.BytesIO(data), formats=(str(first.format),)) as again,
    ):
        for number in range(1, most_frames):
            if again.width * again.height > left:
                break  # before one is gone to, which may decode it
            go_to(again, number)
            pixels = again.width * again.height  # a frame of a GIF may be larger than those before
            left -= pixels
            if pixels > most_pixels or left < 0:
                break
            again.load()
            amounts.append(shown(again))
    return chosen(amounts)


def chosen(amounts: Sequence[float]) -> int:
    """The number of the frame that is taken, by how much each shows: the first that shows enough.

    Args:
        amounts: one or more, in the order of the frames.
    """
    most = max(amounts)
    start = next((number for number, amount in enumerate(amounts) if amount), 0)
    if amounts[start] >= _FAR_LESS * most:
        return start
    return next(number for number, amount in enumerate(amounts) if amount >= _NEARLY * most)


def shown(frame: Image.Image) -> float:
    """How much a frame shows: the standard deviation of its colours, 0 to 128.

    What is clear is white or black, whichever shows more.
    """
    clear = frame.mode in ("LA", "PA", "RGBA") or "transparency" in frame.info
    whole = frame.convert("RGBA" if clear else "RGB")
    if clear and whole.getchannel("A").getextrema()[0] == _OPAQUE:
        whole, clear = whole.convert("RGB"), False
    small = whole.reduce(max(1, max(whole.size) // _SIDE))
    papers = (_WHITE, _BLACK) if clear else ()
    seen = [Image.alpha_composite(Image.new("RGBA", small.size, each), small) for each in papers]
    return max(map(_deviation, seen or [small]))


def _deviation(picture: Image.Image) -> float:
    colours = ImageStat.Stat(picture).var[:3]
    return float((sum(colours) / len(colours)) ** 0.5)
