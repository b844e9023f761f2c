"""Strokes whose width does not scale (`vector-effect`), for a renderer that cannot draw them.

Source:
    SVG 2, chapter 8.13 (vector effects): such a width is one of the screen, whatever transforms
    and the view box do to the outline.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.svg import css
from opensearch.domains.svg.size import NUMBER, Window, length

Matrix = NDArray[np.float64]

_FUNCTION: Final = re.compile(r"(?<![a-zA-Z])([a-zA-Z]++)\s*+\(([^()]*+)\)")
_USUAL: Final = 100.0
"""Pixels that a drawing is taken to be shown on where it says nothing and is less than 16 wide."""
_SMALL: Final = 16


def keep_widths(root: Element, shown: Window) -> None:
    """Divide the widths of such strokes by what scales them, in place.

    Args:
        root: cleaned, its styles on its elements.
        shown: what of the plane the drawing shows.
    """
    if not any("non-scaling-stroke" in value for e in root.iter() for value in e.attrib.values()):
        return
    waiting = [(root, np.eye(3) * _screen_scale(root, shown), "1")]
    while waiting:
        element, above, inherited = waiting.pop()
        said = _properties(element)
        matrix = above @ _matrix(element.get("transform", ""))
        width = said.get("stroke-width", inherited)
        pixels = length(width)
        scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
        if said.get("vector-effect") == "non-scaling-stroke" and pixels and scale > 0:
            style = element.get("style", "")
            element.set("style", f"{style};stroke-width:{pixels / scale:.6g}".lstrip(";"))
        waiting.extend((child, matrix, width) for child in element)


def _properties(element: Element) -> Mapping[str, str]:
    styled = css.parse_declarations(element.get("style", ""))
    return {**element.attrib, **{name: value for name, value, _ in styled}}


def _screen_scale(root: Element, shown: Window) -> float:
    """Pixels of the screen to a unit of the drawing."""
    sides = ((length(root.get(name)), getattr(shown, name)) for name in ("width", "height"))
    scales = [given / side for given, side in sides if given]
    longest = max(shown.width, shown.height)
    return min(scales) if scales else 1.0 if longest >= _SMALL else _USUAL / longest


def _matrix(transform: str) -> Matrix:
    """A `transform` attribute as a matrix, shape (3, 3); what cannot be understood does nothing."""
    matrix: Matrix = np.eye(3)
    for name, given in _FUNCTION.findall(transform):
        numbers = [float(number) for number in NUMBER.findall(given)]
        if numbers:
            matrix = matrix @ _step(name, numbers)
    return matrix


def _step(name: str, numbers: list[float]) -> Matrix:
    """The linear part of one function: shifts change no width."""
    first, second = numbers[0], numbers[1] if len(numbers) > 1 else numbers[0]
    step: Matrix = np.eye(3)
    if name == "scale":
        step[0, 0], step[1, 1] = first, second
    elif name == "matrix" and len(numbers) == 6:
        step[:2, :2] = [[numbers[0], numbers[2]], [numbers[1], numbers[3]]]
    return step  # turns and skews keep areas, and so the mean of widths
