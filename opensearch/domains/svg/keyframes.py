"""The frames of animations of style sheets.

Source:
    W3C, CSS Animations Level 1, chapter 3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import tinycss2

from opensearch.domains.svg.css import Declarations, parse_declarations

_END: Final = re.compile(r"\b(to|100%)")
_PLACE: Final = re.compile(r"(?:^|(?<=[\s,]))(?:from|to|(\d++(?:\.\d*+)?+|\.\d++)%)(?=$|[\s,])")
_MOST_FRAMES: Final = 16
"""Those of an animation that are told apart: each is tried on every element that has it."""


class Frames(NamedTuple):
    """The frames of an animation.

    Attributes:
        last: what the one at the end declares.
        first: the properties of the one at the start.
        every: the properties of each, in the order of the file; of long ones the first 16.
        places: of all, as shares of a round, in order.
    """

    last: Declarations
    first: dict[str, str]
    every: list[dict[str, str]]
    places: list[float]

    def at_once(self, soon: float) -> bool:
        """Whether something comes or goes within `soon`, a share of a round, or as a word does."""
        gaps = (late - early for early, late in pairwise(self.places))
        words = any({"visibility", "display"} & each.keys() for each in self.every)
        return words or any(0 < gap < soon for gap in gaps)


def parse_frames(content: Sequence[Any]) -> Frames:
    """What the frames of an animation declare.

    Args:
        content: of its at-rule, parsed.
    """
    found = Frames([], {}, [], [])
    for part in tinycss2.parse_rule_list(content, skip_comments=True, skip_whitespace=True):
        if part.type != "qualified-rule":
            continue
        where = tinycss2.serialize(part.prelude).strip().lower()
        places = [_place(each) for each in _PLACE.finditer(where)]
        declared = parse_declarations(tinycss2.serialize(part.content))
        said = {each.name: each.value for each in declared}
        if _END.search(where):
            found.last.extend(declared)
        if 0.0 in places:
            found.first.update(said)
        if places and len(found.every) < _MOST_FRAMES:
            found.every.append(said)
        found.places.extend(places)
    found.places.sort()
    return found


def _place(found: re.Match[str]) -> float:
    return float(found[1]) / 100 if found[1] else float(found[0] == "to")
