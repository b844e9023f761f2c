"""Which worker encodes which batch: bounded, in order, and whole when workers die.

Each worker has two batches, one at work and one waiting, so that none waits for the driver. Of
those in hand, finished or not, there are at most four a worker: where one batch takes long, the
others wait for it, and memory stays bounded. Results come in the order of the works, so an index
gets the ids that a run in one place would give.

A worker that dies is replaced. The batch it had begun is done once more; if that ends a worker,
too, its files are tried one by one, and one that ends a worker alone is reported as a failure.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from opensearch.cluster.crew import Answer, Crew, Death, Event, Ready
from opensearch.encoders.pipeline import Encoded
from opensearch.engine.ingest.batches import Work
from opensearch.engine.ingest.encoding import Done
from opensearch.errors import OpenSearchError, UnreadableFile
from opensearch.progress import Note, silent

WAITING: Final = 2
"""Batches of one worker: the one at work and the next."""

IN_HAND: Final = 4
"""Batches a worker that were taken and whose results were not yet given."""

PATIENCE: Final = 300.0
"""Seconds to wait for a first worker: a cluster may have to start a machine for it."""

_TICK: Final = 1.0
"""Seconds of one wait, after which an interrupt is noticed."""


@dataclass(slots=True)
class _Slot:
    """A batch in the order of the run, and the results it has so far."""

    works: Sequence[Work]
    results: list[Done | None] = field(init=False)

    def __post_init__(self) -> None:
        self.results = [None] * len(self.works)


@dataclass(slots=True)
class _Task:
    """What one worker is given of a slot: places `first` to `last`, and how many died of it."""

    slot: _Slot
    first: int
    last: int
    deaths: int = 0

    def works(self) -> Sequence[Work]:
        return self.slot.works[self.first : self.last]

    def singles(self) -> list[_Task]:
        places = range(self.first, self.last)
        return [_Task(self.slot, place, place + 1, self.deaths) for place in places]


class Schedule:
    """One run of batches over the workers of a crew.

    Args:
        crew: what starts workers and hands them batches.
        workers: how many at once.
        note: told of workers that die.
        patience: seconds to wait for a first one.
    """

    def __init__(
        self, crew: Crew, workers: int, note: Note = silent, patience: float = PATIENCE
    ) -> None:
        self._crew = crew
        self._workers = workers
        self._note = note
        self._patience = patience
        self._queues: dict[int, deque[_Task]] = {}
        self._slots: deque[_Slot] = deque()
        self._again: deque[_Task] = deque()
        self._deaths = 0
        self._allowed = 2 * workers + 4
        self._heard = time.monotonic()

    def run(self, batches: Iterator[Sequence[Work]]) -> Generator[Done, None, None]:
        """The results of all works, in order.

        Args:
            batches: none empty; taken when a worker can have one.

        Raises:
            OpenSearchError: workers die one after the other, none starts, or they refuse.
        """
        for _ in range(self._workers):
            self._crew.hire()
        self._heard = time.monotonic()
        while True:
            more = self._give_out(batches)
            while self._slots and None not in self._slots[0].results:
                yield from (done for done in self._slots.popleft().results if done is not None)
            if not more and not self._slots:
                return
            self._hear(self._crew.wait(_TICK))

    def _give_out(self, batches: Iterator[Sequence[Work]]) -> bool:
        """Give batches to all who can have one; whether there may be more."""
        while self._queues:
            worker = min(self._queues, key=lambda number: len(self._queues[number]))
            if len(self._queues[worker]) >= WAITING:
                return True
            task = self._again.popleft() if self._again else None
            if task is None:
                if len(self._slots) >= IN_HAND * self._workers:
                    return True
                task = self._next(batches)
            if task is None:
                return False
            self._queues[worker].append(task)
            self._crew.give(worker, task.works())
        return True

    def _next(self, batches: Iterator[Sequence[Work]]) -> _Task | None:
        works = next(batches, None)
        if works is None:
            return None
        self._slots.append(_Slot(works))
        return _Task(self._slots[-1], 0, len(works))

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Ready):
                self._queues[event.worker] = deque()
            elif isinstance(event, Answer):
                task = self._queues[event.worker].popleft()
                task.slot.results[task.first : task.last] = event.done
                self._deaths = 0
            else:
                self._bury(event)
        if self._queues:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > self._patience:
            raise OpenSearchError(
                f"no worker has started in {self._patience:g} s: the cluster has no free"
                " processors, or cannot start ours. `ray status` shows what is taken; fewer"
                " `workers` need less"
            )

    def _bury(self, death: Death) -> None:
        """Take back the batches of a worker that is gone, and start another in its place."""
        tasks = self._queues.pop(death.worker, deque())
        files = sum(task.last - task.first for task in tasks)
        begun = tasks.popleft() if tasks else None
        self._again.extendleft(reversed(tasks))
        if begun is not None:
            self._after(begun, death.reason)
        self._deaths += 1
        if self._deaths > self._allowed:
            raise OpenSearchError(
                f"{self._deaths} workers have died one after the other without finishing a batch,"
                f" the last of them with: {death.reason}"
            )
        self._note(f"a worker has died with {files} files, which others take over: {death.reason}")
        self._crew.hire()

    def _after(self, task: _Task, reason: str) -> None:
        """What becomes of a task that was at work when its worker died."""
        task.deaths += 1
        if task.deaths == 1:
            self._again.appendleft(task)
        elif task.last - task.first > 1:
            task.deaths = 1
            self._again.extendleft(reversed(task.singles()))
        else:
            work = task.slot.works[task.first]
            error = UnreadableFile(f"each worker that encoded it died: {reason}")
            task.slot.results[task.first] = Encoded(work, None, None, error)
