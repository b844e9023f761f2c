"""Style sheets and declarations of CSS, as far as drawings use them.

Source:
    W3C, CSS Syntax Module Level 3, Nesting Module and Media Queries Level 4, read leniently.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias

import tinycss2

from opensearch.domains.svg.layers import UNLAYERED, Layers, Names, Rank
from opensearch.domains.svg.masks import ALIASES
from opensearch.domains.svg.reach import Reach


class Declaration(NamedTuple):
    """A property, its name in lower case, and its value."""

    name: str
    value: str
    important: bool = False


Declarations: TypeAlias = list[Declaration]

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)|<!--|-->", re.DOTALL)
# Strings, and what stands in brackets, hide the marks that divide a sheet.
_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|url\([^)\"']*+\)?|\\.|[{};]|[^\"'{};\\u]+|.",
    re.DOTALL | re.IGNORECASE,
)
_IMPORTANT = re.compile(r"!\s*important\s*$", re.IGNORECASE)
_FEATURE = re.compile(r"\(\s*+([a-z-]++)\s*+(?::([^)]*+))?(?:\)|$)")
_EITHER = re.compile(r"\)\s*or\s*\(")
_RANGE = re.compile(
    r"\(\s*(?:([\d.]+[a-z]*)\s*([<>]=?)\s*)?(?:device-)?(?:width|height)\s*"
    r"(?:([<>]=?|=)\s*([\d.]+[a-z]*)\s*)?\)"
)
_NUMBER = re.compile(r"\d*\.?\d+")
# A drawing is looked at on a light screen of this many pixels, and does not move.
_SCREEN: Final = 1024
_FEATURES: Final = {
    "prefers-color-scheme": ("light",),
    "prefers-reduced-motion": ("reduce", None),
    "hover": ("none",),
    "orientation": ("landscape",),
    "forced-colors": ("none",),
    "prefers-contrast": ("no-preference",),
    "color": (None,),
}
_DEEPEST = 8
_LONGEST = 2000
"""Letters of a selector with all that it is nested in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Selectors that share their declarations, each selector as the tokens of tinycss2."""

    selectors: tuple[Sequence[Any], ...]
    declarations: Declarations
    rank: Rank = UNLAYERED


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rules of a style sheet in order.

    `prefixes` are those that it declares for namespaces, `frames` the content of each animation.
    """

    rules: list[Rule]
    prefixes: set[str]
    frames: dict[str, Sequence[Any]]


def parse_sheet(text: str, layers: Layers, owner: str = ":root") -> Sheet:
    """A style sheet: its rules, nested ones and those of at-rules that hold on a screen too.

    Args:
        text: the sheet.
        layers: of the sheets before it; those it names come behind them.
        owner: selects the element that the sheet stands in.
    """
    parts = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    prefixes, frames = set[str](), dict[str, Sequence[Any]]()
    for part in parts:
        if part.type != "at-rule":
            continue
        names = [token.value for token in part.prelude if token.type in ("ident", "string")]
        if part.lower_at_keyword == "namespace":
            prefixes.update(names)
        elif part.lower_at_keyword.endswith("keyframes") and names and part.content:
            frames[names[0]] = part.content
    return Sheet(list(_Rules(layers, owner).of(parts, None, (), 0)), prefixes, frames)


class _Rules:
    """The rules of a sheet, which may lie in others, in conditions and in layers."""

    def __init__(self, layers: Layers, owner: str) -> None:
        self._layers = layers
        self._owner = owner

    def of(
        self, parts: Sequence[Any], above: str | None, layer: Names, depth: int
    ) -> Iterator[Rule]:
        """Rules of parsed parts; `above` are the selectors of the rule that they are nested in."""
        for part in parts if depth <= _DEEPEST else ():
            if part.type == "qualified-rule":
                yield from self._rule(_inside(part.prelude, above), part.content, layer, depth)
            elif part.type == "at-rule" and _holds(part):
                inner = layer
                if part.lower_at_keyword == "layer":
                    inner = self._layers.named(layer, part.prelude)[0]
                if part.content is not None:
                    yield from self._within(part.content, above, inner, depth)
            elif part.type == "at-rule" and part.lower_at_keyword == "scope" and part.content:
                reach = Reach.of(part.prelude, above or self._owner)
                yield from self._reaching(reach, part.content, layer, depth)

    def _reaching(
        self, reach: Reach, content: Sequence[Any], layer: Names, depth: int
    ) -> Iterator[Rule]:
        """Rules in a scope, and what it declares for the elements that it begins at."""
        parts = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        found = [_declaration(part) for part in parts if part.type == "declaration"]
        if found:
            root = tinycss2.parse_component_value_list(f":where({reach.start})")
            yield Rule((root,), found, self._layers.rank(layer))
        for rule in self.of(parts, None, layer, depth + 1):
            yield replace(rule, selectors=tuple(map(reach.within, rule.selectors)))

    def _within(
        self, content: Sequence[Any], above: str | None, layer: Names, depth: int
    ) -> Iterator[Rule]:
        """Rules in an at-rule."""
        if above is None:
            parts = tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True)
            yield from self.of(parts, None, layer, depth + 1)
        else:
            prelude = tinycss2.parse_component_value_list(above)
            yield from self._rule(prelude, content, layer, depth)

    def _rule(
        self, prelude: Sequence[Any], content: Sequence[Any], layer: Names, depth: int
    ) -> Iterator[Rule]:
        """A rule, and those nested in it."""
        parts = tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True)
        found = [_declaration(part) for part in parts if part.type == "declaration"]
        # What is no selector must not take the others of its list with it.
        selectors = tuple(_apart(prelude))
        if found and selectors:
            yield Rule(selectors, found, self._layers.rank(layer))
        if len(found) < len(parts):
            yield from self.of(parts, tinycss2.serialize(prelude).strip(), layer, depth + 1)


def _declaration(part: Any) -> Declaration:
    name = ALIASES.get(part.lower_name, part.lower_name)
    return Declaration(name, tinycss2.serialize(part.value).strip(), part.important)


def _apart(prelude: Sequence[Any]) -> Iterator[list[Any]]:
    """The selectors of a list."""
    selector: list[Any] = []
    for token in [*prelude, None]:
        if token is None or (token.type == "literal" and token.value == ","):
            if any(each.type not in ("whitespace", "comment") for each in selector):
                yield selector
            selector = []
        else:
            selector.append(token)


def _inside(prelude: Sequence[Any], above: str | None) -> Sequence[Any]:
    """Selectors of a nested rule, those around it put in the place of `&`, or before."""
    if above is None:
        return prelude
    nested = []
    for selector in _apart(prelude):
        text = tinycss2.serialize(selector).strip()
        put = f":is({above})"
        text = text.replace("&", put) if "&" in text else f"{put} {text}"
        nested += [text] if len(text) <= _LONGEST else []  # each level may multiply them
    found: Sequence[Any] = tinycss2.parse_component_value_list(", ".join(nested))
    return found


def _holds(rule: Any) -> bool:
    """Whether the rules within an at-rule hold for a drawing on a screen."""
    condition = tinycss2.serialize(rule.prelude).strip().lower()
    if rule.lower_at_keyword == "media":
        return is_shown(condition)
    if rule.lower_at_keyword == "supports":
        return not condition.startswith("not")
    return bool(rule.lower_at_keyword == "layer")


def is_shown(media: str) -> bool:
    """Whether what is for these media, as `screen and (min-width: 9px), print`, is shown."""
    return any(_query_holds(query.strip()) for query in media.lower().split(","))


def _query_holds(query: str) -> bool:
    negated, query = query.startswith("not "), query.removeprefix("not ").removeprefix("only ")
    kind = query.partition(" and ")[0].strip()
    right = kind in ("", "all", "screen") or kind.startswith("(")
    features = [_feature_holds(*each.groups()) for each in _FEATURE.finditer(query)]
    features += [_range_holds(*each.groups()) for each in _RANGE.finditer(query)]
    held = right and (any(features) if _EITHER.search(query) else all(features))
    return held != negated


def _feature_holds(name: str, value: str | None) -> bool:
    side = re.fullmatch("(min|max)-(?:device-)?(?:width|height)", name)
    if side is None:
        return (value and value.strip()) in _FEATURES.get(name, ())
    pixels = _pixels(value)
    return pixels <= _SCREEN if side[1] == "min" else pixels >= _SCREEN


def _range_holds(low: str | None, above: str | None, below: str | None, high: str | None) -> bool:
    """Whether the screen is as `low above width below high` says."""
    held = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    return (above is None or held[above](_pixels(low), _SCREEN)) and (
        below is None or {**held, "=": operator.eq}[below](_SCREEN, _pixels(high))
    )


def _pixels(value: str | None) -> float:
    number = _NUMBER.match(value or "")
    return float(number[0]) * (16 if "em" in (value or "") else 1) if number else 0.0


def parse_declarations(text: str) -> Declarations:
    """The declarations of a `style` attribute."""
    found: Declarations = []
    part: list[str] = []
    for token in [*_TOKEN.findall(_COMMENT.sub(" ", text)), ";"]:
        if token in (";", "}"):
            name, colon, value = "".join(part).partition(":")
            plain = _IMPORTANT.sub("", value).strip()
            if colon and name.strip() and plain:
                important = plain != value.strip()
                word = name.strip().lower()
                found.append(Declaration(ALIASES.get(word, word), plain, important))
            part = []
        else:
            part.append(token)
    return found
