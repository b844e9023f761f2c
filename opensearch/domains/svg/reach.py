"""What the rules of `@scope` are for: elements within some, and not within others.

Source:
    W3C, CSS Cascading and Inheritance Level 6, 2.5 (scoped styles). Which of two roots is nearer
    to an element gives no rule the preference here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import tinycss2

_ROOT: Final = re.compile(r":scope(?![\w-])|&")
_COMBINED: Final = re.compile(r"\s*[>+~]")
_LONGEST: Final = 2000
"""Letters of a selector with all that it is put into."""


class Reach(NamedTuple):
    """The selectors of the elements that a scope begins at, and of those that it ends at."""

    start: str
    end: str

    @classmethod
    def of(cls, prelude: Sequence[Any], around: str) -> Reach:
        """The reach that an at-rule names, as `(.card) to (.content)`.

        Args:
            prelude: of the at-rule.
            around: selectors of what it stands in, where it names no start.
        """
        start, end, after = around, "", False
        for token in prelude:
            if token.type == "() block":
                text = tinycss2.serialize(token.content).strip()
                if after:
                    end = text
                else:
                    start = _ROOT.sub(lambda _: f":is({around})", text)
            after = after or (token.type == "ident" and token.lower_value == "to")
        return cls(start, end)

    @property
    def root(self) -> str:
        """A selector of the elements that it begins at."""
        return f":is({self.start})"

    def within(self, selector: Sequence[Any]) -> Sequence[Any]:
        """A selector of what another selects within this reach; of nothing where it is too long."""
        text = tinycss2.serialize(selector).strip()
        if _COMBINED.match(text):
            text = f"{self.root} {text}"
        text = _ROOT.sub(lambda _: self.root, text)
        text += f":where({self.start}, {self.root} *)"
        if self.end:
            end = _ROOT.sub(lambda _: self.root, self.end)
            end = f":is({end})" if end != self.end else f"{self.root} :is({end})"
            text += f":not(:where({end}, {end} *))"
        found: Sequence[Any] = tinycss2.parse_component_value_list(
            text if len(text) <= _LONGEST else ":not(*)"
        )
        return found
