"""Files that were passed over because they cannot be read: named, counted, exit code 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import click

from opensearch.cli.messages import in_flags, say

if TYPE_CHECKING:
    from opensearch.records import Failure

SKIPPED: Final = 3
"""Exit code of what is done but for some files."""
SHOWN: Final = 20
"""Files that are named; more are counted."""


class Skipped:
    """Files of collections that a verb goes on without, each told once, as soon as it is known.

    Args:
        tell: prints a line.
    """

    def __init__(self, tell: Callable[[str], None] = say) -> None:
        self._tell = tell
        self._seen: dict[Failure, None] = {}

    def __call__(self, failure: Failure) -> None:
        """Name a file, if it is one of the first."""
        if failure not in self._seen and len(self._seen) < SHOWN:
            self._tell(in_flags(f"skipped {failure.path}: {failure.reason}"))
        self._seen[failure] = None

    def add(self, failures: Iterable[Failure]) -> None:
        """Name several."""
        for failure in failures:
            self(failure)

    def end(self) -> None:
        """Count them.

        Raises:
            click.exceptions.Exit: there are some.
        """
        count = len(self._seen)
        if not count:
            return
        files = "1 file was" if count == 1 else f"{count:,} files were"
        more = f" (the first {SHOWN} are named)" if count > SHOWN else ""
        self._tell(f"{files} skipped{more}; everything else is done")
        raise click.exceptions.Exit(SKIPPED)
