"""Opening a raster file by what its bytes say, within its limits."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from opensearch.domains.files import check_file
from opensearch.domains.pictures import (
    BY_PILLOW,
    FORMATS,
    bmp,
    coded_colours,
    heif,
    ico,
    jp2,
    png,
    png_end,
    suffixes,
    tga,
    tiff,
    tiff_colours,
    tiff_pages,
)
from opensearch.domains.pictures.cut_short import LOST, check_end, completed, without_padding
from opensearch.domains.pictures.deep import opacity, to_bytes
from opensearch.domains.pictures.disposal import in_its_place, with_opacity
from opensearch.domains.pictures.finishing import for_screen, straight, with_colours
from opensearch.domains.pictures.frames import MOST_FRAMES, shown
from opensearch.domains.pictures.jpeg_scan import WatchedScan
from opensearch.domains.pictures.shot import inherit
from opensearch.domains.signatures import HEAD, told_by
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

# A header may promise this many times the pixels that are decoded (JPEG drafts shrink by 8).
_HEADER_FACTOR = 16
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
# Colours this dark in all but one value in a thousand have their picture in the low bytes.
_DARK, _FEW = 128, 0.001
_OTHER_BYTE: Final = {"16B": "16L", "16L": "16B", "16N": "16B"}


@dataclass(slots=True)
class _Candidate:
    """A picture opened, not yet decoded: its bytes, whether they are paired grey and alpha,
    what of it is lost, in words, what watches while it is decoded, and the power that its
    values want for a usual screen.
    """

    image: Image.Image
    data: bytes = b""
    pairs: bool = False
    lost: str = ""
    scan: WatchedScan | None = None
    power: float = 1.0


@contextmanager
def opened(path: Path, limits: Limits, side: int) -> Iterator[Image.Image]:
    """A raster file decoded to eight bits, its shorter side no less than `side` where it is.

    Of several frames or pages it is the one that `frames.shown` takes.

    Raises:
        UnreadableFile: not a file, or no picture of a known format.
        OverLimit: over `limits.bytes` or `limits.pixels`.
    """
    check_file(path, limits, suffixes())
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(HEAD)
        for form in FORMATS.values():
            if form.claims(head, suffix):
                image = form.load(path, limits)
                found = _Candidate(image, lost=image.info.get(LOST, ""))
                break
        else:
            found = _by_pillow(head + file.read(), suffix, limits)
    with found.image:
        image = for_screen(with_colours(straight(_decoded(found, limits, side))), found.power)
        if found.lost:
            image.info[LOST] = found.lost
        yield image


def embedded(data: bytes, limits: Limits, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """A raster picture within another file, decoded as `opened` does, and its width and height.

    What is clear in it stays clear.

    Raises:
        UnreadableFile: no picture of a known format.
        OverLimit: over `limits.pixels`.
    """
    found = _by_pillow(data, "", limits)
    size = found.image.size
    return for_screen(straight(_decoded(found, limits, side)), found.power), size


def _by_pillow(data: bytes, suffix: str, limits: Limits) -> _Candidate:
    pairs, lost, data = False, "", without_padding(data)
    check_end(data)
    power, profile = 1.0, _profile(data)
    if data.startswith(png.SIGNATURE):
        power = png.gamma(data)
        data, pairs = png.bare(data)
        data, lost = png_end.mended(data, limits.pixels)
    data = with_opacity(heif.told_apart(ico.best(bmp.alone(data))))
    # Pillow knows a format that is named here only once its plugins are loaded.
    Image.init()
    # Nothing in a TGA file says what it is.
    formats = [name for name in BY_PILLOW if name != "TGA" or suffix in BY_PILLOW["TGA"]]
    image: Image.Image | None = None
    scan = WatchedScan(data)
    try:
        if not data.startswith(tiff.UNKNOWN_TO_PILLOW):
            image = Image.open(scan, formats=formats)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise OverLimit(f"promises far more pixels than the limit of {limits.pixels:,}") from error
    except UnidentifiedImageError as error:
        if not data.startswith(tiff.SIGNATURES):
            kind = heif.unread(data) or _other_kind(data, limits)
            what = f", but {kind}" if kind else ""
            raise UnreadableFile(f"holds no picture of a known format{what}") from error
    image = tiff_pages.at_picture(image, data, MOST_FRAMES)
    if data.startswith(tiff.SIGNATURES) and tiff.may_be_deep(image):
        deep = tiff.deep_tiff(data, limits, alone=image is None)
        if deep is not None and image is not None:
            inherit(deep, image.getexif())
        image = deep or image
        if image is None:
            raise UnreadableFile(
                "is a TIFF with samples or a compression that cannot be read, or is damaged or cut"
                " short"
            )
    assert image is not None
    tiff_colours.with_palette(image)
    if profile is not None:
        image.info["icc_profile"] = profile
    return _Candidate(image, data, pairs, lost, scan, power)


def _other_kind(data: bytes, limits: Limits) -> str | None:
    """What a file is that Pillow does not know, in words.

    Raises:
        OverLimit: an AVIF picture that its decoder takes for damaged because it is too large.
    """
    width, height = heif.size(data)
    if width * height > limits.pixels:
        raise OverLimit(
            f"has {width * height:,} pixels, over the limit of {limits.pixels:,}; save it smaller"
        )
    if max(width, height) > heif.LONGEST:
        raise OverLimit(
            f"is {width:,} x {height:,} pixels, and AVIF is read with sides of up to"
            f" {heif.LONGEST:,}; save it smaller"
        )
    return told_by(data[:HEAD])


def _profile(data: bytes) -> bytes | None:
    """The profile of a file, where Pillow does not find what stands in place of one."""
    if data.startswith(png.SIGNATURE):
        return png.colours(data) or None
    if data.startswith(jp2.SIGNATURE):
        return jp2.profile(data) or b""
    return coded_colours.profile_of(heif.code_points(data)) or None


def _decoded(found: _Candidate, limits: Limits, side: int) -> Image.Image:
    image = found.image
    check_pixels(image, limits.pixels * _HEADER_FACTOR)
    image.draft("RGB", (2 * side, 2 * side))
    check_pixels(image, limits.pixels)
    tiles = list(getattr(image, "tile", ()))
    if found.scan is not None:
        found.scan.image = image
    try:
        image = shown(image, limits.pixels, found.data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise OverLimit(f"promises far more pixels than the limit of {limits.pixels:,}") from error
    except OSError as error:
        whole = _otherwise(found.data, image, str(error), limits, side)
        if whole is None:
            raise
        return whole
    if found.scan is not None:
        found.lost = found.lost or found.scan.lost(image, (2 * side, 2 * side))
    if image.format == "GIF" and tiles and _is_first(image):
        return in_its_place(image, tiles[0].extents)
    values = np.asarray(image) if _is_deep(image) else None
    if found.pairs:
        return _like(image, *_grey_and_alpha(image))
    if values is not None:
        return _like(image, *tiff.levelled(values, image), *_clear_grey(image, values))
    low = _low_bytes(image, found.data, tiles) if _is_first(image) else None
    return image if low is None else _like(image, *low)


def _otherwise(
    data: bytes, image: Image.Image, reason: str, limits: Limits, side: int
) -> Image.Image | None:
    """A picture that Pillow gave up for a reason, decoded all the same; None where it cannot be."""
    if image.format == "TGA" and "overrun" in reason:
        plain = tga.without_runs(data, limits.pixels)
        if plain is not None:
            other: Image.Image = Image.open(io.BytesIO(plain), formats=("TGA",))
            other.load()
            return other
    return completed(data, (2 * side, 2 * side)) if "truncated" in reason else None


def check_pixels(image: Image.Image, most: int) -> None:
    """Refuse a picture without pixels, or of more than `most`.

    Raises:
        UnreadableFile: no pixels.
        OverLimit: too many.
    """
    pixels = image.width * image.height
    if pixels == 0:
        raise UnreadableFile("has no pixels")
    if pixels > most:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {most:,}; save it smaller")


def _is_first(image: Image.Image) -> bool:
    """Whether it is the first frame of a file that Pillow reads."""
    return isinstance(image, ImageFile.ImageFile) and image.tell() == 0


def _is_deep(image: Image.Image) -> bool:
    return image.mode in _DEEP_MODES or (image.mode == "L" and tiff.is_signed(image))


def _like(image: Image.Image, *planes: NDArray[np.uint8]) -> Image.Image:
    """Bytes as a picture that keeps what is known of `image`: its turn, its shot, its profile."""
    made = Image.fromarray(planes[0] if len(planes) == 1 else np.dstack(planes))
    made.info = {key: image.info[key] for key in ("icc_profile",) if key in image.info}
    inherit(made, image.getexif())
    return made


def _grey_and_alpha(image: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Sixteen-bit grey and alpha, read as four bytes a pixel."""
    pairs = np.asarray(image.convert("RGBA")).astype(np.uint16)
    grey, alpha = (pairs[..., at] << 8 | pairs[..., at + 1] for at in (0, 2))
    return to_bytes(grey), opacity(alpha)


def _clear_grey(image: Image.Image, values: NDArray[Any]) -> tuple[NDArray[np.uint8], ...]:
    """The opacity of deep grey of which one value is said to be clear; none of any other."""
    clear = image.info.get("transparency")
    return (np.where(values == clear, 0, 255).astype(np.uint8),) if isinstance(clear, int) else ()


def _low_bytes(
    image: Image.Image, data: bytes, tiles: list[Any]
) -> tuple[NDArray[np.uint8], ...] | None:
    """Sixteen-bit colours that Pillow, which keeps the high byte, shows as almost black.

    Returns:
        The colours, (h, w, 3), and the opacity where there is one; None for any other picture.
    """
    args = tiles[0].args if tiles else None
    mode = args if isinstance(args, str) else args[0] if args else ""
    name, _, order = str(mode).partition(";")
    if name not in ("RGB", "RGBA") or order not in _OTHER_BYTE:
        return None
    high = np.asarray(image)
    if high.ndim != 3 or (high[..., :3] >= _DARK).mean() >= _FEW:
        return None
    other = f"{name};{_OTHER_BYTE[order]}"
    with Image.open(io.BytesIO(data), formats=(str(image.format),)) as again:
        again.tile = [
            tile._replace(args=other if isinstance(args, str) else (other, *tile.args[1:]))
            for tile in tiles
        ]
        again.load()
        low = np.asarray(again)
    deep = high.astype(np.uint16) << 8 | low
    colours = to_bytes(deep[..., :3])
    return (colours,) if deep.shape[2] == 3 else (colours, opacity(deep[..., 3]))
