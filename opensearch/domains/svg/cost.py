"""What an SVG costs to draw: its elements, counting what every reference repeats.

A drawing of 2 kB can name a clip path of clip paths of clip paths; each is drawn again for
every element that names it.

Source:
    W3C, SVG 1.1, chapters 5.6, 11.6, 13, 14 and 15, for what refers to what.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from opensearch.domains.svg import css
from opensearch.domains.svg.markup import MOST_DEPTH, MOST_ELEMENTS
from opensearch.errors import OverLimit

# A sheet to draw on apart costs about as much as so many plain elements.
_LAYER: Final = 10
_PICTURE: Final = 50
_MOST_STEPS = 500_000

_LAYERS: Final = ("clip-path", "mask")
_PAINTS: Final = ("fill", "stroke")
_MARKERS: Final = ("marker-start", "marker-mid", "marker-end")
_INHERITED: Final = _PAINTS + _MARKERS
_SHAPES: Final = frozenset({"rect", "circle", "ellipse", "text"})
_OUTLINES: Final = frozenset({"path", "line", "polyline", "polygon"})
_LINKED: Final = frozenset({"use", "pattern", "linearGradient", "radialGradient", "textPath"})
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)|[zZ]")
_URL = re.compile(r"url\(\s*+['\"]?+\s*+#([^)'\"]*)")


class _Inherited(NamedTuple):
    """The element that each property which children inherit refers to."""

    paints: tuple[Element | None, ...] = (None, None)
    markers: tuple[Element | None, ...] = (None, None, None)


class _Own(NamedTuple):
    """What an element says itself: property to the element referred to, None for none."""

    references: dict[str, Element | None]
    layered: bool


def weigh(root: Element) -> int:
    """How much there is to draw in a cleaned drawing; links that lead back are cut in place.

    Args:
        root: from `clean`.

    Returns:
        Plain elements, or as many as cost as much.

    Raises:
        OverLimit: too many elements when all references are counted, or too deep ones.
    """
    try:
        weight = _Scales(root).weigh(root, _Inherited(), 0)
    except RecursionError as error:
        raise OverLimit("refers to its parts too deeply") from error
    if weight > MOST_ELEMENTS:
        raise OverLimit(f"draws over {MOST_ELEMENTS:,} elements, counting what is repeated")
    return weight


class _Scales:
    def __init__(self, root: Element) -> None:
        self._by_id = {element.get("id", ""): element for element in root.iter()}
        self._by_id.pop("", None)
        self._own: dict[Element, _Own] = {}
        self._context: dict[Element, _Inherited] = {}
        self._weights: dict[tuple[Element, _Inherited], int] = {}
        self._open: dict[Element, int] = {}
        self._vertices: dict[Element, int] = {}
        self._place(root)

    def _place(self, root: Element) -> None:
        """Note for every element what it inherits where it stands."""
        waiting = [(root, _Inherited())]
        while waiting:
            element, inherited = waiting.pop()
            self._own[element] = self._read(element)
            self._context[element] = inherited
            passed = self._passed(element, inherited)
            waiting.extend((child, passed) for child in element)

    def _read(self, element: Element) -> _Own:
        properties = dict(element.attrib)
        styled = css.parse_declarations(element.get("style", ""))
        properties.update((name, value) for name, value, _ in styled)
        if "marker" in properties:
            properties.update(dict.fromkeys(_MARKERS, properties["marker"]))
        references = {
            name: self._by_id.get(found[1].strip()) if (found := _URL.search(value)) else None
            for name in (*_LAYERS, *_INHERITED)
            if (value := properties.get(name)) is not None
        }
        layered = any(
            properties.get(name, usual).strip() not in (usual, "1.0", "100%")
            for name, usual in (("opacity", "1"), ("mix-blend-mode", "normal"))
        )
        return _Own(references, layered)

    def _passed(self, element: Element, inherited: _Inherited) -> _Inherited:
        """What the children of an element inherit."""
        own = self._own[element].references
        if not own:
            return inherited
        found = zip(_INHERITED, inherited.paints + inherited.markers, strict=True)
        values = tuple(own.get(name, before) for name, before in found)
        return _Inherited(values[:2], values[2:])

    def weigh(self, element: Element, inherited: _Inherited, depth: int) -> int:
        """Elements drawn for one, with all that it holds and refers to."""
        if depth > 2 * MOST_DEPTH:
            raise OverLimit("refers to its parts too deeply")
        key = (element, inherited)
        if key in self._weights:
            return self._weights[key]
        if len(self._weights) > _MOST_STEPS:
            raise OverLimit("refers to its parts in too many ways")
        self._open[element] = self._open.get(element, 0) + 1
        passed = self._passed(element, inherited)
        total = 1 + sum(self.weigh(child, passed, depth + 1) for child in element)
        total += self._layers(element, depth) + self._painted(element, passed, depth)
        total += self._linked(element, passed, depth)
        self._open[element] -= 1
        self._weights[key] = min(total, MOST_ELEMENTS + 1)
        return total

    def _ends(self, element: Element, name: str, target: Element) -> bool:
        """Whether what an element refers to is not what holds it; if it is, the link is cut."""
        if not self._open.get(target):
            return True
        element.attrib.pop(name, None)
        if name != "href":
            style = element.get("style", "")
            element.set("style", f"{style};{name}:none !important".lstrip(";"))
            self._own[element].references[name] = None
        return False

    def _apart(self, element: Element, name: str, target: Element | None, depth: int) -> int:
        """The weight of what an element refers to by a property, drawn as it stands there."""
        if target is None or not self._ends(element, name, target):
            return 0
        return self.weigh(target, self._context[target], depth + 1)

    def _layers(self, element: Element, depth: int) -> int:
        own = self._own[element]
        total = 0
        for name in _LAYERS:
            target = own.references.get(name)
            if target is not None:
                total += _LAYER * (2 if name == "mask" else 1)
                total += self._apart(element, name, target, depth)
        return total + (_LAYER // 2 if own.layered else 0)

    def _painted(self, element: Element, passed: _Inherited, depth: int) -> int:
        if element.tag == "image":
            return _PICTURE
        if element.tag not in _SHAPES and element.tag not in _OUTLINES:
            return 0
        total = 0
        for name, target in zip(_PAINTS, passed.paints, strict=True):
            total += self._apart(element, name, target, depth)
            total += _LAYER if target is not None and target.tag == "pattern" else 0
        if element.tag in _OUTLINES and any(m is not None for m in passed.markers):
            named = zip(_MARKERS, passed.markers, strict=True)
            start, middle, end = (self._apart(element, n, marker, depth) for n, marker in named)
            if element not in self._vertices:
                self._vertices[element] = _vertices(element)
            total += start + end + middle * self._vertices[element]
        return total

    def _linked(self, element: Element, passed: _Inherited, depth: int) -> int:
        if element.tag not in _LINKED:
            return 0
        target = self._by_id.get(element.get("href", "").strip().lstrip("#"))
        if target is None or element.tag != "use":
            return self._apart(element, "href", target, depth)
        if not self._ends(element, "href", target):
            return 0
        return self.weigh(target, passed, depth + 1)


def _vertices(element: Element) -> int:
    if element.tag == "line":
        return 2
    return len(_NUMBER.findall(element.get("d", "") + element.get("points", ""))) // 2 + 1
