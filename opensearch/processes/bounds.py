"""Bounds that a reading process sets itself: time, memory, and the life of whoever started it.

They hold even while a decoder runs compiled code, which no exception reaches and which may hold the
lock of the interpreter: the kernel ends the process.
"""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

OUT_OF_MEMORY: Final = 77
"""Exit code of a process that saw itself over its limit of memory."""

# A late process is ended by whoever asked; its own alarm is for when nobody is left.
_GRACE_SECONDS: Final = 5.0
_LINUX: Final = sys.platform == "linux"
_PIPE_BYTES: Final = 2**20


class Bounds:
    """Bounds of this process, whose jobs come on the descriptor `jobs`."""

    def __init__(self, jobs: int, answers: int) -> None:
        self._jobs = jobs
        self._memory: int | None = None
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash leaves no file behind
        if _LINUX:
            with suppress(OSError):  # the memory of pipes is limited per user
                fcntl.fcntl(answers, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            with suppress(OSError):  # short of memory, the system had better end this process
                _write("/proc/self/oom_score_adj", "500")
        else:
            threading.Thread(target=self._watch, daemon=True).start()

    @contextmanager
    def hold(self, seconds: float, memory: int) -> Iterator[None]:
        """End the process where the block takes over `seconds`, or the other side goes away.

        More than `memory` bytes make an allocation fail, or end the process where the system
        does not bound it.
        """
        self._memory = memory
        if _LINUX:
            _, most = resource.getrlimit(resource.RLIMIT_DATA)
            resource.setrlimit(resource.RLIMIT_DATA, (memory, most))
        signal.setitimer(signal.ITIMER_REAL, seconds + _GRACE_SECONDS)
        self._tell_of_closing(True)
        try:
            yield
        finally:
            self._tell_of_closing(False)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._memory = None

    def _tell_of_closing(self, wanted: bool) -> None:
        """Have SIGIO end this process when the other side closes the input.

        While a job is at work, nothing else can come on the input.
        """
        if _LINUX:
            flags = fcntl.fcntl(self._jobs, fcntl.F_GETFL)
            fcntl.fcntl(self._jobs, fcntl.F_SETOWN, os.getpid())
            flags = flags | os.O_ASYNC if wanted else flags & ~os.O_ASYNC
            fcntl.fcntl(self._jobs, fcntl.F_SETFL, flags)
            if wanted and self._closed():  # before the kernel was asked to tell
                os._exit(0)

    def _closed(self) -> bool:
        state = select.poll()
        state.register(self._jobs, 0)  # POLLHUP is reported unasked
        return bool(state.poll(0))

    def _watch(self) -> None:
        """On systems that cannot bound memory, check it as often as the interpreter lets us."""
        while True:
            time.sleep(0.05)
            memory = self._memory
            if memory is not None and held() > memory:
                os._exit(OUT_OF_MEMORY)


def held() -> int:
    """Bytes that this process holds in memory; its peak where the system reports no more."""
    if _LINUX:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
