"""Style sheets put onto the elements that they are for, since the renderer knows few selectors.

Every element gets one `style` of what sheets and its own `style` say, and attributes for what
the renderer takes from those alone. Sheets are gone then.

Source:
    W3C, CSS Cascading and Inheritance Level 5; SVG 2, chapter 6, for geometry among the properties.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final
from xml.etree.ElementTree import Element

import cssselect2
import tinycss2

from opensearch.domains.svg import css, transforms, values
from opensearch.domains.svg.boxes import Boxes
from opensearch.domains.svg.calculated import has_sums
from opensearch.domains.svg.clipping import Clips, is_shape
from opensearch.domains.svg.keyframes import parse_frames
from opensearch.domains.svg.layers import Layers
from opensearch.domains.svg.masks import by_opacity, plain_mask, set_modes
from opensearch.domains.svg.motion import REST, Pose, at_rest
from opensearch.domains.svg.scopes import Scope, measure_sides, outermost, plain, within
from opensearch.domains.svg.size import NUMERAL, UNITS
from opensearch.errors import OverLimit

Inside = Callable[[str], str]
"""A value without what leads outside of the file; empty when nothing is left."""

# Half a millisecond is spent on understanding each of them.
_MOST_RULES: Final = 10_000
_MOST_MATCHES: Final = 5_000_000
# Such selectors go through all siblings of an element.
_COSTLY: Final = re.compile(r"~(?!=)|:has\(|-of-type|nth-(?:last-)?child\([^)]*\bof\b")
_MOST_COSTLY: Final = 20_000_000
# Such a blank says that one element lies anywhere in another: each may be any of those around it.
_WITHIN: Final = re.compile(r"(?<![\s>+~,(])\s+(?![\s>+~,)])")
_MOST_WAYS: Final = 2_000_000_000
_MOST_DECLARATIONS: Final = 1_000_000
_BOX: Final = frozenset({"x", "y", "width", "height"})
_GEOMETRY: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("svg", "image", "use", "foreignObject"), _BOX),
    "rect": _BOX | {"rx", "ry"},
    "circle": frozenset({"cx", "cy", "r"}),
    "ellipse": frozenset({"cx", "cy", "rx", "ry"}),
}
"""Properties that are attributes to the renderer, by element."""
_PAINTS: Final = frozenset({"fill", "stroke", "color", "stop-color"})
_LENGTH: Final = re.compile(
    rf"{NUMERAL}(?:%|{'|'.join(sorted(filter(None, UNITS)))})?|auto", re.IGNORECASE
)
_PATH: Final = re.compile(r"path\(\s*(?:[a-z]+\s*,\s*)?[\"'](.*?)[\"']\s*\)", re.DOTALL | re.I)
_VERBATIM: Final = frozenset({"style", "href", "id", "class", "d", "points"})
"""Attributes that hold no value of CSS: names, outlines, and pictures as text."""
_HOISTED: Final = frozenset({"g", "a", "svg", "use", "tspan", "textPath"})
"""Elements that `display: contents` replaces by what is in them; of others nothing is drawn."""
_OF_A_BOX: Final = transforms.MOVING | {"transform", "opacity", "clip-path", "mask", "filter"}
_OWNER: Final = "of-sheet"
"""An attribute of the elements that sheets with scopes stand in."""
# Their values may be names, whose letters matter.
_NAMED: Final = re.compile(r"font|^class$|^id$|^d$")


def apply_styles(root: Element, inside: Inside, pose: Pose = REST) -> None:
    """Put what style sheets say onto the elements, in place.

    Args:
        root: from `markup.parse`.
        inside: cleans a value.
        pose: the moment of what moves.

    Raises:
        OverLimit: more rules for more elements than a drawing needs.
    """
    try:
        layers = Layers()
        sheets = [css.parse_sheet(text, layers, owner) for text, owner in _sheets(root)]
        matcher, rules = _matcher(root, sheets)
    except RecursionError as error:
        raise OverLimit("nests its style rules too deeply") from error
    elements = sum(1 for _ in root.iter())
    if rules * elements > _MOST_MATCHES:
        raise OverLimit(f"has {rules:,} style rules for {elements:,} elements")
    content = {name: frame for sheet in sheets for name, frame in sheet.frames.items()}
    frames = {name: parse_frames(each) for name, each in content.items()}
    declarations, scopes = 0, {None: outermost(root)}
    moved: list[tuple[Element, dict[str, str], Scope]] = []
    by_alpha: set[str] = set()
    for wrapped in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
        element, parent = wrapped.etree_element, wrapped.parent
        own = css.parse_declarations(element.get("style", "")) if "style" in element.attrib else []
        found = _merged(_matched(matcher, wrapped), own) if rules else _merged([], own)
        found = at_rest(found, frames, pose)
        by_alpha.add(by_opacity(found) or "")
        found = plain_mask(found)
        above = scopes[None if parent is None else parent.etree_element]
        scopes[element] = scope = within(above, element, found, inner=parent is not None)
        declarations += len(found)
        if declarations > _MOST_DECLARATIONS:
            raise OverLimit("repeats its style rules more than a drawing needs")
        shown = found.get("display", element.get("display", "")).strip().lower()
        if shown == "contents" and element is not root:
            found = _without_box(element, found)
        moving = _write(element, found, scope, inside, top=element is root)
        if moving:
            moved.append((element, moving, scope))
    set_modes(root, by_alpha - {""})
    boxes = Boxes(root, transforms.matrix_of)
    for element, moving, scope in reversed(moved):  # boxes of groups need what is in them
        transforms.transformed(element, moving, scope.shown, scope.em, boxes)
    clipped = [each for each in moved if "clip-path" in each[1]]
    clips = Clips(root, boxes) if clipped else None
    for element, moving, scope in clipped:
        assert clips is not None
        clips.clip(element, moving["clip-path"], scope.shown, scope.em)


def _matcher(root: Element, sheets: Sequence[css.Sheet]) -> tuple[cssselect2.Matcher, int]:
    """All selectors of the sheets that can be understood, and how many there are."""
    count = sum(len(rule.selectors) for sheet in sheets for rule in sheet.rules)
    if count > _MOST_RULES:
        raise OverLimit(f"has {count:,} style rules, over {_MOST_RULES:,}")
    matcher = cssselect2.Matcher()
    costly = steps = 0
    for sheet in sheets:
        nowhere = dict.fromkeys(sheet.prefixes, "")  # names of elements are plain here
        for rule in sheet.rules:
            for selector in rule.selectors:
                with suppress(cssselect2.SelectorError):
                    for each in cssselect2.compile_selector_list(selector, nowhere):
                        matcher.add_selector(each, rule)
                    text = tinycss2.serialize(selector).strip()
                    costly += bool(_COSTLY.search(text))
                    steps = max(steps, len(_WITHIN.findall(text)))
    if steps > 1 and _ways(root, steps) > _MOST_WAYS:
        raise OverLimit(f"has a style rule for elements in elements, {steps:,} times over")
    elements = sum(1 for _ in root.iter()) if costly else 0
    if costly * elements**2 > _MOST_COSTLY:
        raise OverLimit(f"has {costly:,} style rules about siblings, for {elements:,} elements")
    return matcher, count


def _ways(root: Element, steps: int) -> int:
    """In how many ways elements may lie in so many of those around them, at most."""
    elements, depth, level = 0, -1, [root]
    while level:
        elements, depth = elements + len(level), depth + 1
        level = [child for element in level for child in element]
    return elements * math.comb(depth, min(steps, depth // 2))


def _sheets(root: Element) -> Iterator[tuple[str, str]]:
    """The text of each sheet, and what selects the element that it stands in."""
    parents = {child: parent for parent in root.iter() for child in parent if child.tag == "style"}
    for number, element in enumerate(root.iter("style")):
        kind = element.get("type", "").partition(";")[0].strip().lower()
        if kind in ("", "text/css") and css.is_shown(element.get("media", "")):
            text, owner = "".join(element.itertext()), ":root"
            if "@scope" in text.lower() and parents[element] is not root:
                parents[element].set(_OWNER, f"{number}")
                owner = f"[{_OWNER}='{number}']"
            yield text, owner


def _matched(matcher: cssselect2.Matcher, wrapped: cssselect2.ElementWrapper) -> list[css.Rule]:
    """The rules that are for an element, the strongest last."""
    found = [rule for *_, pseudo, rule in matcher.match(wrapped) if pseudo is None]
    return sorted(found, key=lambda rule: rule.rank)


def _merged(rules: Sequence[css.Rule], own: Sequence[css.Declaration]) -> Mapping[str, str]:
    """The strongest value of each property: of what is important, the first layer's."""
    inorder = [each for rule in rules for each in rule.declarations]
    reverse = sorted(rules, key=lambda rule: rule.rank, reverse=True)
    strong = [each for rule in reverse for each in rule.declarations if each.important]
    strong += [each for each in own if each.important]
    return {each.name: each.value for each in [*inorder, *own, *strong]}


def _write(
    element: Element, found: Mapping[str, str], scope: Scope, inside: Inside, *, top: bool = False
) -> dict[str, str]:
    """Give an element its properties, and take variables and sums out of its attributes.

    Returns:
        Those that move it, and the shape that clips it.
    """

    def told(name: str, value: str) -> str:
        of_screen = top and name in _BOX and values.has_units(value)
        return value if of_screen else plain(name, value, scope)

    for name, value in element.attrib.items():
        if name not in _VERBATIM:
            value = told(name, value)
            paint = name in _PAINTS and "(" not in value
            element.set(name, _in_small(value) if paint else value)
    kept, moving = list[str](), _acting(element, found)
    for name, given in found.items():
        value = "" if name.startswith("--") else inside(told(name, given))
        if "var(" in given and (not value or has_sums(value)):
            element.attrib.pop(name, None)  # it says nothing then, and hides the attribute
        if name in transforms.MOVING or (name == "clip-path" and is_shape(value)):
            moving[name] = value
        elif value and name != "filter" and not has_sums(value) and not _put(element, name, value):
            kept.append(f"{name}:{value if _named(name, value) else _in_small(value)}")
    measure_sides(element, scope)
    element.attrib.pop("style", None)
    if kept:
        element.set("style", ";".join(kept))
    return moving


def _acting(element: Element, found: Mapping[str, str]) -> dict[str, str]:
    """What attributes say of where an element's transform lies, and of a shape that clips it."""
    acting = {}
    if "transform-origin" in element.attrib:
        acting["transform-origin"] = element.attrib["transform-origin"]
    if "clip-path" not in found and is_shape(element.get("clip-path", "")):
        acting["clip-path"] = element.attrib.pop("clip-path")
    return acting


def _in_small(value: str) -> str:
    """A value as the renderer writes its words."""
    return value.lower().replace("currentcolor", "currentColor")


def _put(element: Element, name: str, value: str) -> bool:
    """Make a property an attribute, where the renderer takes it from that alone."""
    if name in _GEOMETRY.get(element.tag, ()):
        if _LENGTH.fullmatch(value):  # what is none leaves the attribute as it is
            element.set(name, value)
    elif name == "d" and element.tag == "path":
        path = _PATH.match(value)
        element.set(name, path[1] if path else element.get("d", ""))
    else:
        return False
    return True


def _without_box(element: Element, found: Mapping[str, str]) -> dict[str, str]:
    """The properties of an element in whose place what is in it is drawn.

    Source:
        W3C, CSS Display Level 3, appendix B.
    """
    if element.tag not in _HOISTED:
        element.attrib.pop("display", None)
        return {**found, "display": "none"}
    for name in _OF_A_BOX | {"display"}:
        element.attrib.pop(name, None)
    return {name: value for name, value in found.items() if name not in _OF_A_BOX | {"display"}}


def _named(name: str, value: str) -> bool:
    return "(" in value or "'" in value or '"' in value or _NAMED.search(name) is not None
