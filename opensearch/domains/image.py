"""Pictures: any raster file as one square RGB view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from opensearch.config import Limits, ReaderSettings
from opensearch.domains.files import IMAGE_SUFFIXES, check_file, reading
from opensearch.domains.reading import Reader, Reading
from opensearch.errors import OverLimit, UnreadableFile

# Only these decoders are ever tried, whatever the suffix says: others, such as EPS, run programs.
# JPEG opens the MPO files of phones, too.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "TIFF", "GIF")
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# A header may promise this many times the pixels that are decoded (JPEG drafts shrink by 8).
_HEADER_FACTOR = 16
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def image_reader(settings: ReaderSettings, limits: Limits) -> Reader:
    """A reader of raster files: one view, squashed to a square.

    The reader raises `UnreadableFile` on a file that is damaged, truncated or no picture,
    `OverLimit` on one over `limits.bytes` or `limits.pixels`.
    """
    size = settings.size

    def read(path: Path, part: int | None = None) -> Reading:
        with reading(path, "picture"), opened(path, limits, side=size) as image:
            turn = _orientation(image)
            square = flat_rgb(_levelled(image), (size, size))
            view = square if turn is None else square.transpose(turn)
            width, height = image.size if _upright(turn) else image.size[::-1]
            return Reading(views=np.asarray(view)[None].copy(), aspect=width / height)

    return read


def load_picture(path: Path, limits: Limits, longest: int) -> Image.Image:
    """A raster file as RGB on white, upright, its longer side at most `longest` pixels.

    Raises:
        UnreadableFile: damaged, truncated or no picture.
        OverLimit: over `limits.bytes` or `limits.pixels`.
    """
    with opened(path, limits, side=longest) as image:
        turn = _orientation(image)
        scale = min(1.0, longest / max(image.size))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        upright = flat_rgb(_levelled(image), size)
        return upright if turn is None else upright.transpose(turn)


@contextmanager
def opened(path: Path, limits: Limits, side: int) -> Iterator[Image.Image]:
    """A raster file decoded, its shorter side no less than `side` where the file has it.

    Raises:
        UnreadableFile: not a file, or no picture of a known format.
        OverLimit: over `limits.bytes` or `limits.pixels`.
    """
    check_file(path, limits, IMAGE_SUFFIXES)
    # Pillow knows a format that is named here only once its plugins are loaded.
    Image.init()
    try:
        image = Image.open(path, formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise OverLimit(f"promises far more pixels than the limit of {limits.pixels:,}") from error
    except UnidentifiedImageError as error:
        raise UnreadableFile("holds no picture of a known format") from error
    with image:
        _check_pixels(image, limits.pixels * _HEADER_FACTOR)
        image.draft("RGB", (2 * side, 2 * side))
        _check_pixels(image, limits.pixels)
        image.load()
        yield image


def flat_rgb(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture resized to (width, height) with antialiasing, RGB, transparency on white."""
    transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    mode = "RGBA" if transparent else "L" if image.mode in ("1", "L") else "RGB"
    plain = image if image.mode == mode else image.convert(mode)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if mode == "RGBA":
        paper = Image.new("RGBA", size, (255, 255, 255, 255))
        plain = Image.alpha_composite(paper, plain)
    return plain.convert("RGB")


def _check_pixels(image: Image.Image, most: int) -> None:
    pixels = image.width * image.height
    if pixels == 0:
        raise UnreadableFile("has no pixels")
    if pixels > most:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {most:,}")


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How the camera was held; a damaged EXIF block counts as upright."""
    with suppress(Exception):
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return None


def _upright(turn: Image.Transpose | None) -> bool:
    lying = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
    return turn not in lying


def _levelled(image: Image.Image) -> Image.Image:
    """Deep greys scaled to eight bits; Pillow's own conversion clips them at 255."""
    if image.mode not in _DEEP_MODES:
        return image
    return Image.fromarray(to_bytes(np.asarray(image)))


def to_bytes(deep: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey values of more than eight bits, shape (h, w), as uint8.

    Full scale is 1 for fractions, 65535 for 16 bits, else the largest value found.
    """
    values = np.nan_to_num(deep.astype(np.float64), posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    if deep.dtype.kind == "f" and top <= 1.0:
        full = 1.0
    elif deep.dtype.itemsize == 2 or 255 < top <= 65535:
        full = 65535.0
    else:
        full = max(top, 255.0)
    return (values.clip(0, full) * (255.0 / full)).round().astype(np.uint8)
