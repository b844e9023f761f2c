"""TIFF pictures of more than eight bits, with a sign or of floats, which Pillow reads in part.

Pillow drops the low byte of 16-bit colours, takes signed bytes for unsigned ones, does not
turn 16-bit grey whose white is 0, mixes up 16-bit planes, and knows no doubles. Inks and CIE Lab
are in `tiff_colours`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.pictures.deep import opacity, to_bytes, undone
from opensearch.domains.pictures.frames import MOST_FRAMES, first_shown
from opensearch.domains.pictures.tiff_colours import COLOURS, YCBCR, is_thinned, picture, thinned
from opensearch.domains.pictures.tiff_pages import in_turn, value_of
from opensearch.domains.pictures.tiff_segments import is_ours, samples
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SIGNATURES: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLE_FORMAT = 258, 262, 274, 339
_PROFILE, _NO_VALUE = 34675, 42113
_UNSIGNED, _SIGNED = 1, 2
_RGBA: Final = 4
_MULTIPLIED: Final = 1
"""How a page says that its colours are multiplied with their opacity."""
_FAR, _MORE, _AS_WIDE = 7 / 8, 4, 0.6
"""From which share of their scale neighbours are at its two ends, how many times as many of them as
of those about 0 there are where no sign was meant, and how far samples then spread without it, as a
share of how far they do with it. Of 1,050 pictures of seven kinds whose samples do have a sign
none counts as without, of 300 photos that are only said to have one 234."""
_ROWS: Final = 512
"""Rows, about, in which that is measured."""
UNKNOWN_TO_PILLOW: Final = b"MM\0+"
"""What a BigTIFF begins with whose bytes are in the other order; Pillow misreads its directory."""


def may_be_deep(image: Image.Image | None) -> bool:
    """Whether a TIFF, opened by Pillow if that could, holds what Pillow does not read as it is."""
    tags = getattr(image, "tag_v2", {})
    bits, kinds = tags.get(_BITS, (1,)), tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))
    deep = image is None or max(bits) > 8 or set(kinds) != {_UNSIGNED}
    return deep or is_thinned(tags)


def is_signed(image: Image.Image) -> bool:
    """Whether Pillow opened a TIFF of signed bytes, which it takes for unsigned ones."""
    return set(getattr(image, "tag_v2", {}).get(_SAMPLE_FORMAT, ())) == {_SIGNED}


def levelled(values: NDArray[Any], image: Image.Image) -> tuple[NDArray[np.uint8]]:
    """Deep grey of any file as Pillow gives it, shape (h, w), as bytes of that shape."""
    tags = getattr(image, "tag_v2", {})
    if values.dtype == np.int32 and tags.get(_SAMPLE_FORMAT, ())[:1] == (_UNSIGNED,):
        values = values.view(np.uint32)
    if values.dtype == np.uint8:
        values = meant(values.view(np.int8))
    made = to_bytes(values, _number(tags.get(_NO_VALUE)))
    return (255 - made if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else made,)


def meant(values: NDArray[Any]) -> NDArray[Any]:
    """Signed samples of one or two bytes, shape (h, w, ...), without a sign where none was meant.

    Some programs write plain samples and say that they have a sign. Neighbours of middling shades
    then lie at the two ends of the scale. In a drawing of two shades they may do so with reason,
    but there next to nothing would be left without the sign.
    """
    if values.dtype.kind != "i" or values.dtype.itemsize > 2:
        return values
    kind = values.dtype.str.replace("i", "u")
    signed = values[:: max(1, len(values) // _ROWS)].astype(np.int32)
    scale = 256**values.dtype.itemsize
    steps = np.abs(np.diff(signed, axis=1))[np.diff(signed < 0, axis=1)] / scale
    misread = (steps >= _FAR).sum() > _MORE * (steps <= 1 - _FAR).sum() and (
        (signed % scale).std() >= _AS_WIDE * signed.std()
    )
    return values.view(kind) if misread else values


def deep_tiff(data: bytes, limits: Limits, *, alone: bool = False) -> Image.Image | None:
    """The first page that is not of one value, when it is of deep grey or colour.

    Reduced copies and masks are passed over where a picture follows.

    Args:
        data: the file.
        limits: what it may cost.
        alone: take pages of eight bits, too, since Pillow does not know the file.

    Returns:
        L, LA, RGB or RGBA, its orientation kept; None for a file that Pillow reads well, or
        that only Pillow can decompress.

    Raises:
        UnreadableFile: damaged, or of samples that are no picture.
        OverLimit: over `limits.pixels`.
    """
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        if len(file.pages) == 0:
            raise UnreadableFile("is cut short: its directory of pages lies beyond its end")
        pages = in_turn(file.pages, MOST_FRAMES)
        return first_shown(_pictures(pages, data, limits, _is_small if alone else _is_deep))


def _pictures(
    pages: Iterable[Any], data: bytes, limits: Limits, wanted: Callable[[Any], bool]
) -> Iterator[Image.Image]:
    """The pages as pictures, up to one that is not read here."""
    for page in pages:
        if not (wanted(page) and _is_picture(page)):
            return
        values = _values(page, data, limits)
        if values is None:
            return
        yield _picture(values, page)


def _is_deep(page: Any) -> bool:
    deep = page.bitspersample > 8 or page.sampleformat != _UNSIGNED
    return bool(deep or page.photometric == YCBCR)


def _is_small(page: Any) -> bool:
    """Whether a page has no more samples than a picture of colours and opacity."""
    return bool(page.samplesperpixel <= COLOURS.get(page.photometric, _RGBA - 1) + 1)


def _is_picture(page: Any) -> bool:
    known = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, *COLOURS)
    plain = page.photometric != YCBCR or is_thinned({tag.code: tag.value for tag in page.tags})
    return page.photometric in known and page.imagedepth == 1 and plain


def _values(page: Any, data: bytes, limits: Limits) -> NDArray[Any] | None:
    """Samples of a page, shape (h, w, samples); None where their compression is not known."""
    pixels = page.imagewidth * page.imagelength
    if pixels == 0:
        raise UnreadableFile("has no pixels")
    if pixels > limits.pixels:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {limits.pixels:,}")
    if page.photometric == YCBCR:
        return thinned(page, data)
    try:
        if is_ours(page):
            return samples(page, data)
        values: NDArray[Any] = np.asarray(page.asarray())
    except ImportError:  # of a codec that comes with later versions of Python
        return None
    except (ValueError, KeyError, NotImplementedError) as error:  # what tifffile raises for codecs
        if "codec" in str(error):
            return None
        raise
    if values.dtype.kind not in "uif":
        raise UnreadableFile(f"holds samples of the kind {values.dtype}, which are no picture")
    if page.planarconfig == 2 and values.ndim == 3:
        values = np.moveaxis(values, 0, -1)
    return values.reshape(page.imagelength, page.imagewidth, -1)


def _picture(values: NDArray[Any], page: Any) -> Image.Image:
    profile = bytes(value_of(page, _PROFILE) or b"")
    if page.photometric in COLOURS:
        extra = page.extrasamples[0] if page.extrasamples else 0
        made = picture(values, page.photometric, extra, profile)
    else:
        made = _light(values, page)
        if profile:
            made.info["icc_profile"] = profile
    made.getexif()[_ORIENTATION] = int(value_of(page, _ORIENTATION) or 1)
    return made


def _light(values: NDArray[Any], page: Any) -> Image.Image:
    """Samples of grey or of red, green and blue as a picture."""
    colours = 3 if page.photometric == _RGB and values.shape[2] >= 3 else 1
    plain, clear = meant(values[..., :colours]), None
    if page.extrasamples and page.extrasamples[0] in (1, 2) and values.shape[2] > colours:
        covering = values[..., colours].view(plain.dtype)
        clear = opacity(covering)
        if page.extrasamples[0] == _MULTIPLIED:
            plain = undone(plain, covering)
    made = to_bytes(plain, _number(value_of(page, _NO_VALUE)))
    if page.photometric == _WHITE_IS_ZERO:
        made = 255 - made
    if clear is not None:
        made = np.dstack([made, clear])
    return Image.fromarray(made[..., 0] if made.shape[2] == 1 else made)


def _number(text: Any) -> float | None:
    """The value that stands for nothing measured, as GDAL writes it."""
    try:
        return None if text is None else float(str(text).strip("\0 "))
    except ValueError:
        return None
