"""Files read in processes of their own, so that none can hold, exhaust or crash this one."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self, TypeVar

from opensearch.config import ReaderSettings
from opensearch.domains import reader_kind
from opensearch.domains.files import printable
from opensearch.domains.opening.opener import NoReader, Opened, Opener
from opensearch.domains.opening.replies import opened_of, solid_of
from opensearch.domains.opening.solid import Solid, read_solid
from opensearch.errors import OpenSearchError, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.processes.bounds import OUT_OF_MEMORY
from opensearch.processes.frames import Closed, Fields, Late
from opensearch.processes.pool import POOL, Lost, Worker, worker_count
from opensearch.records import Stamp, Up

_KEPT_IDLE: Final = 2

T = TypeVar("T")


class Readers:
    """Reads files of the domains it has settings for; threads may share one.

    A context: leaving it ends the processes that still read for it.

    Args:
        settings: how each domain's files become views.
        limits: what one file may cost; the defaults when `None`.

    Raises:
        InvalidInput: a domain is set to a reader that there is not.

    Attributes:
        count: how many files are read at once.
    """

    def __init__(
        self, settings: Mapping[str, ReaderSettings], limits: Limits | None = None
    ) -> None:
        for one in settings.values():
            reader_kind(one.reader)
        self._settings = settings
        self._limits = limits or Limits()
        said = {"limits": self._limits, "readers": settings}
        self._setup = json.dumps(said, default=lambda part: part.model_dump())
        self._lock = threading.Lock()
        self._busy: set[Worker] = set()
        self._stopped = False
        processes = worker_count()
        self.count = max(1, processes)
        self._here = None if processes else Opener(settings, self._limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop reading: calls that wait for a file fail at once."""
        with self._lock:
            self._stopped = True
            busy = list(self._busy)
        for worker in busy:
            worker.kill()
        POOL.rest(_KEPT_IDLE)

    def open(
        self,
        path: Path,
        part: int | None = None,
        domain: str | None = None,
        books: bool = False,
        up: Up | None = None,
        stamp: Stamp | None = None,
    ) -> Opened:
        """The domain and views of a file; see `Opener.open`.

        Raises:
            UnreadableFile: it cannot be read, is over the limits, or ended who read it.
            NoReader: its domain is none of the settings.
            OpenSearchError: no process can be started, or `stop` was called meanwhile.
        """
        if self._here is not None:
            return self._here.open(path, part, domain, books, up, stamp)
        job = {
            "setup": self._setup,
            "path": str(path.absolute()),
            "part": part,
            "domain": domain,
            "books": books,
            "up": up,
            "stamp": stamp and [stamp.size, stamp.mtime_ns, stamp.digest.hex()],
        }
        return self._answered(path, job, opened_of)

    def solid(self, path: Path, up: Up | None = None) -> Solid:
        """The triangles of a mesh file, as they are drawn; see `read_solid`.

        Raises:
            UnreadableFile: it cannot be read, is over the limits, or ended who read it.
            OpenSearchError: no process can be started, or `stop` was called meanwhile.
        """
        if self._here is not None:
            return read_solid(path, up, self._limits)
        job = {"setup": self._setup, "path": str(path.absolute()), "triangles": True, "up": up}
        return self._answered(path, job, solid_of)

    def _answered(self, path: Path, job: Fields, read: Callable[[Fields, bytearray], T]) -> T:
        """What a process makes of a file, read from its frame."""
        while True:
            try:
                return self._asked(job, read)
            except Late:
                seconds = self._limits.seconds
                raise OverLimit(f"{_name(path)} took over {seconds:g} s, the limit") from None
            except Lost as lost:
                if self._stopped:
                    raise OpenSearchError("reading was stopped") from lost
                if lost.code != 0:  # else it ended for want of jobs, just as one came
                    raise self._fate(path, lost.code) from lost

    def _asked(self, job: Fields, read: Callable[[Fields, bytearray], T]) -> T:
        worker = POOL.take(self.count)
        keep = False
        try:
            with self._lock:
                if self._stopped:
                    keep = True
                    raise OpenSearchError("reading was stopped")
                self._busy.add(worker)
            said, data = worker.ask(job, self._limits.seconds)
            keep = not said.get("last")
        finally:
            with self._lock:
                self._busy.discard(worker)
            POOL.give_back(worker, keep)
        if "lacks" in said:
            raise NoReader(str(said["lacks"]), self._settings)
        try:
            return read(said, data)
        except Closed as error:
            raise Lost(1) from error

    def _fate(self, path: Path, code: int) -> UnreadableFile:
        """What became of a file whose process ended with `code`."""
        memory = f"{self._limits.memory / 2**30:.3g} GiB of memory, the limit"
        if code == OUT_OF_MEMORY:
            return OverLimit(f"{_name(path)} needs over {memory}")
        if code == -signal.SIGKILL:
            return OverLimit(f"{_name(path)} needs more memory than there is")
        if code in (-signal.SIGALRM, -signal.SIGIO):
            return OverLimit(f"{_name(path)} took over {self._limits.seconds:g} s, the limit")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return UnreadableFile(
            f"{_name(path)} is damaged, or needs over {memory}: its reader ended with {how}"
        )


def _name(path: Path) -> str:
    return repr(printable(path.name))
