"""Which pages of a TIFF are its pictures: reduced copies and transparency masks are passed over.

Source:
    TIFF 6.0 (Adobe, 1992), section 8: NewSubfileType and SubfileType.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, Final

from PIL import Image

_KIND, _OLD_KIND, _PHOTOMETRIC = 254, 255, 262
_REDUCED, _MASK = 1, 4
"""Bits of the kind of a page."""
_OLD_REDUCED: Final = 2
"""The same as a value of the tag that came before."""
_OF_MASKS: Final = 4
"""The photometric interpretation of a mask."""


def at_picture(image: Image.Image | None, data: bytes, most: int) -> Image.Image | None:
    """A file that Pillow opened, if it could, at its first picture where it is a TIFF.

    Args:
        image: at its first page, not yet loaded.
        data: the file.
        most: pages looked at.

    Returns:
        `image`; None where its picture is on a page that Pillow does not know.
    """
    if image is None or not _is_aside(getattr(image, "tag_v2", {})):
        return image
    try:
        image.seek(next(numbers(data, most), 0))
    except Exception:  # Pillow has many for a page of a kind that it does not know
        return None
    return image


def numbers(data: bytes, most: int) -> Iterator[int]:
    """The numbers, from 0, of the pages of a file that `in_turn` gives, up to any damage."""
    import tifffile

    with suppress(Exception), tifffile.TiffFile(io.BytesIO(data)) as file:
        for page in in_turn(file.pages, most):
            yield page.index


def in_turn(pages: Iterable[Any], most: int) -> Iterator[Any]:
    """Pages of tifffile in their order, without what is no picture where a picture follows.

    Args:
        pages: all of a file; no more of them are read than are asked for.
        most: of them that are looked at.
    """
    waiting: list[Any] = []
    for page in _whole(islice(pages, most)):
        if _is_aside({tag: value_of(page, tag) for tag in (_KIND, _OLD_KIND, _PHOTOMETRIC)}):
            waiting.append(page)
        else:
            waiting.clear()
            yield page
    yield from waiting


def _whole(pages: Iterator[Any]) -> Iterator[Any]:
    """Pages up to the first whose tags are damaged."""
    with suppress(Exception):  # tifffile has many for damage
        yield from pages


def _is_aside(tags: Any) -> bool:
    """Whether a page is a reduced copy of another or its mask, by its tags."""
    kind = tags.get(_KIND)
    said = isinstance(kind, int) and kind & (_REDUCED | _MASK)
    return bool(said or tags.get(_OLD_KIND) == _OLD_REDUCED or tags.get(_PHOTOMETRIC) == _OF_MASKS)


def value_of(page: Any, tag: int) -> Any:
    """What a page says under a tag; `None` where it has none."""
    found = page.tags.get(tag)
    return None if found is None else found.value
