"""The part of CSS that drawings use: rules of selectors and declarations, without at-rules.

Source:
    W3C, CSS Syntax Module Level 3, read leniently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

Declarations: TypeAlias = list[tuple[str, str]]
"""Names in lower case with their values, in order."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)|<!--|-->", re.DOTALL)
# Strings, and what stands in brackets, hide the marks that divide a sheet.
_TOKEN = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|url\([^)\"']*\)|\\.|[{};]|[^\"'{};\\u]+|.",
    re.DOTALL | re.IGNORECASE,
)
# Their rules hold on a screen; other at-rules are for print, dark rooms, fonts or motion.
_TRANSPARENT: Final = re.compile(r"@(layer|supports|media\s+(only\s+)?(screen|all)\s*$)", re.I)
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)")
_LIGHT_DARK = re.compile(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^()]|\([^()]*\))*\)")
_MODERN = re.compile(r"\b((?:ok)?(?:lab|lch)|hwb|color(?:-mix)?)\(((?:[^()]|\([^()]*\))*)\)", re.I)
_DEEPEST = 8
_LONGEST = 2000
LONGEST_VARIABLE: Final = 200
"""Letters that the value of a variable may have; longer ones are not colours or lengths."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Selectors that share their declarations."""

    selectors: tuple[str, ...]
    declarations: Declarations


def parse_sheet(text: str) -> list[Rule]:
    """The rules of a style sheet, those of at-rules that hold on any screen included."""
    return list(_rules(_COMMENT.sub(" ", text), 0))


def _rules(text: str, depth: int) -> Iterator[Rule]:
    for prelude, block in _blocks(text):
        if not prelude.startswith("@"):
            selectors = tuple(part.strip() for part in prelude.split(",") if part.strip())
            yield Rule(selectors, parse_declarations(block))
        elif _TRANSPARENT.match(prelude) and depth < _DEEPEST:
            yield from _rules(block, depth + 1)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Each prelude with the block in braces behind it; statements such as @import are skipped."""
    prelude: list[str] = []
    block: list[str] = []
    depth = 0
    for token in _TOKEN.findall(text):
        if token == "{":
            depth += 1
            if depth == 1:
                continue
        elif token == "}":
            depth = max(depth - 1, 0)
            if depth == 0:
                yield "".join(prelude).strip(), "".join(block)
                prelude, block = [], []
                continue
        elif token == ";" and depth == 0:
            prelude = []
            continue
        (block if depth else prelude).append(token)
    if depth:
        yield "".join(prelude).strip(), "".join(block)


def parse_declarations(text: str) -> Declarations:
    """The declarations of a block or of a `style` attribute."""
    found: Declarations = []
    part: list[str] = []
    for token in [*_TOKEN.findall(_COMMENT.sub(" ", text)), ";"]:
        if token in (";", "}"):
            name, colon, value = "".join(part).partition(":")
            if colon and name.strip() and value.strip():
                found.append((name.strip().lower(), value.strip()))
            part = []
        else:
            part.append(token)
    return found


def written(declarations: Iterable[tuple[str, str]]) -> str:
    """Declarations as the text of a block."""
    return ";".join(f"{name}:{value}" for name, value in declarations)


def _grey(colour: re.Match[str]) -> str:
    """A colour of CSS 4, which the renderer does not know, as a grey of its lightness."""
    number = re.match(r"\s*([\d.]+)(%?)", colour[2])
    light = float(number[1]) if number and number[1].count(".") < 2 and number[1] != "." else 50.0
    whole = 100 if number is None or number[2] or colour[1].lower() in ("lab", "lch") else 1
    level = round(255 * min(light / whole, 1))
    return f"rgb({level},{level},{level})"


def resolved(value: str, variables: dict[str, str]) -> str:
    """A value with its variables put in, the lighter of two themes chosen."""
    for _ in range(_DEEPEST):
        if "var(" not in value or len(value) > _LONGEST:
            break
        value = _VARIABLE.sub(lambda m: variables.get(m[1], (m[2] or "").strip()), value)
    value = _MODERN.sub(_grey, value)
    if "light-dark(" in value:
        value = _LIGHT_DARK.sub(lambda m: m[1].strip(), value)
    return value
