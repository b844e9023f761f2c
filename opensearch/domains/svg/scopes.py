"""What the values of an element refer to: variables, the window around it, the size of its font.

Source:
    W3C, CSS Values and Units Level 4; SVG 2, chapter 8, for windows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final
from xml.etree.ElementTree import Element

from opensearch.domains.svg import transforms, values
from opensearch.domains.svg.calculated import Measures, measured, whole_of, worked_out
from opensearch.domains.svg.functions import NotKnownError
from opensearch.domains.svg.size import UNITS, UNSAID, Window, length, window
from opensearch.errors import UnreadableFile

_NOT_WORKED_OUT: Final = re.compile(
    r"(?<![\w-])(?:attr|sibling-(?:index|count)|random|if|calc-size|progress|anchor(?:-size)?)\(",
    re.IGNORECASE,
)
_CUT_OUT: Final = re.compile(r"(?<![\w-])(?:shape|[a-z-]*gradient)\(", re.IGNORECASE)
_NOT_DRAWN: Final = ("animation", "transition", "content", "cursor", "data-", "aria-", "filter")
_LONGEST_VARIABLE: Final = 200
_WINDOWS: Final = frozenset({"svg", "symbol", "marker", "pattern"})
_BOX: Final = ("x", "y", "width", "height")
_PLACED: Final = {
    **dict.fromkeys(("rect", "image", "use"), (*_BOX, "rx", "ry")),
    **dict.fromkeys(("circle", "ellipse"), ("cx", "cy", "r", "rx", "ry")),
    **dict.fromkeys(("text", "tspan"), ("x", "y", "dx", "dy")),
    "line": ("x1", "y1", "x2", "y2"),
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What the values of an element may refer to.

    `above` is the font size around it and `em` its own, in pixels; percentages are of `shown`,
    viewport units of `screen`, its width and height in pixels. `symbol` says whether `shown` is
    the view box of a symbol.
    """

    variables: Mapping[str, str]
    shown: Window
    screen: tuple[float, float]
    above: float = UNITS["em"]
    em: float = UNITS["em"]
    symbol: bool = False


def outermost(root: Element) -> Scope:
    """What is around a drawing."""
    shown = window(root) or UNSAID
    sides = length(root.get("width")), length(root.get("height"))
    return Scope({}, shown, (sides[0] or shown.width, sides[1] or shown.height))


def within(above: Scope, element: Element, found: Mapping[str, str], *, inner: bool) -> Scope:
    """The scope of an element and its children; `inner` for all but the outermost."""
    own = {
        name: value
        for name, value in found.items()
        if name.startswith("--") and len(value) <= _LONGEST_VARIABLE
    }
    variables = {**above.variables, **own} if own else above.variables
    scope = replace(above, variables=variables, above=above.em)
    size = found.get("font-size", element.get("font-size"))
    if size is not None:
        scope = replace(scope, em=values.font_size(plain("font-size", size, scope), above.em))
    if element.tag in _WINDOWS and "viewBox" in element.attrib:
        shown = window(element) or above.shown
        scope = replace(scope, shown=shown, symbol=element.tag == "symbol")
    elif inner and element.tag == "svg":
        scope = replace(scope, shown=_inner_window(element, found, scope), symbol=False)
    return scope


def _inner_window(element: Element, found: Mapping[str, str], scope: Scope) -> Window:
    """What a drawing within a drawing shows that has no view box; all around it if it says none."""
    sides = {"width": scope.shown.width, "height": scope.shown.height}
    for name, whole in sides.items():
        value = found.get(name, element.get(name, "auto"))
        with suppress(NotKnownError):
            sides[name] = measured(plain(name, value, scope), Measures(whole, scope.em))
    return Window(0, 0, sides["width"], sides["height"])


def plain(name: str, value: str, scope: Scope) -> str:
    """A value without what the renderer does not know: variables, sums, units, colours."""
    value = values.settled(name, value)
    if "(" not in value and not values.has_units(value):
        return value
    value = values.chosen(value, scope.variables) if "(" in value else value
    em = scope.above if name == "font-size" else scope.em
    if not name.startswith("font-family"):
        value = values.in_pixels(value, em, scope.screen)
    if (
        name not in transforms.MOVING and name != "clip-path"
    ):  # their shares differ from one value to the next
        value = worked_out(value, Measures(whole_of(name, scope.shown), em))
    unknown = _NOT_WORKED_OUT.search(value)
    if unknown is None and name.startswith(("clip-path", "mask")):
        unknown = _CUT_OUT.search(value)
    if unknown and not name.startswith(_NOT_DRAWN):
        raise UnreadableFile(
            f"has a value that is not supported, {unknown[0]}...) in {name}; export it as plain SVG"
        )
    return values.coloured(value)


def measure_sides(element: Element, scope: Scope) -> None:
    """Make percentages of a `<use>`, and of what lies in a symbol, pixels, in place.

    The renderer would apply the first twice, and takes the others for those of the drawing.
    """
    names = _PLACED.get(element.tag, ()) if scope.symbol or element.tag == "use" else ()
    for name in names:
        if "%" in element.get(name, ""):
            whole = whole_of(name, scope.shown)
            with suppress(NotKnownError):
                side = measured(element.attrib[name], Measures(whole, scope.em))
                element.set(name, f"{side:.9g}")
