"""The layers of style sheets: a rule in a later one is stronger, and one in none of them strongest.

Source:
    W3C, CSS Cascading and Inheritance Level 5, 6.4 (cascade layers).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

Names: TypeAlias = tuple[str, ...]
"""A layer by the names of those it lies in and its own; none is in no layer."""
Rank: TypeAlias = tuple[float, ...]
"""Where in the order of layers a rule stands; higher is stronger."""

UNLAYERED: Final[Rank] = (math.inf,)


class Layers:
    """The layers of all sheets of a drawing, in the order in which they are named first."""

    def __init__(self) -> None:
        self._places: dict[Names, float] = {}
        self._inner: dict[Names, int] = {}

    def rank(self, layer: Names) -> Rank:
        """The rank of rules directly in a layer, above that of layers within it."""
        return (*(self._place(layer[: end + 1]) for end in range(len(layer))), math.inf)

    def named(self, outer: Names, prelude: Sequence[Any]) -> list[Names]:
        """The layers that an at-rule names, within another; one without a name is of its own."""
        found = [outer]
        for token in prelude:
            if token.type == "ident":
                found[-1] = (*found[-1], token.value)
            elif token == ",":
                found.append(outer)
        if found == [outer]:
            found = [(*outer, f" {self._inner.get(outer, 0)}")]
        for layer in found:
            self.rank(layer)
        return found

    def _place(self, layer: Names) -> float:
        if layer not in self._places:
            above = layer[:-1]
            self._places[layer] = self._inner.get(above, 0)
            self._inner[above] = self._inner.get(above, 0) + 1
        return self._places[layer]
