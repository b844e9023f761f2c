"""What was made of a query: one place for all that whoever asked should be able to check."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Understood:
    """How a query was read.

    Attributes:
        words: what its text was searched for.
        excluded: words of the text that the query moves away from.
        not_counted: words of the text that say how many, what kind or what is done: the space has
            no place for them.
        unknown: words of the text without a vector, each with known words that are spelt alike.
    """

    words: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    not_counted: list[str] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """What there is to tell, as plain JSON types; what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value}
