"""Drawings that show nothing: why that may be, and lines without a width made visible."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element

from opensearch.domains.svg import css

_WIDTH: Final = "stroke-width"
_NOTHING: Final = re.compile(r"[+-]?(?:0++(?:\.0*+)?+|\.0++)(?:[a-z]++|%)?", re.IGNORECASE)


_UNSEEN: Final = frozenset({"defs", "symbol", "pattern", "mask", "clipPath"})
_HIDDEN: Final = re.compile(r"display\s*+:\s*+none", re.IGNORECASE)


def unseen_in(root: Element) -> str | None:
    """Why a drawing may be blank: what it holds that is not drawn, and the way out.

    Args:
        root: not yet cleaned.
    """
    if link := outside(root):
        return f"what it shows lies outside of the file ({link!r}); embed it"
    if root.find(".//foreignObject") is not None:
        return "what it shows is HTML (foreignObject); export it as paths or as .png"
    if root.find(".//symbol") is not None and root.find(".//use") is None:
        return "it only defines symbols for other files; save one of them as a file of its own"
    if root.find(".//script") is not None:
        return (
            "what it shows may be drawn by a script, which does not run; save it as it looks then"
        )
    if root.find(".//filter") is not None:
        return "what it shows may come of a filter, which is left out; export it as .png"
    return None


def outside(root: Element) -> str:
    """The beginning of the first link to a picture or drawing outside of the file, or nothing.

    What is hidden, or is only there to be used elsewhere, is passed over.

    Args:
        root: not yet cleaned.
    """
    todo = [root]
    while todo:
        element = todo.pop()
        if element.tag in _UNSEEN or _HIDDEN.search(_display(element)):
            continue
        link = element.get("href", "").strip() if element.tag in ("image", "use") else ""
        if link and not link.startswith(("#", "data:")):
            return link[:80]
        todo.extend(reversed(element))
    return ""


def _display(element: Element) -> str:
    return f"display:{element.get('display', '')};{element.get('style', '')}"


def widen(root: Element, width: float) -> bool:
    """Give lines whose width is 0 another, in place; whether there are any.

    Args:
        root: cleaned, its styles on its elements.
        width: in units of the drawing.
    """
    widened = False
    for element in root.iter():
        styled = css.parse_declarations(element.get("style", ""))
        said = {_WIDTH: element.get(_WIDTH, ""), **{each.name: each.value for each in styled}}
        if _NOTHING.fullmatch(said[_WIDTH].strip()):
            element.set("style", f"{element.get('style', '')};{_WIDTH}:{width:.9g}".lstrip(";"))
            widened = True
    return widened
