"""Pictures: any raster file as one square RGB view."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import pictures
from opensearch.domains.files import check_file, reading
from opensearch.domains.pictures.colours import as_srgb, is_of_grey
from opensearch.domains.pictures.cut_short import LOST
from opensearch.domains.pictures.opening import opened
from opensearch.domains.pictures.shot import ORIENTATION, shot
from opensearch.domains.reading import Reader, ReaderKind, Reading, imprint_of
from opensearch.domains.svg import SVG_SUFFIXES, draw_svg
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Up

Paper: TypeAlias = tuple[int, int, int, int]
"""A colour, RGBA, each 0..255."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, upper, right and lower of a part of a picture, pixels, the last two exclusive."""

WHITE: Final[Paper] = (255, 255, 255, 255)
_BLACK: Final[Paper] = (0, 0, 0, 255)
_GREY: Final[Paper] = (190, 190, 190, 255)
# Lines this pale do not show on white; unless this share of them is darker, paper is black.
_PALE: Final = 200
_DARKER: Final = 0.02
# What is cut out is found on white as long as it shows there at all: made so pale that its colours
# are 217 to 255, photos find at .70 on white, .63 on grey and .56 on black (mAP of photos, 169 of
# triad's train files), at 245 to 255 .57, .51 and .37, at 250 to 255 .33, .34 and .25.
_PALEST: Final = 247
_OPAQUE: Final = 128

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def image_reader(settings: ReaderSettings, limits: Limits) -> Reader:
    """A reader of raster files: one view, squashed to a square.

    The reader raises `UnreadableFile` on a file that is damaged, truncated or no picture,
    `OverLimit` on one over `limits.bytes` or `limits.pixels`.
    """
    size = settings.size

    def read(path: Path, part: int | None = None, up: Up | None = None) -> Reading:
        if path.suffix.lower() in SVG_SUFFIXES:
            return _read_svg(path, limits, size)
        with reading(path, "picture"), opened(path, limits, side=size) as image:
            turn = _orientation(image)
            square = flat_rgb(image, (size, size), ground_for)
            view = square if turn is None else square.transpose(turn)
            width, height = image.size if _upright(turn) else image.size[::-1]
            aspect = width / height
            return Reading(
                np.asarray(view)[None].copy(),
                aspect,
                imprint=partial(imprint_of, view, aspect),
                shot=shot(image),
                lost=image.info.get(LOST, ""),
            )

    return read


def _read_svg(path: Path, limits: Limits, size: int) -> Reading:
    """An SVG in its colours on white, or on grey where all of it is too pale for that."""
    with reading(path, "picture"):
        check_file(path, limits, suffixes())
        drawing = draw_svg(path.read_bytes(), 2 * size)
        if not drawing.getchannel("A").getbbox():
            raise UnreadableFile("draws nothing")
        picture = on_paper(drawing, ground_for(drawing))
        square = picture.resize((size, size), Image.Resampling.BOX)
        aspect = picture.width / picture.height
        return Reading(
            np.asarray(square)[None].copy(),
            aspect,
            imprint=partial(imprint_of, square, aspect),
            lost=drawing.info.get(LOST, ""),
        )


def _white(picture: Image.Image) -> Paper:
    return WHITE


def load_picture(
    path: Path,
    limits: Limits,
    longest: int,
    paper: Callable[[Image.Image], Paper] = _white,
    frame: Callable[[Image.Image], Box | None] = lambda picture: None,
    framed_above: int | None = None,
) -> Image.Image:
    """A raster file as RGB, upright, its longer side at most `longest` pixels.

    Args:
        path: the file.
        limits: what it may cost.
        longest: pixels.
        paper: gives the colour that shows through a transparent picture, RGBA.
        frame: gives the part of a picture that is kept of one that is larger; all if None.
        framed_above: the longer side from which pictures are larger, `longest` if None; the same
            for a picture that is read twice, so that both show nearly the same part.

    Raises:
        UnreadableFile: damaged, truncated or no picture.
        OverLimit: over `limits.bytes` or `limits.pixels`.
    """
    with opened(path, limits, side=longest) as image:
        turn = _orientation(image)
        larger = max(image.size) > (framed_above or longest)
        part = frame(image) if larger else None
        if part is not None:
            image = image.crop(part)
        scale = min(1.0, longest / max(image.size))
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        upright = flat_rgb(image, size, paper)
        upright = upright if turn is None else upright.transpose(turn)
        if LOST in image.info:
            upright.info[LOST] = image.info[LOST]
        return upright


def flat_rgb(
    image: Image.Image, size: tuple[int, int], paper: Callable[[Image.Image], Paper] = _white
) -> Image.Image:
    """The picture resized to (width, height) with antialiasing, RGB, transparency on paper."""
    transparent = image.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in image.info
    kept = {"1": "L", "L": "L", "CMYK": "CMYK", "LAB": "LAB"}
    mode = "RGBA" if transparent else kept.get(image.mode, "RGB")
    profile = image.info.get("icc_profile")
    plain = image if image.mode == mode else image.convert(mode)
    if plain.size != size:
        plain = plain.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if mode == "RGBA" and image.mode in ("L", "LA") and is_of_grey(profile):
        grey = as_srgb(plain.getchannel("R"), profile).convert("RGB")
        plain, profile = Image.merge("RGBA", (*grey.split(), plain.getchannel("A"))), None
    if mode == "RGBA":
        plain = on_paper(plain, paper(plain))
    return as_srgb(plain, profile).convert("RGB")


def paper_for(drawing: Image.Image) -> Paper:
    """The colour of paper for a drawing, RGBA: white, or black where all its ink is pale."""
    return WHITE if _is_darker(drawing, _PALE) else _BLACK


def ground_for(picture: Image.Image) -> Paper:
    """What lies behind a picture, RGBA: white, or grey where white would hide all of it."""
    return WHITE if _is_darker(picture, _PALEST) else _GREY


def _is_darker(picture: Image.Image, shade: int) -> bool:
    """Whether some of what covers an RGBA picture is darker than a shade, or it covers all."""
    pixels = np.asarray(picture)
    ink = pixels[pixels[..., 3] >= _OPAQUE]
    if not len(ink) or len(ink) == pixels.shape[0] * pixels.shape[1]:
        return True
    return bool((ink[:, :3].min(axis=1) < shade).mean() >= _DARKER)


def on_paper(drawing: Image.Image, paper: Paper = WHITE) -> Image.Image:
    """An RGBA drawing as RGB on paper of one colour."""
    sheet = Image.new("RGBA", drawing.size, paper)
    return Image.alpha_composite(sheet, drawing).convert("RGB")


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How the camera was held; a damaged EXIF block counts as upright."""
    with suppress(Exception):
        return _TURNS.get(image.getexif().get(ORIENTATION, 1))
    return None


def _upright(turn: Image.Transpose | None) -> bool:
    lying = (_TURNS[5], _TURNS[6], _TURNS[7], _TURNS[8])
    return turn not in lying


def suffixes() -> frozenset[str]:
    """Suffixes of the files that can be read as pictures."""
    return pictures.suffixes() | SVG_SUFFIXES


READER: Final = ReaderKind(open=image_reader, version=35, domain="photo", suffixes=suffixes)
