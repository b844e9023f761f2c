"""Shapes of CSS that drawings are clipped by, made clip paths as SVG 1.1 has them.

Source:
    W3C, CSS Masking Level 1 (clip-path).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from opensearch.domains.svg import css
from opensearch.domains.svg.basic_shapes import shape_path
from opensearch.domains.svg.boxes import Boxes
from opensearch.domains.svg.calculated import Measures, measured
from opensearch.domains.svg.functions import NotKnownError
from opensearch.domains.svg.size import Window
from opensearch.errors import UnreadableFile

_SHAPE: Final = re.compile(
    r"(?<![\w-])(?:circle|ellipse|inset|polygon|rect|xywh|path)\(", re.IGNORECASE
)
_BOX: Final = re.compile(r"(?<![\w-])(?:(?:fill|stroke|content|padding|border|margin|view)-box)\b")
_OUTER: Final = ("stroke-box", "border-box", "margin-box")
_NAME: Final = "clip-of-a-shape-"


def is_shape(value: str) -> bool:
    """Whether the value of a `clip-path` is a shape or a box, and no clip path of the drawing."""
    return bool(_SHAPE.search(value) or _BOX.fullmatch(value.strip().lower()))


class Clips:
    """The clip paths that a drawing gets for its shapes.

    Args:
        root: the drawing, which they are put into.
        boxes: of its elements.
    """

    def __init__(self, root: Element, boxes: Boxes) -> None:
        self._root = root
        self._boxes = boxes
        self._parents = {child: parent for parent in root.iter() for child in parent}
        self._count = 0
        self._strokes: dict[tuple[Element, Window, float], float] = {}

    def clip(self, element: Element, value: str, shown: Window, em: float) -> None:
        """Clip an element by a shape, in place.

        Args:
            element: its sides and its place are attributes, and what is in it has its transforms.
            value: of its `clip-path`.
            shown: what shares are of, where the shape is of the view box.
            em: the size of its font, pixels.

        Raises:
            UnreadableFile: the box that the shape lies in is not known.
        """
        box = self._reference(element, value.lower(), shown, em)
        try:
            path = shape_path(value, box, em)
        except NotKnownError:
            return  # a value that is none is as if it were not there
        self._count += 1
        name = f"{_NAME}{self._count}"
        SubElement(SubElement(self._root, "clipPath", {"id": name}), "path", path)
        element.set("clip-path", f"url(#{name})")

    def _reference(self, element: Element, value: str, shown: Window, em: float) -> Window:
        named = _BOX.search(value.rpartition(")")[2] or value.partition("(")[0])
        kind = named[0] if named else "border-box"
        if kind == "view-box":
            return Window(0, 0, shown.width, shown.height)
        box = None if element is self._root else self._boxes.of(element, shown, em)
        if box is None:
            raise UnreadableFile(
                "is clipped by a shape (clip-path) in a kind of box that is not supported; export"
                " it as plain SVG"
            )
        if element.tag == "use":  # what it shows is clipped before it is put in its place
            x, y = (
                self._length(element.get(name, "0"), whole, em, 0.0)
                for name, whole in (("x", shown.width), ("y", shown.height))
            )
            box = box._replace(left=box.left - x, top=box.top - y)
        if kind not in _OUTER:
            return box
        # Of a group it is that of its widest line, which need not lie at its rim.
        rim = max((self._stroke(each, shown, em) for each in element.iter()), default=0) / 2
        return Window(box.left - rim, box.top - rim, box.width + 2 * rim, box.height + 2 * rim)

    def _stroke(self, element: Element, shown: Window, em: float) -> float:
        """How wide an element's line is, pixels."""
        key = (element, shown, em)
        if key not in self._strokes:
            self._strokes[key] = self._measured(element, shown, em)
        return self._strokes[key]

    def _measured(self, element: Element, shown: Window, em: float) -> float:
        if self._said(element, "stroke", "none").strip().lower() in ("none", "transparent"):
            return 0.0
        mean = math.hypot(shown.width, shown.height) / math.sqrt(2)
        return self._length(self._said(element, "stroke-width", "1"), mean, em, 1.0)

    @staticmethod
    def _length(value: str, whole: float, em: float, otherwise: float) -> float:
        try:
            return measured(value, Measures(whole, em))
        except NotKnownError:
            return otherwise

    def _said(self, element: Element | None, name: str, otherwise: str) -> str:
        """What is said of a property that is inherited."""
        while element is not None:
            style: Mapping[str, str] = {}
            if name in element.get("style", ""):
                style = {
                    each.name: each.value
                    for each in css.parse_declarations(element.get("style", ""))
                }
            value = style.get(name, element.get(name, "inherit")).strip()
            if value != "inherit":
                return value
            element = self._parents.get(element)
        return otherwise
