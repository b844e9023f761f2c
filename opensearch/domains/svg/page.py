"""The page that a drawing paints for itself, as most programs that draw charts do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element

import numpy as np
from PIL import Image

from opensearch.domains.svg.clean import clean
from opensearch.domains.svg.drawing import found_window, render
from opensearch.domains.svg.markup import parse
from opensearch.domains.svg.size import UNSAID, shown_size, window

Shade: TypeAlias = tuple[int, int, int]

_SHAPES: Final = frozenset({"rect", "path", "polygon"})
_HOLDERS: Final = frozenset({"svg", "g", "a", "switch"})
_NO_PAGE: Final = frozenset({"circle", "ellipse", "image", "line", "polyline", "text", "use"})
# Of what has the side of a picture that a page is looked for in, pixels, and things looked at.
_SIDE, _LOOKS = 96, 12
# How much of each side of the drawing a page takes up at least, and of that its shade.
_REACHES, _PLAIN = 0.9, 0.8
# Shades alike, opacity that hides what is below, and how bright a page is that is drawn on darkly.
_ALIKE, _OPAQUE, _PALE = 6, 250, 200


def painted_page(data: bytes) -> Shade | None:
    """The shade of the pale page below all else in an SVG, `None` where it paints none.

    What else reaches the border, a frame or the ground of a chart, is ink on it.

    Raises:
        UnreadableFile, OverLimit: as `draw_svg`.
    """
    root = parse(data)
    clean(root, lambda _: None)
    said = window(root)
    seen = said or found_window(root)
    size = shown_size(root, seen, _SIDE)
    for alone in islice(_lowest(root), _LOOKS):
        picture = render(alone, seen, size, said or UNSAID)
        if picture.getchannel("A").getbbox() is None:
            continue
        shade = _plain(picture)
        if shade is None:
            return None
        if min(shade) >= _PALE:
            return shade
    return None


def _lowest(root: Element) -> Iterator[Element]:
    """The drawing with its lowest thing alone, with the next alone, and so on up to a picture."""
    for element in root:
        if element.tag in _HOLDERS:
            for inner in _lowest(element):
                yield _with(root, inner)
        elif element.tag in _SHAPES:
            yield _with(root, element)
        elif element.tag in _NO_PAGE:
            return


def _with(root: Element, inner: Element) -> Element:
    copy = Element(root.tag, root.attrib)
    copy.append(inner)
    return copy


def _plain(picture: Image.Image) -> Shade | None:
    """The shade of a thing (RGBA) that takes up its picture as a page does, plain and straight."""
    pixels = np.asarray(picture, np.int16)
    opaque = pixels[..., 3] >= _OPAQUE
    rows, columns = (np.flatnonzero(opaque.mean(axis=axis) >= _REACHES) for axis in (1, 0))
    if min(len(rows) / len(opaque), len(columns) / opaque.shape[1]) < _REACHES:
        return None
    shade = np.median(pixels[opaque], axis=0)
    alike = (np.abs(pixels - shade) <= _ALIKE).all(axis=2) & opaque
    return tuple(int(one) for one in shade[:3]) if alike.mean() >= _PLAIN else None  # type: ignore[return-value]
