"""A crew without processes: the test says what happens to each batch."""

from collections import deque
from pathlib import Path

import numpy as np

from opensearch.cluster.crew import Answer, Death, Ready
from opensearch.encoders.pipeline import Encoded
from opensearch.engine.ingest.batches import Work
from opensearch.records import Source


def works(count):
    return [
        Work(Source(Path(f"/{n}.png"), f"{n}.png"), f"{n}.png", f"/{n}.png", False)
        for n in range(count)
    ]


def names(works):
    return [int(work.key.partition(".")[0]) for work in works]


def done(work):
    return Encoded(work, None, np.full((1, 2), names([work])[0], np.float32))


class Acted:
    """A crew whose workers do one step a call of `wait`.

    Args:
        dies: called with a worker's number and the numbers of the files of the batch it begins;
            a true answer ends it.
        order: called with the workers that could act; the one that does.
        stillborn: workers that die before they are ready.
    """

    def __init__(self, dies=lambda worker, files: False, order=min, stillborn=()):
        self.dies, self.order, self.stillborn = dies, order, stillborn
        self.hired = 0
        self.new = deque()
        self.queues = {}
        self.begun = []
        self.most = 0

    def hire(self):
        self.hired += 1
        self.new.append(self.hired)
        return self.hired

    def give(self, worker, works):
        self.queues[worker].append(list(works))
        self.most = max(self.most, *map(len, self.queues.values()))

    def wait(self, seconds):
        if self.new:
            worker = self.new.popleft()
            if worker in self.stillborn:
                return [Death(worker, "no memory")]
            self.queues[worker] = deque()
            return [Ready(worker)]
        busy = [worker for worker, queue in self.queues.items() if queue]
        if not busy:
            return []
        worker = self.order(busy)
        batch = self.queues[worker].popleft()
        self.begun.append(names(batch))
        if self.dies(worker, names(batch)):
            del self.queues[worker]
            return [Death(worker, "killed by signal 9")]
        return [Answer(worker, [done(work) for work in batch])]
