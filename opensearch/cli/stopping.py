"""Stopping a run by Ctrl-C or another signal, also as process 1, and at once the second time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final, NoReturn

STOPPING: Final = {
    signal.SIGINT: "interrupted",
    signal.SIGTERM: "terminated",
    signal.SIGHUP: "hung up",
    signal.SIGQUIT: "quit",
}
"""The signals that end a run in order, and what is said of each; any may be a container's own."""

_AFTER: Final = {
    **dict.fromkeys(
        ("index", "import", "train", "train-3d"), "run the same command again to go on"
    ),
    "demo": "the same command starts from the beginning, with --keep once the folder that was begun"
    " is removed",
}
"""What to do after verbs that go on where they were stopped, or leave what is in the way of the
same command; what others had found is lost."""


class Stopped(KeyboardInterrupt):
    """A signal of `STOPPING`, handled like an interrupt but with its own exit code."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.number = signal.Signals(number)


def run_stoppable(main: Callable[[], object]) -> NoReturn:
    """Run a command and leave with its exit code, at once when it was stopped.

    The kernel ignores these signals for process 1 (of a container) that does not ask for them;
    others that do not ask leave half-made files behind. The first signal ends the work as an
    exception does. Whoever sends a second one does not want to wait; and a stopped run does not
    wait for its threads either, nor unload libraries of C++ whose threads are at work, which may
    abort: the store is whole whenever a process ends.
    """
    for number in STOPPING:
        # One that is ignored, as by nohup or in the background of a script, stays so.
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _Stop())
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except KeyboardInterrupt as stop:
        code = explain_stop(stop)
    if code - 128 in STOPPING:
        exit_now(code)
    _drop_errors()
    sys.exit(code)


def explain_stop(stop: KeyboardInterrupt, verb: str | None = None) -> int:
    """Say on stderr what stopped the run of a verb; its exit code."""
    number = stop.number if isinstance(stop, Stopped) else signal.SIGINT
    after = _AFTER.get(verb or "", "the same command starts from the beginning")
    with suppress(OSError):
        os.write(2, f"{STOPPING[number]}; {after}\n".encode())
    return 128 + number


def _drop_errors() -> None:
    """Lead what stderr does not take nowhere: newer Pythons end with 120 if it is left at exit."""
    try:
        sys.stderr.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def exit_now(code: int) -> NoReturn:
    """End the process now, after flushing what was printed."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


class _Stop:
    """A handler that raises the first time and ends the process the second."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            exit_now(128 + number)
        self._asked = True
        # What it leaves half made cannot tidy up, and would complain of that on stderr.
        sys.unraisablehook = _say_nothing
        raise Stopped(number)


def _say_nothing(_: object) -> None:
    """Pass over an exception that nothing can be done about."""
