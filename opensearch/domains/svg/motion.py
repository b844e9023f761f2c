"""Drawings that move, as they look once they have come to rest.

Lines that draw themselves are hidden at first: what animations leave behind is the drawing.

Source:
    W3C, CSS Animations Level 1, `animation-fill-mode`; SVG Animations Level 2, `fill`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

from opensearch.domains.svg import css

_KEPT: Final = frozenset({"forwards", "both"})
_ANIMATED: Final = frozenset({"animate", "set", "animateColor", "animateTransform"})


def moves(root: Element) -> bool:
    """Whether a drawing has animations, its style sheets still in it."""
    sheets = ("".join(element.itertext()) for element in root.iter("style"))
    moving = any(element.tag in _ANIMATED for element in root.iter())
    return moving or any("keyframes" in sheet for sheet in sheets)


def at_rest(
    found: Mapping[str, str], frames: Mapping[str, css.Declarations], *, ended: bool
) -> Mapping[str, str]:
    """The properties of an element after the animations that keep their end.

    Args:
        found: properties and values.
        frames: the last frame of each animation of the sheets, by its name.
        ended: take the ends of the others, too, such as those that go on for ever.
    """
    words = " ".join(found.get(name, "") for name in ("animation", "animation-name"))
    fill = found.get("animation-fill-mode", "") + " " + found.get("animation", "")
    if not frames or not (ended or _KEPT & set(fill.replace(",", " ").split())):
        return found
    said = {}
    for word in words.replace(",", " ").split():
        said.update({each.name: each.value for each in frames.get(word, [])})
    return {**found, **said}


def rest(root: Element, *, ended: bool) -> None:
    """Give elements what animations inside of them keep at their end, in place.

    Args:
        root: the drawing.
        ended: what the others come to, too.
    """
    by_id = {element.get("id"): element for element in root.iter()}
    styles: dict[Element, dict[str, str]] = {}
    for parent in list(root.iter()):
        for moved in parent:
            stays = ended or moved.get("fill") == "freeze"
            if moved.tag not in _ANIMATED or not stays:
                continue
            target = by_id.get(moved.get("href", "").lstrip("#"), parent)
            name, value = moved.get("attributeName", ""), _last(moved)
            if not name or value is None:
                continue
            if moved.tag == "animateTransform":
                value = f"{moved.get('type', 'translate')}({value})"
            target.set(name, value)
            if "style" in target.attrib:
                styles.setdefault(target, {})[name] = value
    for target, kept in styles.items():
        said = ";".join(f"{name}:{value}" for name, value in kept.items())
        target.set("style", f"{target.get('style')};{said}")


def _last(moved: Element) -> str | None:
    values = [value.strip() for value in moved.get("values", "").split(";") if value.strip()]
    return values[-1] if values else moved.get("to")
