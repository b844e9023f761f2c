"""The command `opensearch`, also run by `python -m opensearch`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line; its exit code is the process's."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Who interrupts what follows has no use for a traceback of imports.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from opensearch.cli import main as verbs
    from opensearch.cli.stopping import run_stoppable

    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # closed, or replaced by a caller
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    run_stoppable(verbs)


def _open_streams() -> None:
    """Lead streams that are closed, as daemons and some schedulers leave them, nowhere.

    Their numbers are taken as well: a file opened later would get one of them, and with it
    whatever is printed there.
    """
    while (place := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(place, True)
    os.close(place)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


if __name__ == "__main__":
    main()
