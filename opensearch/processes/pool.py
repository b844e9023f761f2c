"""The reading processes of this one: started when asked for, kept a while, ended with it.

They run a module of ours, started from scratch: nothing is forked and no script of the caller is
imported, so a notebook, a script without a guard, threads and open stores are safe.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.processes.child import python
from opensearch.processes.frames import Closed, Fields, Late, receive, send
from opensearch.processes.room import ROOMS

_WORK: Final = "from opensearch.domains.opening.worker import main; main()"
_START_SECONDS: Final = 120.0
# Each process has a core of its own; threads of its libraries would only be in each other's way.
_ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Lost(Exception):
    """The process ended before it answered.

    Attributes:
        code: its exit code, negative for a signal.
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Worker:
    """A reading process, which takes a job at a time."""

    def __init__(self) -> None:
        self._ready = self._at_work = False
        self._rooms = f"opensearch-{os.urandom(6).hex()}-"
        try:
            self._process = subprocess.Popen(
                python(_WORK),
                bufsize=0,
                cwd="/",  # it must not hold on to a folder that someone wants to unmount
                env={**os.environ, **_ONE_THREAD, ROOMS: self._rooms},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process to handle
            )
        except OSError as error:
            raise _no_start(error.strerror or str(error)) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._jobs = self._process.stdin
        self._answers = self._process.stdout

    @property
    def alive(self) -> bool:
        """Whether it still takes jobs."""
        return self._process.poll() is None

    def ask(self, job: Fields, seconds: float) -> tuple[Fields, bytearray]:
        """Hand over a job and wait for its answer.

        Raises:
            Late: it took over `seconds`; the process still works on it.
            Lost: the process ended.
            OpenSearchError: the process cannot be started.
        """
        try:
            if not self._ready:
                self._await_ready()
            self._at_work = True
            send(self._jobs.fileno(), job)
            answer = receive(self._answers.fileno(), time.monotonic() + seconds)
            self._at_work = False
            return answer
        except (BrokenPipeError, Closed) as error:
            raise Lost(self.end(patience=1.0)) from error

    def _await_ready(self) -> None:
        try:
            receive(self._answers.fileno(), time.monotonic() + _START_SECONDS)
        except Late as error:
            raise _no_start(f"it did not answer in {_START_SECONDS:g} s") from error
        except Closed as error:
            if (code := self.end(patience=1.0)) < 0:  # ended by us or by the system
                raise Lost(code) from error
            raise _no_start(f"{sys.executable} ended with exit code {code}") from error
        self._ready = True

    def kill(self) -> None:
        """End it from a thread other than the one that waits for its answer."""
        self._process.kill()

    def end(self, patience: float = 0.0) -> int:
        """End it, unless it ends by itself within `patience` seconds; its exit code."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._process.kill()
        self.forget()
        with suppress(subprocess.TimeoutExpired):  # it may hang in the kernel, on a lost disk
            self._process.wait(5)
        if self._at_work:
            self._clear()
        return self._process.returncode or 0

    def _clear(self) -> None:
        """Remove the folders that it had no time to remove itself."""
        with suppress(OSError):
            for left in Path(tempfile.gettempdir()).glob(f"{self._rooms}*"):
                shutil.rmtree(left, ignore_errors=True)

    def forget(self) -> None:
        """Close what leads to it: an idle process then ends by itself."""
        self._jobs.close()
        self._answers.close()


class Pool:
    """All reading processes: busy ones, and idle ones kept for the next job."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._left: list[Worker] = []

    def start(self, count: int) -> None:
        """Start processes ahead of their first jobs, until so many are idle."""
        with self._changed:
            while len(self._idle) < count:
                self._idle.append(Worker())

    def take(self, most: int) -> Worker:
        """An idle process or a new one, once fewer than `most` are at work."""
        with self._changed:
            while len(self._busy) >= most:
                self._changed.wait()
            worker = self._living() or Worker()
            self._busy.add(worker)
            return worker

    def give_back(self, worker: Worker, keep: bool) -> None:
        """Take a process back, to be kept for another job or ended."""
        if not keep:
            worker.end()
        with self._changed:
            self._busy.discard(worker)
            if keep:
                self._idle.append(worker)
            self._changed.notify()

    def rest(self, most: int) -> None:
        """End idle processes but `most`, or as many as are at work: each holds some 60 MB."""
        with self._changed:
            most = max(most, len(self._busy))
            spare, self._idle = self._idle[most:], self._idle[:most]
        for worker in spare:
            worker.end()

    def end(self) -> None:
        """End all processes."""
        with self._changed:
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for worker in busy:
            worker.kill()
        for worker in idle:
            worker.end()

    def forget(self) -> None:
        """In a forked child: leave the processes to the parent, to whom they owe answers."""
        inherited = [*self._idle, *self._busy]
        for worker in inherited:
            worker.forget()
        self.__init__()  # type: ignore[misc]  # another thread may have held the lock
        self._left = inherited

    def _living(self) -> Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            worker.end()
        return None


def worker_count() -> int:
    """How many processes may read at once, 0 to read in this one.

    OPENSEARCH_READERS says it; all cores do by default.

    Raises:
        InvalidInput: the variable is no such number.
    """
    said = os.environ.get("OPENSEARCH_READERS", "")
    if not said:
        return os.cpu_count() or 1
    if not re.fullmatch("[0-9]{1,6}", said):
        raise InvalidInput(
            f"OPENSEARCH_READERS={said:.40} must be a number of processes, or 0 to read in this one"
        )
    return int(said)


def start_ahead(count: int = 1) -> None:
    """Start processes for files that will be read soon, while other things are loaded."""
    POOL.start(min(count, worker_count()))


def _no_start(reason: str) -> OpenSearchError:
    return OpenSearchError(
        f"a process to read files cannot be started: {reason};"
        " OPENSEARCH_READERS=0 reads them in this one, without its limits of time and memory"
    )


POOL: Final = Pool()
atexit.register(POOL.end)
os.register_at_fork(after_in_child=POOL.forget)
