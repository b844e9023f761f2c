"""The part of the plane that an SVG shows."""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

NUMERAL: Final = r"[-+]?(?:\d++\.?\d*+|\.\d++)(?:[eE][-+]?\d++)?"
"""A number of SVG or CSS, as a part of patterns."""
NUMBER: Final = re.compile(NUMERAL)
_LENGTH = re.compile(rf"\s*({NUMERAL})\s*([a-zA-Z%]*)")
UNITS: Final = {
    "": 1.0,
    "px": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "em": 16.0,
    "ex": 8.0,
    "rem": 16.0,
}
# Single precision, of which the renderer squares some, ends here.
_LARGEST, _SMALLEST = 1e15, 1e-15
# A ratio beyond this draws nothing that could be recognised.
_MOST_RATIO = 64


class Window(NamedTuple):
    """Left, top, width and height in the drawing's own units."""

    left: float
    top: float
    width: float
    height: float


UNSAID: Final = Window(0, 0, 4096, 4096)
"""Where a drawing is looked for that does not say how large it is."""


def window(root: Element) -> Window | None:
    """What a drawing says of its extent; None when it says nothing that can be used."""
    given = root.get("width"), root.get("height")
    width, height = (length(text) for text in given)
    numbers = [float(text) for text in NUMBER.findall(root.get("viewBox", ""))]
    near = all(abs(number) < _LARGEST for number in numbers)
    if len(numbers) == 4 and near and min(numbers[2:]) > _SMALLEST:
        return Window(*numbers)
    if width is None and height is None:
        return None
    return Window(0, 0, width or height or 1, height or width or 1)


def shown_size(root: Element, shown: Window, longest: int) -> tuple[int, int]:
    """Width and height to draw at, pixels, the longer `longest`."""
    width, height = shown.width, shown.height
    if is_stretched(root):
        stretched = length(root.get("width")), length(root.get("height"))
        width, height = stretched[0] or width, stretched[1] or height
    width, height = max(width, height / _MOST_RATIO), max(height, width / _MOST_RATIO)
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def is_stretched(root: Element) -> bool:
    """Whether a drawing fills its width and height, whatever that does to its proportions."""
    return root.get("preserveAspectRatio", "").split()[:1] == ["none"]


def seen_through(shown: Window, size: tuple[int, int], part: tuple[int, int, int, int]) -> Window:
    """What a part of the picture shows that `shown` was drawn as, not stretched.

    Args:
        shown: of the whole picture.
        size: its width and height, pixels.
        part: left, upper, right and lower, pixels.
    """
    scale = min(size[0] / shown.width, size[1] / shown.height)
    left = shown.left + (shown.width - size[0] / scale) / 2  # it is drawn in the middle
    top = shown.top + (shown.height - size[1] / scale) / 2
    return Window(
        left + part[0] / scale,
        top + part[1] / scale,
        (part[2] - part[0]) / scale,
        (part[3] - part[1]) / scale,
    )


def length(text: str | None) -> float | None:
    """A length in pixels; None where there is none, or one that depends on something else."""
    found = _LENGTH.match(text or "")
    unit = UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        return None
    value = float(found[1]) * unit
    return value if _usable(value) else None


def _usable(extent: float) -> bool:
    return math.isfinite(extent) and _SMALLEST < extent < _LARGEST
