"""A process and those it has started, told by /proc: which there are, and how they are ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def below(pid: int) -> dict[int, str]:
    """The processes that a process has started, and those they have, with their command lines."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, fresh = {}, [pid]
    while fresh:
        fresh = [child for child, parent in parents.items() if parent in fresh]
        for child in fresh:
            with suppress(OSError):
                found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    return found


def busy(pid: int) -> list[int]:
    """The workers below a process that are encoding."""
    return [worker for worker, name in below(pid).items() if name.startswith("ray::Worker.enc")]


def signalled(pid: int) -> None:
    """Kill a process, which may have ended meanwhile."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def waited_for(family: dict[int, str], seconds: float = 20.0) -> list[str]:
    """Which of some processes are left after some seconds, or none as soon as that is so."""
    until = time.monotonic() + seconds
    left = family
    while left and time.monotonic() < until:
        time.sleep(0.5)
        left = {pid: name for pid, name in left.items() if alive(pid)}
    return [name.strip()[:60] for name in left.values()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
