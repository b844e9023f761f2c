"""A process that reads files for another: jobs come on its input, views leave on its output.

Decoders are other people's code working on untrusted files. Here they may loop, take all the memory
they can get or crash: the process is ended, and whoever asked goes on with the next file.
"""

from __future__ import annotations

import json
import os
import select
import time
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains.files import printable
from opensearch.domains.opening.opener import NoReader, Opener
from opensearch.domains.opening.replies import error_frame, frame_of, solid_frame
from opensearch.domains.opening.solid import read_solid
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.processes.bounds import Bounds, held
from opensearch.processes.frames import Closed, Fields, Parts, receive, send
from opensearch.records import Stamp

_JOBS: Final = 0
_IDLE_SECONDS: Final = 300.0
# A process that has grown so far is replaced: its heap would not shrink again.
_KEPT_BYTES: Final = 2**30


def main() -> None:
    """Answer jobs until the input closes, none comes for long, or much memory is held."""
    Image.MAX_IMAGE_PIXELS = None  # the limits say how many, and those of a JPEG may be more
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what libraries print is no answer
    bounds = Bounds(_JOBS, answers)
    setup, reader = "", None
    send(answers, {"ready": True})
    if not select.select([_JOBS], [], [], 0)[0]:
        _foresee()
    while select.select([_JOBS], [], [], _IDLE_SECONDS)[0]:
        try:
            job, _ = receive(_JOBS, time.monotonic() + _IDLE_SECONDS)
        except Closed:
            break
        if reader is None or job["setup"] != setup:
            setup = job["setup"]
            reader = _Reader(setup)
        with bounds.hold(reader.limits.seconds, reader.limits.memory):
            said, parts = reader.answer(job)
        last = held() > _KEPT_BYTES
        send(answers, {**said, "last": last}, parts)
        if last:
            break
    os._exit(0)  # libraries have nothing to tidy up that the end of the process does not


def _foresee() -> None:
    """Load what the first picture would wait for, as long as no job has come.

    Whoever starts a process ahead is still loading its own packages then: a first query by a
    picture waited 0.16 s for these, where the second took 5 ms.
    """
    Image.init()
    import_module("scipy.ndimage")


class _Reader:
    """Answers jobs of one set of readers and limits, given as JSON."""

    def __init__(self, setup: str) -> None:
        said = json.loads(setup)
        self.limits = Limits(**said["limits"])
        readers = {name: ReaderSettings(**fields) for name, fields in said["readers"].items()}
        self._opener = Opener(readers, self.limits)

    def answer(self, job: Fields) -> tuple[Fields, Parts]:
        """The frame that answers a job, whatever comes of it."""
        path = Path(job["path"])
        try:
            if job.get("triangles"):
                return solid_frame(read_solid(path, job["up"], self.limits))
            asked = (job["part"], job["domain"], job["books"], job["up"])
            return frame_of(self._opener.open(path, *asked, stamp=_stamp(job["stamp"])))
        except NoReader as error:
            return error_frame(error), []
        except (Exception, MemoryError) as error:
            if _lacked_memory(error):
                return error_frame(over_memory(path, self.limits)), []
            if isinstance(error, UnreadableFile):
                return error_frame(error), []
            reason = " ".join(str(error).split()) or type(error).__name__
            name = printable(path.name)
            return error_frame(UnreadableFile(f"{name!r} cannot be read: {reason}")), []


def _stamp(said: list[Any] | None) -> Stamp | None:
    return None if said is None else Stamp(said[0], said[1], bytes.fromhex(said[2]))


def over_memory(path: Path, limits: Limits) -> OverLimit:
    """The error of a file that needs more memory than it may have."""
    name = printable(path.name)
    return OverLimit(f"{name!r} needs over {limits.memory / 2**30:.3g} GiB of memory, the limit")


def _lacked_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__
    return False
