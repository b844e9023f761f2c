"""An SVG without anything that reaches outside of it, runs, or is not drawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from opensearch.domains.svg.cascade import apply_styles
from opensearch.domains.svg.markup import MOST_LETTERS
from opensearch.domains.svg.motion import REST, Pose, rest
from opensearch.domains.svg.references import settle_names
from opensearch.domains.svg.size import length
from opensearch.errors import OverLimit

# Programs, pages, motion, and filters, which for a drawing only blur and shade.
_DROPPED: Final = frozenset(
    {"script", "foreignObject", "filter", "style", "metadata", "title", "desc"}
    | {"animate", "animateTransform", "animateMotion", "animateColor", "set", "discard"}
)
_DRAWN: Final = frozenset(
    {"a", "circle", "ellipse", "g", "image", "line", "path", "polygon", "polyline", "rect"}
    | {"svg", "switch", "text", "use"}
)
_OUTSIDE = re.compile(
    r"url\((?!\s*+['\"]?+\s*+#)[^)]*+(?:\)|$)|image-set\(.*", re.IGNORECASE | re.DOTALL
)
# Conditions that were looked at when they could be, and filters.
_UNREAD: Final = frozenset({"systemLanguage", "requiredFeatures", "filter"})
_EXCUSE = re.compile(
    r"\s*+(?:\[Not supported by viewer\]|Text is not SVG - cannot display)\s*+"
    r"|\s*+<(?:b|br|div|font|h[1-6]|i|p|pre|span|strong|table|u|ul)\b.*+"
    r"|.*(?:<br\s*+/?>|</(?:a|b|code|div|font|h[1-6]|i|li|p|pre|span|strong|su[bp]|table|u|ul)>).*+",
    re.DOTALL,
)
_LETTER, _USUAL_SIZE = 0.4, 12.0
"""Width of a narrow letter, times its size; and the size where none is said, pixels."""

Embed = Callable[[str], tuple[str, int, int] | None]
"""Turns the data URI of a picture into one that is safe to draw, its width and height, or None."""


def clean(root: Element, embed: Embed, pose: Pose = REST) -> None:
    """Drop in place what must not be drawn, and put style sheets onto their elements.

    Args:
        root: from `markup.parse`.
        embed: what to do with embedded pictures.
        pose: the moment of what moves.

    Raises:
        OverLimit: more style rules or text than a drawing needs.
    """
    rest(root, pose)
    apply_styles(root, _inside, pose)
    settle_names(root)
    _clean_tree(root, embed)
    letters = sum(len(text) for e in root.iter("text") for text in e.itertext())
    if letters > MOST_LETTERS:
        raise OverLimit(f"has {letters:,} letters of text, over {MOST_LETTERS:,}")


def _inside(value: str) -> str:
    """A property's value without references that lead outside; empty when nothing is left."""
    # A paint may name another to fall back on: fill="url(other.svg#a) red".
    return _OUTSIDE.sub("", value).strip(" ,") if "(" in value else value


def _clean_tree(root: Element, embed: Embed) -> None:
    seen: set[str] = set()
    waiting = [root]
    while waiting:
        element = waiting.pop()
        _clean_attributes(element)
        # Of two elements with one id, the first is meant.
        if element.get("id") in seen:
            del element.attrib["id"]
        seen.add(element.get("id", ""))
        if element.tag == "switch":
            _choose(element)
        dropped = {
            child
            for child in element
            if child.tag in _DROPPED or (child.tag == "image" and not _drawable(child, embed))
        }
        if dropped:
            _remove(element, dropped)
        waiting.extend(reversed(element))


def _clean_attributes(element: Element) -> None:
    for name, value in list(element.attrib.items()):
        if name == "href":
            if element.tag != "image" and not value.strip().startswith("#"):
                del element.attrib[name]
        elif name.startswith("on") or name in _UNREAD:
            del element.attrib[name]
        elif name != "style" and "(" in value:
            inside = _inside(value)
            if inside:
                element.set(name, inside)
            else:
                del element.attrib[name]


def _drawable(image: Element, embed: Embed) -> bool:
    """Embed a picture anew, of the size it had where it is given no other."""
    found = embed(image.get("href", "").strip())
    if found is None:
        return False
    sides = dict(zip(("width", "height"), found[1:], strict=True))
    open_ended = [name for name in sides if image.get(name, "auto").strip() == "auto"]
    if len(open_ended) == 1:
        # The other side is given, and the shape is kept; in percent it is left to the renderer.
        name = open_ended[0]
        given = length(image.get("height" if name == "width" else "width"))
        ratio = sides[name] / sides["height" if name == "width" else "width"]
        sides[name] = round(given * ratio) if given else sides[name]
    for name in open_ended:
        image.set(name, str(sides[name]))
    image.set("href", found[0])
    return True


def _choose(switch: Element) -> None:
    """Leave the child of a <switch> that an English reader is shown, else the first."""
    able = [
        child
        for child in switch
        if child.tag in _DRAWN and not child.get("requiredExtensions", "").strip()
    ]
    english = [c for c in able if "en" in re.split(r"[\s,-]+", c.get("systemLanguage", ""))]
    plain = [child for child in able if "systemLanguage" not in child.attrib]
    chosen = [*english, *plain, *able][:1]
    page = switch.find("foreignObject")
    if page is not None and chosen and chosen[0].tag == "text":
        _say(chosen[0], page)
    for child in list(switch):
        if child not in chosen:
            switch.remove(child)
    switch.tag = "g"


def _say(text: Element, page: Element) -> None:
    """Let a text that stands in for a page say what the page does.

    draw.io writes that a viewer cannot show the page, or the page's own tags.
    """
    if not _EXCUSE.fullmatch("".join(text.itertext())):
        return
    for child in list(text):
        text.remove(child)
    text.text = " ".join("".join(page.itertext()).split())
    width = length(page.get("width"))
    if width is not None:
        letter = _LETTER * (length(text.get("font-size")) or _USUAL_SIZE)
        text.text = _cut(text.text, max(int(width / letter), 1))


def _cut(text: str, letters: int) -> str:
    """A text, or its beginning where it is longer."""
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def _remove(parent: Element, children: set[Element]) -> None:
    """Without some children, but with the text behind them."""
    kept = list[Element]()
    texts = [[parent.text or ""]]
    for child in parent:
        if child not in children:
            kept.append(child)
            texts.append([])
        texts[-1].append(child.tail or "")
    parent.text, *tails = map("".join, texts)
    for child, tail in zip(kept, tails, strict=True):
        child.tail = tail
    parent[:] = kept
