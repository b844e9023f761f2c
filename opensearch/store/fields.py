"""What the engine asks of a store to filter by: which items have which values.

Another store answers as `Fields` says, or not at all; then records are read instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from opensearch.store.rows import Ids


@dataclass(frozen=True, slots=True)
class Found:
    """Ids whose value is known to be accepted, and those whose records must tell."""

    sure: Ids
    unsure: Ids


class Fields(Protocol):
    """Ids by the values of their fields, as one state of a store has them.

    Fields are the category and what metadata declare; a missing or null one equals nothing.
    """

    def has(self, field: str) -> bool:
        """Whether any item has a value of this field."""

    def keys(self, accept: Callable[[str], bool]) -> Found:
        """Items with records whose key is accepted."""

    def numbers(self, field: str, low: float, high: float, *, ends: tuple[bool, bool]) -> Ids:
        """Items whose number lies between `low` and `high`, each included if `ends` says so."""

    def equal_numbers(self, field: str, values: Iterable[float]) -> Ids:
        """Items whose number is one of these."""

    def not_numbers(self, field: str) -> Ids:
        """Items whose value is the float that equals nothing, itself included."""

    def truths(self, field: str, accept: Callable[[bool], bool]) -> Ids:
        """Items whose value is true or false and accepted."""

    def equal_texts(self, field: str, values: Iterable[str]) -> Found:
        """Items whose text is one of these."""

    def texts(
        self, field: str, accept: Callable[[str], bool], low: str = "", high: str | None = None
    ) -> Found:
        """Items whose text is accepted; those below `low` and above `high` are not looked at."""
