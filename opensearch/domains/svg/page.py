"""The page that a drawing paints for itself, as most programs that draw charts do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from PIL import Image

from opensearch.domains.paper.sheet import darkest
from opensearch.domains.svg.clean import clean
from opensearch.domains.svg.drawing import found_window, render
from opensearch.domains.svg.markup import parse
from opensearch.domains.svg.size import UNSAID, shown_size, window

Shade: TypeAlias = tuple[int, int, int]

_SHAPES: Final = frozenset({"rect", "path", "polygon"})
_HOLDERS: Final = frozenset({"svg", "g", "a", "switch"})
_OTHERS: Final = frozenset({"circle", "ellipse", "image", "line", "polyline", "text", "use"})
_NAMED: Final = frozenset(
    {"defs", "clipPath", "mask"} | {"linearGradient", "radialGradient", "pattern"}
)
"""What paints, clips and masks by its name."""
# Longer side of the picture in which a page is looked for, pixels, and things looked at.
_SIDE, _LOOKS = 96, 32
# How much of each side of the drawing a page takes up at least, and opacity that hides a page.
_REACHES, _HIDES = 0.9, 128
# How bright a page is that is drawn on darkly, and share of the drawing that is.
_PALE, _MOSTLY = 200, 0.8


def painted_page(data: bytes) -> Shade | None:
    """The shade of the pale page that an SVG paints below all else, `None` where it paints none.

    Of several things below each other that cover the drawing the uppermost is the page. What else
    reaches the border, a frame or the ground of a chart, is ink on it. A page drawn by `use` is
    not found.

    Raises:
        UnreadableFile, OverLimit: as `draw_svg`.
    """
    root = parse(data)
    clean(root, lambda _: ("data:,", 1, 1))  # pictures keep their place, and draw nothing
    said = window(root)
    seen = said or found_window(root)
    size = shown_size(root, seen, _SIDE)
    page = None
    for alone in islice(_lowest(root, (), _named(root)), _LOOKS):
        if alone is None:
            break
        picture = render(alone, seen, size, said or UNSAID)
        if picture.getchannel("A").getbbox() is None:
            continue
        if not _covers(picture):
            break
        page = _pale(picture)
    return page


def _lowest(
    holder: Element, above: tuple[Element, ...], named: Sequence[Element]
) -> Iterator[Element | None]:
    """The drawing with its lowest shape alone, with the next, and so on; `None` for what is none.

    Args:
        holder: the drawing, or a part of it.
        above: what holds that, the drawing first.
        named: what shapes may name.
    """
    above = (*above, holder)
    for element in holder:
        if element.tag in _HOLDERS:
            yield from _lowest(element, above, named)
        elif element.tag in _SHAPES:
            yield _alone(above, element, named)
        elif element.tag in _OTHERS:
            yield None


def _alone(above: Sequence[Element], shape: Element, named: Sequence[Element]) -> Element:
    """The drawing with one shape, and with what that and its holders name."""
    names = any("url(" in value for each in (*above, shape) for value in each.attrib.values())
    for each in reversed(above):
        holder = Element(each.tag, each.attrib)
        holder.append(shape)
        shape = holder
    if names:
        SubElement(shape, "defs").extend(named)
    return shape


def _named(root: Element) -> list[Element]:
    """What of a drawing may be named by its shapes, wherever it stands."""
    found: list[Element] = []
    todo = [root]
    while todo:
        for each in todo.pop():
            (found if each.tag in _NAMED else todo).append(each)
    return found


def _covers(picture: Image.Image) -> bool:
    """Whether a thing (RGBA) hides all of its picture but for a rim, and is as straight as one."""
    hidden = np.asarray(picture.getchannel("A")) >= _HIDES
    return all((hidden.mean(axis=axis) >= _REACHES).mean() >= _REACHES for axis in (0, 1))


def _pale(picture: Image.Image) -> Shade | None:
    """The usual shade on white of a thing (RGBA) that is pale for the most part."""
    sheet = Image.new("RGBA", picture.size, "white")
    pixels = np.asarray(Image.alpha_composite(sheet, picture).convert("RGB"))
    pale = darkest(pixels) >= _PALE
    hidden = np.asarray(picture.getchannel("A")) >= _HIDES
    if (pale & hidden).mean() < _MOSTLY:
        return None
    red, green, blue = (int(each) for each in np.median(pixels[pale & hidden], axis=0))
    return red, green, blue
