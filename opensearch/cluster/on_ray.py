"""The `Encoding` whose files are read and encoded by workers that Ray starts."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import replace
from itertools import chain

from opensearch.cluster.batches import batched
from opensearch.cluster.connecting import LOCAL, check_address, connected, processors, sized
from opensearch.cluster.ray_crew import RayCrew
from opensearch.cluster.scheduling import Schedule
from opensearch.cluster.worker import Unseen, job_of
from opensearch.engine.ingest.batches import Work
from opensearch.engine.ingest.encoding import Done
from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.model import Model
from opensearch.progress import Note, silent


class OnRay:
    """Encodes on a Ray cluster; every worker must see the files under the same paths or addresses.

    Args:
        address: `local` for workers on this machine alone, `auto`, or host and port of the head
            of a cluster that this machine is a node of.
        workers: how many; as many as there are processors for when `None`.
        note: told of workers that die, and of machines that round otherwise.

    Raises:
        InvalidInput: no such address, or fewer than one worker.
        MissingExtra: Ray is not installed.
    """

    def __init__(
        self, address: str = LOCAL, workers: int | None = None, note: Note = silent
    ) -> None:
        if workers is not None and workers < 1:
            raise InvalidInput(f"workers must be 1 or more, got {workers}")
        self.address = check_address(address)
        self.workers = workers
        self._note = note

    def encode_works(self, model: Model, works: Iterable[Work]) -> Generator[Done, None, None]:
        """See `Encoding.encode_works`. Where nothing is to be encoded, Ray is not asked."""
        batches = batched(_absolute(work) for work in works)
        first = next(batches, None)
        if first is None:
            return
        with connected(self.address, _bytes(model), self.workers) as ray:
            workers, each = sized(processors(ray), self.workers)
            crew = RayCrew(job_of(model, each), self._note)
            try:
                schedule = Schedule(crew, workers, self._note)
                with closing(schedule.run(chain([first], batches))) as encoded:
                    for done in encoded:
                        yield _seen(done)
            finally:
                crew.stop()


def _bytes(model: Model) -> int:
    """Of the files of a model's bundle."""
    bundle = model.bundle
    return sum((bundle.folder / name).stat().st_size for name in bundle.card.files())


def _absolute(work: Work) -> Work:
    if work.source.remote is None:
        work.source = replace(work.source, path=work.source.path.absolute())
    return work


def _seen(done: Done) -> Done:
    """What came back, unless a worker lacks a file that is here.

    Raises:
        OpenSearchError: it does; the fault is not the file's.
    """
    if isinstance(done.error, Unseen) and os.path.lexists(done.source.source.path):
        raise OpenSearchError(
            f"{done.error}, but here: every node must see the sources under the same paths."
            " Mount them there, or run on this machine alone with the address 'local'"
        )
    return done
