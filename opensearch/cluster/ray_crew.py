"""A crew of Ray actors: one process, one model and one session each."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from typing import Any, Final

from opensearch.cluster.crew import Answer, Death, Event, Ready
from opensearch.cluster.worker import Job, Worker
from opensearch.engine.ingest.batches import Work
from opensearch.errors import OpenSearchError
from opensearch.progress import Note, silent

_SHOWN: Final = 200
_DETAIL: Final = re.compile(r"Worker exit detail: (.*?)(?:\. |$)")
_MACHINE: Final = re.compile(r"\bip: (\S+)")


class RayCrew:
    """See `Crew`; Ray must be connected. A context, which ends all workers.

    Args:
        job: of every worker; sent to each machine once.
        note: told what a worker has to say of its machine, the first of them.
    """

    def __init__(self, job: Job, note: Note = silent) -> None:
        import ray

        self._ray: Any = ray
        self._note = note
        self._job = ray.put(job)
        # Ray restarts none by itself: the schedule must know which batch they died of.
        self._kind: Any = ray.remote(Worker).options(
            num_cpus=job.processors, max_restarts=0, scheduling_strategy="SPREAD"
        )
        self._actors: list[Any] = []
        self._asked: dict[int, deque[Future[Any]]] = {}
        self._prepared: set[int] = set()
        self._remarked = False

    def hire(self) -> int:
        """See `Crew.hire`."""
        actor = self._kind.remote()
        self._actors.append(actor)
        number = len(self._actors) - 1
        self._asked[number] = deque([actor.prepare.remote(self._job).future()])
        return number

    def give(self, worker: int, works: Sequence[Work]) -> None:
        """See `Crew.give`."""
        self._asked[worker].append(self._actors[worker].encode.remote(list(works)).future())

    def wait(self, seconds: float) -> Sequence[Event]:
        """See `Crew.wait`."""
        oldest = {asked[0]: worker for worker, asked in self._asked.items() if asked}
        # Not by `ray.wait`, which takes every signal for an interrupt.
        done = wait(oldest, seconds, return_when=FIRST_COMPLETED).done
        return [self._event(oldest[answer], answer) for answer in done]

    def stop(self) -> None:
        """End all workers, whatever they are at."""
        for number in list(self._asked):
            self._end(number)

    def _event(self, worker: int, answer: Future[Any]) -> Event:
        try:
            result = answer.result()
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, OpenSearchError):
                raise error.cause from None
            return self._dead(worker, repr(error.cause))
        except self._ray.exceptions.RayError as error:
            return self._dead(worker, str(error))
        self._asked[worker].popleft()
        if worker in self._prepared:
            return Answer(worker, result)
        self._prepared.add(worker)
        if result and not self._remarked:
            self._note(result)
            self._remarked = True
        return Ready(worker)

    def _dead(self, worker: int, reason: str) -> Death:
        self._end(worker)
        return Death(worker, _in_short(" ".join(reason.split())))

    def _end(self, worker: int) -> None:
        self._asked.pop(worker, None)
        with suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(self._actors[worker])
        self._actors[worker] = None


def _in_short(reason: str) -> str:
    """What Ray says in a paragraph: where it was, and the first sentence of how it ended."""
    machine, detail = _MACHINE.search(reason), _DETAIL.search(reason)
    short = (detail[1] if detail else reason)[:_SHOWN]
    return f"on {machine[1]}, {short}" if machine else short
