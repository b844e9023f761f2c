"""An SVG without what reaches outside of it, runs, or is not for drawings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element

from opensearch.domains.svg import css
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
_OUTSIDE = re.compile(r"url\((?!\s*['\"]?\s*#)[^)]*\)|image-set\(.*", re.IGNORECASE | re.DOTALL)
_PSEUDO = re.compile(r":(?!first-child)")
# Matching takes the renderer about 400 ns a rule and element.
_MOST_MATCHES = 5_000_000
_MOST_TEXT = 20_000

Embed = Callable[[str], tuple[str, int, int] | None]
"""Turns the data URI of a picture into one that is safe to draw, its width and height, or None."""


def clean(root: Element, embed: Embed) -> list[css.Rule]:
    """Drop in place what must not be drawn, and put the style sheets' rest first in the tree.

    Args:
        root: from `markup.parse`.
        embed: what to do with embedded pictures.

    Returns:
        The rules of the style sheets.

    Raises:
        OverLimit: more style rules or text than a drawing needs.
    """
    rules = _sheets(root)
    variables = _variables(root, rules)
    rules = [rule for rule in (_clean_rule(rule, variables) for rule in rules) if rule]
    elements = _clean_tree(root, variables, embed)
    if len(rules) * elements > _MOST_MATCHES:
        raise OverLimit(f"has {len(rules):,} style rules for {elements:,} elements")
    letters = sum(len(text) for e in root.iter("text") for text in e.itertext())
    if letters > _MOST_TEXT:
        raise OverLimit(f"has {letters:,} letters of text, over {_MOST_TEXT:,}")
    if rules:
        sheet = Element("style")
        # One selector a rule: the renderer gives up a rule with one that it does not know.
        sheet.text = "\n".join(
            f"{selector}{{{css.written(rule.declarations)}}}"
            for rule in rules
            for selector in rule.selectors
        )
        root.insert(0, sheet)
    return rules


def _sheets(root: Element) -> list[css.Rule]:
    sheets = [e for e in root.iter("style") if e.get("type", "") in ("", "text/css")]
    return [rule for e in sheets for rule in css.parse_sheet("".join(e.itertext()))]


def _variables(root: Element, rules: list[css.Rule]) -> dict[str, str]:
    """Custom properties, as if each had one value all over the drawing."""
    found = [pair for rule in rules for pair in rule.declarations]
    for element in root.iter():
        if "--" in (style := element.get("style", "")):
            found += css.parse_declarations(style)
    return {n: v for n, v in found if n.startswith("--") and len(v) <= css.LONGEST_VARIABLE}


def _clean_rule(rule: css.Rule, variables: dict[str, str]) -> css.Rule | None:
    selectors = (s.replace(":root", "svg") for s in rule.selectors)
    kept = tuple(s for s in selectors if not _PSEUDO.search(s) and not s.startswith("@"))
    declarations = _clean_declarations(rule.declarations, variables)
    return css.Rule(kept, declarations) if kept and declarations else None


def _clean_declarations(found: css.Declarations, variables: dict[str, str]) -> css.Declarations:
    kept = []
    for name, value in found:
        inside = _inside(name, value, variables)
        if inside:
            kept.append((name, inside))
    return kept


def _inside(name: str, value: str, variables: dict[str, str]) -> str:
    """A property's value without references that lead outside; empty when nothing is left."""
    if name == "filter" or name.startswith("--"):
        return ""
    value = css.resolved(value, variables)
    # A paint may name another to fall back on: fill="url(other.svg#a) red".
    return _OUTSIDE.sub("", value).strip(" ,") if "(" in value else value


def _clean_tree(root: Element, variables: dict[str, str], embed: Embed) -> int:
    """Clean all elements; returns how many are left."""
    seen: set[str] = set()
    waiting, count = [root], 0
    while waiting:
        element = waiting.pop()
        count += 1
        _clean_attributes(element, variables, embed)
        # Of two elements with one id, the first is meant.
        if element.get("id") in seen:
            del element.attrib["id"]
        seen.add(element.get("id", ""))
        if element.tag == "switch":
            _choose(element)
        for child in list(element):
            if child.tag in _DROPPED or (child.tag == "image" and not _drawable(child, embed)):
                _remove(element, child)
        waiting.extend(reversed(element))
    return count


def _clean_attributes(element: Element, variables: dict[str, str], embed: Embed) -> None:
    for name, value in list(element.attrib.items()):
        if name == "href":
            if element.tag != "image" and not value.strip().startswith("#"):
                del element.attrib[name]
        elif name == "style":
            found = _clean_declarations(css.parse_declarations(value), variables)
            element.set(name, css.written(found))
        elif name.startswith("on") or name == "systemLanguage":
            del element.attrib[name]
        elif name == "filter" or "(" in value:
            inside = _inside(name, value, variables)
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
    for child in list(switch):
        if child not in chosen:
            switch.remove(child)
    switch.tag = "g"


def _remove(parent: Element, child: Element) -> None:
    """Without the child, but with the text behind it."""
    if child.tail:
        at = list(parent).index(child)
        if at:
            parent[at - 1].tail = (parent[at - 1].tail or "") + child.tail
        else:
            parent.text = (parent.text or "") + child.tail
    parent.remove(child)
