"""What an animation clears, made as clear as browsers make it.

Pillow shows the background colour of a GIF there, and black in APNG and WebP files without opacity.

Source:
    GIF89a (CompuServe, 1990), section 23, as browsers read it: "restore to background" is clear.
    APNG (W3C, PNG third edition), `dispose_op`; WebP Container Specification, ANMF and VP8X.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import GifImagePlugin, Image, PngImagePlugin

_TO_BACKGROUND, _TO_PREVIOUS = 2, 3
"""How a frame of a GIF is disposed of."""
_OPAQUE: Final = ("1", "L", "P", "RGB")
_EXTENDED: Final = b"VP8X"
_ANIMATED, _WITH_OPACITY = 0x02, 0x10
"""Bits of what an extended WebP file says it holds."""


def go_to(image: Image.Image, number: int) -> None:
    """Seek a later frame, with what those before it clear.

    Args:
        image: at a frame before it, loaded or not; not loaded at the one it goes to.

    Raises:
        EOFError: there is no such frame.
    """
    for at in range(image.tell(), number):
        if isinstance(image, GifImagePlugin.GifImageFile):
            _clear_gif(image)
        elif isinstance(image, PngImagePlugin.PngImageFile):
            _clear_png(image)
        if isinstance(image, GifImagePlugin.GifImageFile):
            image.disposal_method = 0  # Pillow keeps it for frames that say nothing
        image.seek(at + 1)


def _clear_gif(image: GifImagePlugin.GifImageFile) -> None:
    """Make clear what lies around the first frame, and what the frame at hand leaves to clear."""
    first, box = image.tell() == 0, image.dispose_extent
    clears = image.disposal_method == _TO_BACKGROUND
    clears |= first and image.disposal_method == _TO_PREVIOUS
    if box is None or not (clears or first):
        return
    image.load()
    whole = in_its_place(image, box) if first else image
    if clears or whole is not image:
        image.im = whole.convert("RGBA").im
        image._mode = "RGBA"
        image.info.pop("transparency", None)
    if clears:
        image.dispose = Image.new("RGBA", (box[2] - box[0], box[3] - box[1])).im


def _clear_png(image: PngImagePlugin.PngImageFile) -> None:
    """Paint white what a frame without opacity leaves to clear, since its mode has to stay."""
    if image.dispose_op != PngImagePlugin.Disposal.OP_BACKGROUND or image.mode not in _OPAQUE:
        return
    image.load()
    box = tuple(int(at) for at in image.dispose_extent)
    paper = _palest(image) if image.mode == "P" else (255,) * len(image.getbands())
    image.im.paste(Image.new(image.mode, (box[2] - box[0], box[3] - box[1]), paper).im, box)
    image.dispose_op = PngImagePlugin.Disposal.OP_NONE
    vars(image).update(dispose=None)  # what earlier versions of Pillow clear with


def _palest(image: Image.Image) -> int:
    """The entry of a palette that is clear, or else the lightest."""
    entries = np.array(image.getpalette("RGBA"), np.int32).reshape(-1, 4)
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        entries[: len(clear), 3] = list(clear)[: len(entries)]
    elif isinstance(clear, int) and clear < len(entries):
        entries[clear, 3] = 0
    return int(np.lexsort((-entries[:, :3].min(axis=1), entries[:, 3]))[0])


def in_its_place(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """The first frame of a GIF, clear all around where it is smaller than the picture.

    Args:
        image: the picture, filled with its background colour there.
        box: left, upper, right and lower of the frame, pixels.
    """
    if box == (0, 0, *image.size):
        return image
    made = Image.new("RGBA", image.size)
    made.paste(image.convert("RGBA").crop(box), box)
    return made


def with_opacity(data: bytes) -> bytes:
    """An animated WebP file said to have opacity, so that its decoder shows what is clear."""
    head = data[:21]
    if data[8:16] != b"WEBP" + _EXTENDED or len(head) < 21 or not head[20] & _ANIMATED:
        return data
    return head[:20] + bytes([head[20] | _WITH_OPACITY]) + data[21:]
