"""What the schedule needs of whoever runs workers, and what it is told by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from opensearch.engine.ingest.batches import Work
from opensearch.engine.ingest.encoding import Done


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has its model and waits for batches."""

    worker: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A worker has finished the oldest of its batches; `done` has a row for each of its works."""

    worker: int
    done: Sequence[Done]


@dataclass(frozen=True, slots=True)
class Death:
    """A worker is gone, with all its batches; it had begun the oldest of them alone."""

    worker: int
    reason: str


Event: TypeAlias = Ready | Answer | Death


class Crew(Protocol):
    """Workers in other processes, each of which encodes the batches given to it in their order."""

    def hire(self) -> int:
        """Start a worker; its number, never given before. It says when it is ready, or dies."""
        ...

    def give(self, worker: int, works: Sequence[Work]) -> None:
        """Hand a batch to a worker that is ready."""
        ...

    def wait(self, seconds: float) -> Sequence[Event]:
        """What happened since the last call; nothing only if `seconds` went by.

        Raises:
            OpenSearchError: a worker refuses to work, and any other would.
        """
        ...
