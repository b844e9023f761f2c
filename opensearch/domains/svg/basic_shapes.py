"""Basic shapes of CSS as the outlines of paths.

Source:
    W3C, CSS Shapes Level 1 and 2 (basic shapes).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import tinycss2

from opensearch.domains.svg.calculated import Measures, one_word, pixels, quantity
from opensearch.domains.svg.functions import NotKnownError
from opensearch.domains.svg.size import Window

Part: TypeAlias = Sequence[Any]
"""Tokens of one value."""
Values: TypeAlias = list[Part]

_RULES: Final = ("nonzero", "evenodd")
_SIDES: Final = {"left": 0.0, "top": 0.0, "center": 50.0, "right": 100.0, "bottom": 100.0}
_DOWN: Final = ("top", "bottom")
_FAR: Final = ("right", "bottom")


def shape_path(value: str, box: Window, em: float) -> dict[str, str]:
    """The attributes of a path that is a shape in a box; the box where only that is named.

    Raises:
        NotKnownError: it is no shape.
    """
    functions = [
        token
        for token in tinycss2.parse_component_value_list(value, skip_comments=True)
        if token.type == "function"
    ]
    if not functions:
        return {"d": _rounded(box, [])}
    if len(functions) > 1:
        raise NotKnownError
    name, tokens = functions[0].lower_name, functions[0].arguments
    if name == "path":
        return _drawn(tokens, box)
    if name == "polygon":
        return _polygon(tokens, box, em)
    given = list(_values(tokens))
    if name in ("circle", "ellipse"):
        return {"d": _oval(name, given, box, em)}
    return {"d": _rectangle(name, given, box, em)}


def _drawn(tokens: Part, box: Window) -> dict[str, str]:
    texts = [token.value for token in tokens if token.type == "string"]
    if len(texts) != 1:
        raise NotKnownError
    moved = {"transform": f"translate({box.left:.9g} {box.top:.9g})"}
    return {"d": texts[0], "clip-rule": _rule(tokens), **moved}


def _rule(tokens: Part) -> str:
    words = [token.lower_value for token in tokens if token.type == "ident"]
    return next((word for word in words if word in _RULES), "nonzero")


def _polygon(tokens: Part, box: Window, em: float) -> dict[str, str]:
    groups: list[Values] = [[]]
    for part in _values(tokens, commas=True):
        if part[0] == ",":
            groups.append([])
        elif one_word(part) not in (*_RULES, "round"):
            groups[-1].append(part)
    points: list[str] = []
    for group in filter(None, groups):
        if len(group) == 1 and not points:
            continue  # how round its corners are, of which little is seen
        if len(group) != 2:
            raise NotKnownError
        x = box.left + _side(group[0], box.width, em)
        points.append(f"{x:.9g} {box.top + _side(group[1], box.height, em):.9g}")
    if not points:
        raise NotKnownError
    return {"d": f"M{'L'.join(points)}Z", "clip-rule": _rule(tokens)}


def _oval(name: str, given: Values, box: Window, em: float) -> str:
    at = next((at for at, part in enumerate(given) if one_word(part) == "at"), len(given))
    x, y = _place(given[at + 1 :], box, em)
    near = (abs(x - box.left), abs(box.left + box.width - x))
    low = (abs(y - box.top), abs(box.top + box.height - y))
    if name == "circle":
        mean = math.hypot(box.width, box.height) / math.sqrt(2)
        rx = ry = _radius(given[0] if at else None, (*near, *low), mean, em)
    else:
        rx = _radius(given[0] if at else None, near, box.width, em)
        ry = _radius(given[1] if at > 1 else None, low, box.height, em)
    arc = f"A{rx:.9g} {ry:.9g} 0 1 0"
    return f"M{x - rx:.9g} {y:.9g}{arc} {x + rx:.9g} {y:.9g}{arc} {x - rx:.9g} {y:.9g}Z"


def _radius(part: Part | None, sides: tuple[float, ...], whole: float, em: float) -> float:
    word = "closest-side" if part is None else one_word(part)
    if word in ("closest-side", "farthest-side"):
        return min(sides) if word == "closest-side" else max(sides)
    radius = _side(part or [], whole, em)
    if radius < 0:
        raise NotKnownError
    return radius


def _place(given: Values, box: Window, em: float) -> tuple[float, float]:
    """Where the middle of an oval lies: a position of CSS."""
    sides = [(box.left, box.width), (box.top, box.height)]
    words = [one_word(part) for part in given]
    if len(given) >= 3:  # a side, and how far from it
        places = [box.left + box.width / 2, box.top + box.height / 2]
        for at, word in enumerate(words):
            if word not in _SIDES or word == "center":
                continue
            start, whole = sides[axis := int(word in _DOWN)]
            aside = given[at + 1] if at + 1 < len(given) and words[at + 1] is None else None
            far = 0.0 if aside is None else _side(aside, whole, em)
            places[axis] = start + (whole - far if word in _FAR else far)
        return places[0], places[1]
    if words[:1] and words[0] in _DOWN:
        given, words = [*given[1:], given[0]], [*words[1:], words[0]]
        if len(given) == 1:
            given, words = [[], *given], [None, *words]
    places = []
    for at, (start, whole) in enumerate(sides):
        part, word = (given[at], words[at]) if at < len(given) else ([], None)
        if word in _SIDES or not part:
            places.append(start + whole * _SIDES.get(word or "center", 50.0) / 100)
        else:
            places.append(start + _side(part, whole, em))
    return places[0], places[1]


def _rectangle(name: str, given: Values, box: Window, em: float) -> str:
    at = next((at for at, part in enumerate(given) if one_word(part) == "round"), len(given))
    if name == "xywh":
        if at != 4:
            raise NotKnownError
        x, y, wide, high = _sides(given[:at], (box.width, box.height) * 2, em)
    else:
        wholes = (box.height, box.width) * 2
        top, right, low, left = _sides(_four(given[:at]), wholes, em, auto=name == "rect")
        x, y = left, top
        wide, high = (
            (right - left, low - top)
            if name == "rect"
            else (box.width - left - right, box.height - top - low)
        )
    corners = _corners(given[at + 1 :], box, em)
    return _rounded(Window(box.left + x, box.top + y, max(wide, 0), max(high, 0)), corners)


def _sides(
    given: Values, wholes: tuple[float, ...], em: float, *, auto: bool = False
) -> list[float]:
    """Lengths in pixels, percentages taken of `wholes`; `auto` may be an edge of the box."""
    found = []
    for at, (part, whole) in enumerate(zip(given, wholes, strict=True)):
        if auto and one_word(part) == "auto":
            found.append(whole if at in (1, 2) else 0.0)
        else:
            found.append(_side(part, whole, em))
    return found


def _four(given: Values) -> Values:
    """Values of four sides or corners; missing ones are filled in as in shorthands of CSS."""
    if not 1 <= len(given) <= 4:
        raise NotKnownError
    given = [*given, *given[:1]] if len(given) == 1 else [*given]
    given = [*given, given[0]] if len(given) == 2 else given
    return [*given, given[1]] if len(given) == 3 else given


def _corners(given: Values, box: Window, em: float) -> list[tuple[float, float]]:
    """The radii of corners, across and down; none where they are not round."""
    if not given:
        return []
    slash = next((at for at, part in enumerate(given) if part[0] == "/"), len(given))
    across = _four(given[:slash])
    down = _four(given[slash + 1 :]) if slash < len(given) else across
    wide, high = (box.width,) * 4, (box.height,) * 4
    return list(zip(_sides(across, wide, em), _sides(down, high, em), strict=True))


def _rounded(box: Window, corners: list[tuple[float, float]]) -> str:
    """The outline of a rectangle, from its upper left corner."""
    left, top, wide, high = box
    right, low = left + wide, top + high
    if not corners:
        return f"M{left:.9g} {top:.9g}H{right:.9g}V{low:.9g}H{left:.9g}Z"
    # Radii that do not fit are all made shorter.
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    pairs = ((wide, ax + bx), (wide, cx + dx), (high, ay + dy), (high, by + cy))
    least = min((side / both for side, both in pairs if both > side), default=1.0)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((x * least, y * least) for x, y in corners)
    numbers = (
        f"M{left + ax:.9g} {top:.9g}H{right - bx:.9g}",
        f"A{bx:.9g} {by:.9g} 0 0 1 {right:.9g} {top + by:.9g}V{low - cy:.9g}",
        f"A{cx:.9g} {cy:.9g} 0 0 1 {right - cx:.9g} {low:.9g}H{left + dx:.9g}",
        f"A{dx:.9g} {dy:.9g} 0 0 1 {left:.9g} {low - dy:.9g}V{top + ay:.9g}",
        f"A{ax:.9g} {ay:.9g} 0 0 1 {left + ax:.9g} {top:.9g}Z",
    )
    return "".join(numbers)


def _values(tokens: Part, *, commas: bool = False) -> Iterator[Part]:
    """What stands between blanks, and commas and slashes by themselves."""
    part: list[Any] = []
    for token in [*tokens, None]:
        mark = token is not None and token.type == "literal" and token.value in (",", "/")
        if token is None or mark or token.type in ("whitespace", "comment"):
            if part:
                yield part
            part = []
            if mark and (commas or token.value == "/"):
                yield [token]
        else:
            part.append(token)


def _side(part: Part, whole: float, em: float) -> float:
    return pixels(quantity(part, Measures(whole, em)), whole)
