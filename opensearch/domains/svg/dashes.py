"""Dashes in units of a line's `pathLength`, converted for a renderer that does not know it.

Source:
    SVG 2, chapter 9.6.1 (`pathLength`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from opensearch.domains.svg import css
from opensearch.domains.svg.boxes import simple_points
from opensearch.domains.svg.outlines import line_length, path_length
from opensearch.domains.svg.size import UNITS, Window, length

_NAMES: Final = ("stroke-dasharray", "stroke-dashoffset")
_CLOSED: Final = frozenset({"polygon", "circle", "ellipse"})


def measure_dashes(root: Element, shown: Window) -> None:
    """Convert the dashes of lines that have a `pathLength` to units of the drawing, in place.

    Args:
        root: cleaned, its styles on its elements.
        shown: what shares are of.
    """
    if not any("pathLength" in element.attrib for element in root.iter()):
        return
    waiting = [(root, dict.fromkeys(_NAMES, ""))]
    while waiting:
        element, inherited = waiting.pop()
        said = {**inherited, **_said(element)}
        said_length = length(element.get("pathLength"))
        if said_length and any(char.isdigit() for char in said[_NAMES[0]]):
            _measured(element, said, _length(element, shown) / said_length)
        waiting.extend((child, said) for child in element)


def _said(element: Element) -> Mapping[str, str]:
    styled = css.parse_declarations(element.get("style", ""))
    every = {**element.attrib, **{name: value for name, value, _ in styled}}
    return {name: every[name] for name in _NAMES if every.get(name, "inherit") != "inherit"}


def _measured(element: Element, said: Mapping[str, str], scale: float) -> None:
    for name, value in said.items():
        words = value.lower().replace(",", " ").replace("px", " ").split()
        try:
            numbers = [float(word) * scale for word in words]
        except ValueError:
            continue  # shares and words, which this does not change
        if numbers:
            value = " ".join(f"{number:.9g}" for number in numbers)
            element.set("style", f"{element.get('style', '')};{name}:{value}".lstrip(";"))


def _length(element: Element, shown: Window) -> float:
    if element.tag == "path":
        return path_length(element.get("d", ""))
    points = simple_points(element, shown, UNITS["em"])
    if points is None or len(points) == 0:
        return 0.0
    if element.tag == "rect":
        wide, high = points[1] - points[0]
        corner = length(element.get("rx") or element.get("ry")) or 0.0
        return float(2 * (wide + high) - (8 - 2 * math.pi) * min(corner, wide / 2, high / 2))
    ends = points[:1] if element.tag in _CLOSED else points[:0]
    return line_length(np.concatenate([points, ends]))
