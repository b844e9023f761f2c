"""Where work is done: threads for a few jobs at a time, and a queue that has an end.

The event loop only passes messages. Reading and encoding have a lane of their own, so that searches
and thumbnails never wait behind a large mesh.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from opensearch.service.failures import ServiceError, busy

T = TypeVar("T")


class Lane:
    """A few threads with a bounded queue before them.

    Attributes:
        name: of the lane, in metrics and messages.
        waiting: jobs in the queue.
        working: jobs in threads.
    """

    def __init__(self, name: str, threads: int, queue: int) -> None:
        self.name = name
        self.waiting = self.working = 0
        self._queue = queue
        self._threads = threads
        self._slots = asyncio.Semaphore(threads)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"opensearch-{name}")

    async def run(
        self, work: Callable[[], T], unwanted: Callable[[], Awaitable[bool]] | None = None
    ) -> T:
        """What `work` returns, from a thread.

        Args:
            work: called once it is its turn.
            unwanted: asked before that whether whoever wanted it has gone.

        Raises:
            ServiceError: 503 when the queue is full, 499 when nobody waits any more.
        """
        if self._slots.locked() and self.waiting >= self._queue:
            raise busy(f"{self.waiting} requests already wait to {self.name}, the most allowed")
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.working += 1
        try:
            if unwanted is not None and await unwanted():
                raise ServiceError(499, "Gone", "the client has gone")
            job = asyncio.get_running_loop().run_in_executor(self._pool, work)
        except BaseException:
            self._done()
            raise
        try:
            return await asyncio.shield(job)
        finally:
            if job.done():
                self._done()
            else:  # a thread cannot be stopped: it holds its slot
                job.add_done_callback(lambda _: self._done())

    def close(self) -> None:
        """Let no more work begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _done(self) -> None:
        self.working -= 1
        self._slots.release()
