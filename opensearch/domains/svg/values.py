"""Values of CSS in the words of SVG 1.1, which the renderer knows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tinycss2.color4 import parse_color

from opensearch.domains.svg.colours import to_srgb
from opensearch.domains.svg.size import NUMERAL, UNITS

_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
_LIGHT_DARK = re.compile(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^()]|\([^()]*\))*\)")
_COLOUR = re.compile(
    r"\b((?:ok)?(?:lab|lch)|hwb|rgba?|hsla?|color(?:-mix)?)\(((?:[^()]|\([^()]*\))*)\)", re.I
)
_PRINTED = re.compile(r"(?<=\S)\s+(?:icc-color|device-cmyk)\([^()]*\)\s*$", re.I)
"""What a press is told beside the colour of the screen."""
_PLACED = re.compile(
    rf"(?<![\w#.-])({NUMERAL})(?:([sld]?v|cq)(w|h|min|max|i|b)|(r?)(em|ex|ch|cap|ic|lh)|(q))\b",
    re.I,
)
_ENVIRONMENT = re.compile(r"env\(\s*+([\w-]++)[^(),]*+(?:,((?:[^()]|\([^()]*\))*))?\)")
_NUMBER = re.compile(rf"({NUMERAL})([a-z%]*)", re.I)
_ROOT_EM: Final = 16.0
_FROM = re.compile(r"\s*from\s+([\w#-]+)", re.I)
_LIGHT = re.compile(r"(?<![\w.-])([\d.]+)(%?)")
_LETTERS: Final = {"em": 1.0, "ex": 0.5, "ch": 0.5, "cap": 0.7, "ic": 1.0, "lh": 1.2}
"""Font-relative units of a usual font, in em."""
_RENDERED: Final = ("em", "ex")
"""Units that the renderer knows, unless they are of the root's font, as `rem` is."""
_SIZES_NAMED: Final = {
    **{"xx-small": 9.6, "x-small": 12.0, "small": 14.2, "medium": 16.0},
    **{"large": 19.2, "x-large": 24.0, "xx-large": 32.0},
}
_UNSET: Final = frozenset({"unset", "revert", "revert-layer"})
_INHERITED: Final[dict[str, str]] = {
    **{"fill": "black", "fill-opacity": "1", "fill-rule": "nonzero", "clip-rule": "nonzero"},
    **{"stroke": "none", "stroke-opacity": "1", "stroke-width": "1", "stroke-miterlimit": "4"},
    **{"stroke-linecap": "butt", "stroke-linejoin": "miter"},
    **{"stroke-dasharray": "none", "stroke-dashoffset": "0"},
    **dict.fromkeys(("marker-start", "marker-mid", "marker-end"), "none"),
    **{"color": "black", "visibility": "visible", "paint-order": "normal"},
    **{"font-size": "medium", "font-style": "normal", "font-weight": "normal"},
    **{"text-anchor": "start", "letter-spacing": "normal"},
}
_INITIAL: Final[dict[str, str]] = {
    **_INHERITED,
    **{"opacity": "1", "display": "inline", "stop-color": "black", "stop-opacity": "1"},
    **{"clip-path": "none", "mask": "none", "mix-blend-mode": "normal", "transform": "none"},
}
"""Initial values of properties; those of `_INHERITED` are inherited where nothing is said."""
_DEEPEST = 8
_LONGEST = 2000


def settled(name: str, value: str) -> str:
    """A value with CSS-wide keywords, such as `unset`, made the initial value or `inherit`."""
    word = value.strip().lower()
    if word == "rebeccapurple":  # the one name that the renderer lacks
        return "#663399"
    if word in _UNSET:
        return "inherit" if name in _INHERITED else _INITIAL.get(name, value)
    return _INITIAL.get(name, value) if word == "initial" else value


def chosen(value: str, variables: Mapping[str, str]) -> str:
    """A value with `var()` and `env()` filled in, and the light one of `light-dark()` chosen."""
    for _ in range(_DEEPEST):
        if "var(" not in value or len(value) > _LONGEST:
            break
        value = _VARIABLE.sub(lambda m: variables.get(m[1], (m[2] or "").strip()), value)
    if "light-dark(" in value:
        value = _LIGHT_DARK.sub(lambda m: m[1].strip(), value)
    if "env(" in value:
        value = _ENVIRONMENT.sub(_of_rim, value)
    return value


def _of_rim(found: re.Match[str]) -> str:
    """The value of an `env()`: no safe area, since the screen has no notch, else the fallback."""
    return "0px" if found[1].startswith("safe-area-inset-") else (found[2] or "").strip()


def has_units(value: str) -> bool:
    """Whether lengths of a value have units that the renderer does not know."""
    return any(_is_unknown(found) for found in _PLACED.finditer(value))


def in_pixels(value: str, em: float, screen: tuple[float, float]) -> str:
    """A value whose lengths have units that the renderer knows.

    Args:
        value: of a property.
        em: the size of its font, pixels.
        screen: width and height of what the drawing is shown on, pixels.
    """

    def pixels(found: re.Match[str]) -> str:
        if not _is_unknown(found):
            return found[0]
        number, _, side, of_root, letter, _ = found.groups()
        if side:
            of = {"min": min(screen), "max": max(screen)}.get(side.lower())
            unit = (of or screen[side.lower() in ("h", "b")]) / 100
        elif letter:
            unit = _LETTERS[letter.lower()] * (_ROOT_EM if of_root else em)
        else:
            unit = UNITS["q"]
        return f"{float(number) * unit:.9g}px"

    return _PLACED.sub(pixels, value)


def _is_unknown(found: re.Match[str]) -> bool:
    return bool(found[4]) or (found[5] or "").lower() not in _RENDERED


def font_size(value: str, above: float) -> float:
    """A font's size in pixels, `above` that of the element around it."""
    found = _NUMBER.fullmatch(value.strip())
    if found is None:
        return _SIZES_NAMED.get(value.strip().lower(), above)
    number, unit = float(found[1]), found[2].lower()
    if unit in ("em", "%"):
        return number * above / (100 if unit == "%" else 1)
    return number * UNITS[unit] if unit in UNITS else above


def coloured(value: str) -> str:
    """A value with its colours as #rrggbbaa."""
    return _COLOUR.sub(_known, _PRINTED.sub("", value)) if "(" in value else value


def _known(colour: re.Match[str]) -> str:
    """A colour as #rrggbbaa; as a grey of its lightness where it is made of what is not known."""
    found: Any = parse_color(colour[0])
    shades = None if found is None or found == "currentcolor" else to_srgb(found)
    if shades is None:
        return _grey(colour)
    parts = [*shades, found.alpha]
    return "#" + "".join(f"{round(255 * min(max(part, 0), 1)):02x}" for part in parts)


def _grey(colour: re.Match[str]) -> str:
    """A grey about as light as a colour of another space, or one that is made of others."""
    origin = _FROM.match(colour[2])
    if origin is not None:
        return origin[1]
    if colour[1].lower() == "color-mix":
        return _mixed(colour[2])
    numbers = [float(number) / (100 if of else 1) for number, of in _LIGHT.findall(colour[2])]
    space = colour[1].lower()
    if space == "color":
        level = sum(numbers[:3]) / 3 if len(numbers) >= 3 else 0.5
    else:
        level = (
            numbers[0] / (100 if space in ("lab", "lch") and numbers[0] > 1 else 1)
            if numbers
            else 0.5
        )
    shade = round(255 * min(max(level, 0), 1))
    return f"rgb({shade},{shade},{shade})"


def _mixed(given: str) -> str:
    """The mean of two colours, in equal parts."""
    found = [parse_color(part.strip().partition(" ")[0]) for part in given.split(",")[1:]]
    if len(found) != 2 or any(each is None or each == "currentcolor" for each in found):
        return "rgb(128,128,128)"
    shades = [to_srgb(each) or (0.5, 0.5, 0.5) for each in found]
    mean = (round(255 * min(max(sum(pair) / 2, 0), 1)) for pair in zip(*shades, strict=True))
    return f"rgb({','.join(map(str, mean))})"
