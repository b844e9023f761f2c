"""What CSS says of how an element is moved, turned and sized, as the attribute that SVG 1.1 has.

Source:
    W3C, CSS Transforms Level 1 and 2. What is turned in three dimensions is seen from the front.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from xml.etree.ElementTree import Element

import numpy as np
import tinycss2

from opensearch.domains.svg.boxes import Boxes
from opensearch.domains.svg.calculated import Measures, Quantity, one_word, pixels, quantity
from opensearch.domains.svg.functions import NotKnownError
from opensearch.domains.svg.matrices import STEPS, Matrix, shift
from opensearch.domains.svg.size import UNITS, Window
from opensearch.errors import UnreadableFile

PROPERTIES: Final[tuple[str, ...]] = ("translate", "rotate", "scale", "transform")
"""In the order in which they act, from the outside."""
ABOUT: Final[tuple[str, ...]] = ("transform-box", "transform-origin", "offset-path")
MOVING: Final = frozenset({*PROPERTIES, *ABOUT})
_OWN_BOXES: Final = ("fill-box", "content-box", "stroke-box", "border-box")
_SIDES: Final[dict[str, float]] = {"left": 0, "top": 0, "center": 50, "right": 100, "bottom": 100}
_AXES: Final = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


def matrix_of(value: str) -> Matrix:
    """What the value of a `transform` does that needs no box.

    Raises:
        NotKnownError: it cannot be worked out.
    """
    return _matrix({"transform": value}, None, UNITS["em"])


def transformed(
    element: Element, said: Mapping[str, str], shown: Window, em: float, boxes: Boxes
) -> None:
    """Give an element its `transform` of what style sheets say, in place.

    Args:
        element: its sides and its place are attributes, and what is in it has its transforms.
        said: values of `PROPERTIES` and `ABOUT`.
        shown: what shares are of.
        em: the size of its font, pixels.
        boxes: of the drawing's elements.

    Raises:
        UnreadableFile: a perspective, a path to lie on, or a transform about a box of its own
            that is not known here.
    """
    if said.get("offset-path", "none") != "none":
        raise UnreadableFile("lies on a path (offset-path); export it as plain SVG")
    said = {name: value.lower() for name, value in said.items()}
    told = {name: said[name] for name in PROPERTIES if name in said}
    own = said.get("transform-box", "view-box") in _OWN_BOXES
    origin = said.get("transform-origin")
    if own:
        element.attrib.pop("transform-origin", None)
    elif origin is not None:
        with suppress(NotKnownError):  # the renderer knows no sums
            places = _place(origin, Window(0, 0, shown.width, shown.height), em)
            origin = f"{places[0]:.9g} {places[1]:.9g}"
        element.set("transform-origin", origin)
    if not told and not (own and "transform" in element.attrib):
        return
    box = boxes.of(element, shown, em) if own else Window(0, 0, shown.width, shown.height)
    told = {"transform": element.get("transform", ""), **told}
    try:
        matrix = _matrix(told, box, em)
        if own:
            matrix = _about(matrix, origin or "0 0", box, em)
    except NotKnownError:
        return  # a value that is none is as if it were not there
    turned = matrix[:2, [0, 1, 3]].T.ravel()
    element.set("transform", f"matrix({' '.join(f'{number:.9g}' for number in turned)})")


def _matrix(told: Mapping[str, str], box: Window | None, em: float) -> Matrix:
    matrix: Matrix = np.eye(4)
    for name in PROPERTIES:
        value = told.get(name, "none").strip()
        if value not in ("none", ""):
            for function, given in _steps(name, value):
                matrix = matrix @ _step(function, given, box, em)
    return matrix


def _about(matrix: Matrix, origin: str, box: Window | None, em: float) -> Matrix:
    """The matrix with its origin at a place in a box of the element's own."""
    if np.allclose(matrix[:3, :3], np.eye(3)):
        return matrix
    x, y = _place(origin, _known(box), em)
    return shift(x, y) @ matrix @ shift(-x, -y)


def _place(origin: str, box: Window, em: float) -> tuple[float, float]:
    """Where the origin of a transform lies."""
    words = list(_arguments(tinycss2.parse_component_value_list(origin)))
    if words and one_word(words[0]) in ("top", "bottom"):
        words = [*words[1:2], words[0]] if len(words) > 1 else [[], words[0]]
    places = []
    for at, (start, side) in enumerate(((box.left, box.width), (box.top, box.height))):
        word = words[at] if at < len(words) else []
        share = _SIDES.get(one_word(word) or "") if word else 50.0
        part = quantity(word, Measures(side, em)) if share is None else Quantity(share, "%")
        places.append(start + pixels(part, side))
    return places[0], places[1]


def _steps(name: str, value: str) -> Iterator[tuple[str, list[list[Any]]]]:
    """The functions of a value with their arguments; one that has a property is its value."""
    tokens = tinycss2.parse_component_value_list(value, skip_comments=True)
    if name != "transform":
        yield f"{name}_", list(_arguments(tokens))
        return
    for token in tokens:
        if token.type == "function":
            yield token.lower_name, list(_arguments(token.arguments))
        elif token.type != "whitespace" and token != ",":
            raise NotKnownError


def _arguments(tokens: Sequence[Any]) -> Iterator[list[Any]]:
    """What stands between commas or blanks."""
    part: list[Any] = []
    for token in [*tokens, None]:
        if token is None or token == "," or token.type in ("whitespace", "comment"):
            if part:
                yield part
            part = []
        else:
            part.append(token)


def _step(name: str, given: list[list[Any]], box: Window | None, em: float) -> Matrix:
    if name == "rotate_" and len(given) == 2 and (one_word(given[0]) or "") in _AXES:
        given = [[_number(part)] for part in _AXES[one_word(given[0]) or ""]] + given[1:]
    sides = (None, None) if box is None else (box.width, box.height)
    whole = {"translatey": (sides[1],)}.get(name, sides)
    values = [
        quantity(part, Measures(whole[at] if at < len(whole) else None, em))
        for at, part in enumerate(given)
    ]
    work = STEPS.get(name)
    if work is None or not values:
        raise NotKnownError
    if "translate" in name:
        if box is None and any(value.unit == "%" for value in values):
            _known(None)
        numbers = [
            pixels(value, whole[at] or 0 if at < len(whole) else 0)
            for at, value in enumerate(values)
        ]
    else:
        numbers = [value.number / (100 if value.unit == "%" else 1) for value in values]
    try:
        return work(*numbers)
    except TypeError as error:  # another count of values than it takes
        raise NotKnownError from error


def _number(number: float) -> Any:
    return tinycss2.parse_component_value_list(f"{number:g}")[0]


def _known(box: Window | None) -> Window:
    if box is None:
        raise UnreadableFile(
            "turns or scales something about a kind of box (transform-box) that is not supported;"
            " export it as plain SVG"
        )
    return box
