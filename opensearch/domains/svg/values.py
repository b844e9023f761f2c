"""Values of CSS in the words of SVG 1.1, which the renderer knows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from tinycss2.color4 import parse_color

_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
_LIGHT_DARK = re.compile(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^()]|\([^()]*\))*\)")
_COLOUR = re.compile(
    r"\b((?:ok)?(?:lab|lch)|hwb|rgba?|hsla?|color(?:-mix)?)\(((?:[^()]|\([^()]*\))*)\)", re.I
)
_ROOT_EMS = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))rem\b", re.I)
_FUNCTION = re.compile(r"([a-z]+)\(([^()]*)\)", re.I)
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)([a-z%]*)", re.I)
_TURNS: Final = {"": 1.0, "deg": 1.0, "turn": 360.0, "grad": 0.9, "rad": 180 / math.pi}
_LENGTHS: Final = {"": 1.0, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 4 / 3}
_SHIFTS: Final = {"translate": ("", ""), "translatex": ("", " 0"), "translatey": ("0 ", "")}
_SIZES: Final = {"scale": ("", ""), "scalex": ("", " 1"), "scaley": ("1 ", "")}
_ANGLES: Final = {"rotate": "rotate", "rotatez": "rotate", "skewx": "skewX", "skewy": "skewY"}
_ROOT_EM: Final = 16
_DEEPEST = 8
_LONGEST = 2000


def plain(value: str, variables: Mapping[str, str]) -> str:
    """A value with its variables put in, the lighter of two themes, plain colours and units."""
    if "(" not in value:
        return _ROOT_EMS.sub(_pixels, value) if "rem" in value.lower() else value
    for _ in range(_DEEPEST):
        if "var(" not in value or len(value) > _LONGEST:
            break
        value = _VARIABLE.sub(lambda m: variables.get(m[1], (m[2] or "").strip()), value)
    if "light-dark(" in value:
        value = _LIGHT_DARK.sub(lambda m: m[1].strip(), value)
    return _ROOT_EMS.sub(_pixels, _COLOUR.sub(_known, value))


def _pixels(length: re.Match[str]) -> str:
    return f"{_ROOT_EM * float(length[1]):g}px"


def _known(colour: re.Match[str]) -> str:
    """A colour as #rrggbbaa; as a grey of its lightness where its space is another than sRGB."""
    found: Any = parse_color(colour[0])
    if found is None or found == "currentcolor":
        return _grey(colour)
    try:
        parts: list[float] = [*found.to("srgb").coordinates, found.alpha]
    except NotImplementedError:
        return _grey(colour)
    return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in parts)


def _grey(colour: re.Match[str]) -> str:
    number = re.match(r"\s*([\d.]+)(%?)", colour[2])
    light = float(number[1]) if number and number[1].count(".") < 2 and number[1] != "." else 50.0
    whole = 100 if number is None or number[2] or colour[1].lower() in ("lab", "lch") else 1
    level = round(255 * min(light / whole, 1))
    return f"rgb({level},{level},{level})"


def transform(value: str) -> str:
    """The property `transform` as the attribute, whose numbers have no units.

    Functions in three dimensions, and shifts by a share of a box, leave everything where it is.
    """
    made = (_function(found[1].lower(), found[2]) for found in _FUNCTION.finditer(value))
    return " ".join(filter(None, made))


def _function(name: str, given: str) -> str | None:
    numbers = [(float(number), unit.lower()) for number, unit in _NUMBER.findall(given)]
    units = _TURNS if name in _ANGLES or name == "skew" else _LENGTHS
    if not numbers or any(unit not in units for _, unit in numbers):
        return None
    values = [f"{number * units[unit]:g}" for number, unit in numbers]
    for table, known in ((_SHIFTS, "translate"), (_SIZES, "scale")):
        if name in table:
            before, after = table[name]
            return f"{known}({before}{' '.join(values[:2])}{after})"
    if name in _ANGLES:
        return f"{_ANGLES[name]}({values[0]})"
    return f"matrix({' '.join(values)})" if name == "matrix" and len(values) == 6 else None
