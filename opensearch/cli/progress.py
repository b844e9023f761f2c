"""Progress on stderr: a bar on a terminal, elsewhere a line every ten seconds."""

from __future__ import annotations

import sys
import time
from typing import Any, Final, Self

import click
from tqdm import tqdm

from opensearch.cli.messages import say

EVERY: Final = 10.0
"""Seconds between two lines; work that is done sooner says nothing."""


quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bars.")
"""Gives a verb that shows progress the argument `quiet`."""


class Bars:
    """One bar at a time, named by the work it shows; `quiet` shows none."""

    def __init__(self, quiet: bool = False) -> None:
        self._off = quiet
        self._terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._what = ""
        self._told = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, what: str, done: int, total: int) -> None:
        """Move the bar of `what` to `done` of `total`."""
        if self._off:
            return
        if not self._terminal:
            self._tell(what, done, total)
            return
        if what != self._what:
            self._close()
            self._bar, self._what = tqdm(total=total, desc=what, leave=True), what
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def note(self, text: str) -> None:
        """Print one line on stderr without breaking the bar."""
        if self._bar is not None:
            self._bar.clear()
        say(text)
        if self._bar is not None:
            self._bar.refresh()

    def _tell(self, what: str, done: int, total: int) -> None:
        """A line, where the last one was long ago."""
        if time.monotonic() - self._told >= EVERY:
            self._told = time.monotonic()
            say(f"{what}: {done} of {total}")

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar, self._what = None, ""
