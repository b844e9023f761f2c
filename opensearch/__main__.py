"""The command `opensearch`, also run by `python -m opensearch`."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]


def main() -> NoReturn:
    """Run the command line; its exit code is the process's."""
    from opensearch.cli import main as verbs
    from opensearch.cli.stopping import run_stoppable

    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # closed, or replaced by a caller
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    run_stoppable(verbs)


if __name__ == "__main__":
    main()
