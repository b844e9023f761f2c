"""What `benchmarks.planted` does to pictures."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Rng: TypeAlias = np.random.Generator
Change: TypeAlias = Callable[[Image.Image, Rng], Image.Image]
TURN: Final = Image.Transpose


def _cropped(picture: Image.Image, rng: Rng) -> Image.Image:
    """Nine tenths of each side, from anywhere."""
    width, height = (round(0.9 * side) for side in picture.size)
    left = int(rng.integers(0, picture.width - width + 1))
    top = int(rng.integers(0, picture.height - height + 1))
    return picture.crop((left, top, left + width, top + height))


def _cropped_around(picture: Image.Image, _: Rng) -> Image.Image:
    width, height = picture.size
    return picture.crop((0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height))


def _smaller(by: int) -> Change:
    def made(picture: Image.Image, _: Rng) -> Image.Image:
        size = (max(1, picture.width // by), max(1, picture.height // by))
        return picture.resize(size, Image.Resampling.LANCZOS)

    return made


def _saved(kind: str, **options: int) -> Change:
    def made(picture: Image.Image, _: Rng) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, kind, **options)
        return Image.open(file).convert("RGB")

    return made


def _rotated(degrees: float) -> Change:
    """Turned either way on white, of the same size."""

    def made(picture: Image.Image, rng: Rng) -> Image.Image:
        by = degrees * (1 if rng.random() < 0.5 else -1)
        return picture.rotate(by, Image.Resampling.BICUBIC, fillcolor="white")

    return made


def _bordered(share: float, colour: str) -> Change:
    def made(picture: Image.Image, _: Rng) -> Image.Image:
        by = round(share * min(picture.size))
        sheet = Image.new("RGB", (picture.width + 2 * by, picture.height + 2 * by), colour)
        sheet.paste(picture, (by, by))
        return sheet

    return made


def _captioned(picture: Image.Image, _: Rng) -> Image.Image:
    """A white strip of a tenth of the height below it, with words."""
    strip = max(4, picture.height // 10)
    sheet = Image.new("RGB", (picture.width, picture.height + strip), "white")
    sheet.paste(picture, (0, 0))
    _words(sheet, (0.05 * sheet.width, picture.height), 0.8 * strip, "black")
    return sheet


def _written_over(picture: Image.Image, rng: Rng) -> Image.Image:
    """Words an eighth of its height, white with a black rim, anywhere."""
    picture = picture.copy()
    at = (rng.uniform(0, 0.3) * picture.width, rng.uniform(0, 0.85) * picture.height)
    _words(picture, at, picture.height / 8, "white", rim=max(1, picture.height // 100))
    return picture


def _watermarked(picture: Image.Image, _: Rng) -> Image.Image:
    """Words across it, a third as strong as what is there."""
    marked = picture.copy()
    _words(marked, (0.1 * picture.width, 0.42 * picture.height), picture.height / 6, "white")
    return Image.blend(picture, marked, 0.35)


def _words(
    picture: Image.Image, at: tuple[float, float], size: float, colour: str, rim: int = 0
) -> None:
    font = ImageFont.load_default(max(4.0, size))
    pen = ImageDraw.Draw(picture)
    pen.text(at, "Sample 2024", colour, font, stroke_width=rim, stroke_fill="black")


PICTURES: Final[dict[str, Change]] = {
    "exact, as PNG": lambda picture, _: picture,
    "JPEG, quality 50": lambda picture, _: picture,
    "half size": _smaller(2),
    "third of the size": _smaller(3),
    "brighter": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(
        rng.uniform(1.1, 1.4)
    ),
    "darker": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(rng.uniform(0.5, 0.9)),
    "more contrast": lambda picture, rng: ImageEnhance.Contrast(picture).enhance(
        rng.uniform(1.2, 1.6)
    ),
    "grey": lambda picture, _: picture.convert("L").convert("RGB"),
    "cropped by a tenth": _cropped,
    "cropped by a tenth on every side": _cropped_around,
    "mirrored": lambda picture, _: picture.transpose(TURN.FLIP_LEFT_RIGHT),
    "turned by 90": lambda picture, _: picture.transpose(TURN.ROTATE_270),
    "turned by 180": lambda picture, _: picture.transpose(TURN.ROTATE_180),
    "turned by 270": lambda picture, _: picture.transpose(TURN.ROTATE_90),
}
"""What the bar is set for."""

OTHERS: Final[dict[str, Change]] = {
    "WebP, quality 30": _saved("WEBP", quality=30),
    "GIF": _saved("GIF"),
    "less contrast": lambda picture, rng: ImageEnhance.Contrast(picture).enhance(
        rng.uniform(0.5, 0.8)
    ),
    "half as colourful": lambda picture, _: ImageEnhance.Color(picture).enhance(0.5),
    "white border of 5 %": _bordered(0.05, "white"),
    "black border of 5 %": _bordered(0.05, "black"),
    "black border of 10 %": _bordered(0.1, "black"),
    "caption below": _captioned,
    "words over it": _written_over,
    "watermark": _watermarked,
    "turned by 1 degree": _rotated(1),
    "turned by 3 degrees": _rotated(3),
    "turned by 5 degrees": _rotated(5),
    "mirrored, half size, grey": lambda picture, rng: (
        _smaller(2)(picture, rng).transpose(TURN.FLIP_LEFT_RIGHT).convert("L").convert("RGB")
    ),
    "turned by 90 and cropped by a tenth": lambda picture, rng: _cropped(
        picture.transpose(TURN.ROTATE_270), rng
    ),
}
"""What else befalls pictures: with `--others`."""
