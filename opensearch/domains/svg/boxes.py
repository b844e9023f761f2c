"""The box around what an element draws, without its strokes.

Source:
    W3C, SVG 2, chapter 8.10 (bounding boxes).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from opensearch.domains.svg.calculated import Measures, measured
from opensearch.domains.svg.functions import NotKnownError
from opensearch.domains.svg.matrices import Matrix, shift
from opensearch.domains.svg.outlines import Points, path_points
from opensearch.domains.svg.size import NUMBER, Window

_GROUPS: Final = frozenset({"g", "a", "switch"})
_EMPTY: Final = frozenset(
    {"defs", "symbol", "marker", "pattern", "mask", "clipPath", "linearGradient", "radialGradient"}
    | {"stop", "title", "desc", "metadata", "style", "script", "filter", "view"}
)
_HIDDEN: Final = re.compile(r"(?:^|;)\s*display\s*:\s*none")
_NONE: Final = np.empty((0, 2))


class Boxes:
    """The boxes of a drawing's elements; those in a group are to be settled before it.

    Args:
        root: the drawing.
        matrix_of: what the value of a `transform` does.
    """

    def __init__(self, root: Element, matrix_of: Callable[[str], Matrix]) -> None:
        self._matrix_of = matrix_of
        self._named = {each.get("id"): each for each in reversed(list(root.iter()))}
        self._found: dict[Element, Points | None] = {}

    def of(self, element: Element, shown: Window, em: float) -> Window | None:
        """The box of an element in its own units; None where it is not known.

        Args:
            element: its sides and its place are attributes.
            shown: what shares are of.
            em: the size of its font, pixels.
        """
        points = self._points(element, shown, em)
        if points is None or not len(points) or not np.isfinite(points).all():
            return None
        low, high = points.min(axis=0), points.max(axis=0)
        return Window(*map(float, (*low, *(high - low))))

    def _points(self, element: Element, shown: Window, em: float) -> Points | None:
        """Points whose box is the element's: corners, or places on its outline."""
        if element not in self._found:
            self._found[element] = None  # what contains itself has no box
            self._found[element] = self._looked_at(element, shown, em)
        return self._found[element]

    def _looked_at(self, element: Element, shown: Window, em: float) -> Points | None:
        if element.tag == "use":
            used = self._named.get(element.get("href", "").strip().removeprefix("#"))
            if used is None or used.tag in ("symbol", "svg"):
                return None
            points = self._placed(used, shown, em)
            place = [_side(element, name, whole, em) for name, whole in _across(shown)]
            return None if points is None else points + place
        if element.tag not in _GROUPS:
            return simple_points(element, shown, em)
        parts = [self._placed(child, shown, em) for child in element if _is_seen(child)]
        known = [part for part in parts if part is not None]
        return np.concatenate([_NONE, *known]) if len(known) == len(parts) else None

    def _placed(self, element: Element, shown: Window, em: float) -> Points | None:
        """Corners of an element's box, as its transform puts them."""
        points = self._points(element, shown, em)
        if points is None or not len(points) or "transform" not in element.attrib:
            return points
        try:
            matrix = self._matrix_of(element.attrib["transform"])
        except NotKnownError:
            return None
        origin = [float(number) for number in NUMBER.findall(element.get("transform-origin", ""))]
        if len(origin) == 2:
            matrix = shift(*origin) @ matrix @ shift(-origin[0], -origin[1])
        (left, top), (right, lower) = points.min(axis=0), points.max(axis=0)
        corners = np.array([(left, top), (right, top), (left, lower), (right, lower)])
        return np.asarray(corners @ matrix[:2, :2].T + matrix[:2, 3])


def _is_seen(element: Element) -> bool:
    if element.tag in _EMPTY or element.get("display", "").strip() == "none":
        return False
    return _HIDDEN.search(element.get("style", "")) is None


def _across(shown: Window) -> tuple[tuple[str, float], tuple[str, float]]:
    return ("x", shown.width), ("y", shown.height)


def _side(element: Element, name: str, whole: float, em: float) -> float:
    try:
        return measured(element.get(name, "0"), Measures(whole, em))
    except NotKnownError:
        return 0.0


def simple_points(element: Element, shown: Window, em: float) -> Points | None:
    """Corners of a simple shape's box, or places on its outline; None of others."""
    wide, high, mean = shown.width, shown.height, math.hypot(*shown[2:]) / math.sqrt(2)

    def side(name: str, whole: float) -> float:
        return _side(element, name, whole, em)

    match element.tag:
        case "rect" | "image":
            low = np.array([side("x", wide), side("y", high)])
            sides = np.array([side("width", wide), side("height", high)])
            return np.array([low, low + sides])
        case "circle" | "ellipse":
            across = side("r", mean) if element.tag == "circle" else side("rx", wide)
            down = across if element.tag == "circle" else side("ry", high)
            middle = np.array([side("cx", wide), side("cy", high)])
            angles = np.linspace(0, 2 * math.pi, 65)
            return middle + np.stack([across * np.cos(angles), down * np.sin(angles)], axis=1)
        case "line":
            ends = [[side(f"x{at}", wide), side(f"y{at}", high)] for at in (1, 2)]
            return np.array(ends)
        case "polygon" | "polyline":
            numbers = [float(number) for number in NUMBER.findall(element.get("points", ""))]
            return np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
        case "path":
            return path_points(element.get("d", ""))
    return None
