"""The contents of a file piped in, which `-` stands for where a verb takes a file."""

from __future__ import annotations

import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from opensearch.errors import InvalidInput, OverLimit
from opensearch.limits import Limits

if TYPE_CHECKING:
    from opensearch.model import Content

DASH: Final = "-"
T = TypeVar("T")
_NAME: Final = "stdin"


def check_files(files: Sequence[Path]) -> None:
    """Refuse `-` that nothing is piped to, and pipes that are named otherwise.

    Raises:
        click.UsageError: with what to type instead.
    """
    dashes = sum(map(_is_dash, files))
    if dashes > 1:
        raise click.UsageError("- is one file piped in, but it is given more than once")
    if dashes and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError(
            "- is a file piped in, but nothing is; pipe one, as in"
            f" `cat FILE | opensearch {_line()}`"
        )
    for file in files:
        if not _is_dash(file) and _is_pipe(file):
            raise click.UsageError(
                f"{file} is a pipe; pipe its contents in as - instead, as in"
                f" `cat FILE | opensearch {_line()}`"
            )


def taken(file: Path) -> Path | Content:
    """The contents of stdin for `-`, read to its end; any other path as it is.

    Raises:
        InvalidInput: nothing came, or it cannot be read.
        OverLimit: more came than a file may hold.
    """
    if not _is_dash(file):
        return file
    from opensearch.model import Content

    return Content(_read(Limits().bytes), _NAME)


def taken_each(files: Sequence[tuple[Path, T]]) -> list[tuple[Any, T]]:
    """Files with what belongs to each, such as a weight, as `taken`."""
    return [(taken(file), more) for file, more in files]


def _is_dash(file: Path) -> bool:
    return str(file) == DASH


def _is_pipe(file: Path) -> bool:
    try:
        return stat.S_ISFIFO(file.stat().st_mode)
    except (OSError, ValueError):
        return False  # told where it is opened


def _line() -> str:
    verb = click.get_current_context().info_name
    return {"query": "query INDEX -", "reconstruct": "reconstruct - ..."}.get(
        str(verb), f"{verb} - ..."
    )


def _read(most: int) -> bytes:
    try:
        data = sys.stdin.buffer.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InvalidInput(f"stdin cannot be read: {reason}") from error
    if not data:
        raise InvalidInput("- is a file piped in, but stdin is empty")
    if len(data) > most:
        raise OverLimit(f"stdin holds over {most:,} bytes, the limit of a file")
    return data
