"""Hits on the terminal: as rows, as JSON, as paths, and opened by the system."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from opensearch.cli.messages import in_flags, json_line, say, visible
from opensearch.cli.tables import header, print_paths
from opensearch.records import is_address

if TYPE_CHECKING:
    from opensearch.engine.query import Answer
    from opensearch.records import Hit

HEADER: Final = "rank   score  bits  domain   key  [category]"
_OPENERS: Final = {"darwin": "open", "win32": "explorer"}
_SECONDS: Final = 2.0
"""How long an opener may take to say that it cannot."""


def remarks(answer: Answer, fields: Collection[str] = ()) -> list[str]:
    """Remarks on an answer in the words of the command line, or of fields, see `in_flags`."""
    return [in_flags(note, fields=fields) for note in answer.notes]


def on_scores(answer: Answer) -> Iterator[str]:
    """What the scores are, where they are no probabilities, and what refinement did."""
    if answer.score_kind == "cosine":
        yield (
            "scores are cosines, not probabilities: the model is not calibrated for this"
            " (opensearch calibrate --help)"
        )
    brought = [f"{len(ids)} in {target}" for target, ids in answer.refined.items() if ids]
    if brought:
        yield f"refinement brought hits forward: {', '.join(brought)} (--no-refine turns it off)"
    elif answer.refined and uneven([hit.score for hit in answer.hits]):
        yield "refinement ordered the hits, so scores may rise again (--no-refine turns it off)"


def uneven(scores: Sequence[float | None]) -> bool:
    """Whether a score is above one before it, as both are shown."""
    shown = [round(score, 2) for score in scores if score is not None]
    return shown != sorted(shown, reverse=True)


def taken_as(answer: Answer) -> list[str]:
    """What the files of a query were taken for; of those that were guessed a remark tells."""
    files = answer.understood.files
    return [f"{visible(file.name)} taken as {file.domain}" for file in files if file.sure]


def show(answer: Answer, *, as_json: bool, end: str | None) -> None:
    """An answer with what was understood of the query: rows, JSON, or paths with their `end`."""
    for line in [] if as_json else taken_as(answer):
        say(line)
    for note in [*answer.notes, *on_scores(answer)]:
        say(note)
    if as_json:
        print_json(answer.hits, answer.understood.to_dict())
    elif end is not None:
        print_paths((hit.path for hit in answer.hits), end, "hit")
    else:
        print_hits(answer.hits)


def print_hits(hits: Sequence[Hit]) -> None:
    """A row a hit, under a header where people read it."""
    if not hits:
        say("no hits")
        return
    header(HEADER)
    for hit in hits:
        label = f"  [{hit.category}]" if hit.category else ""
        name = visible(hit.key + label)
        click.echo(f"{hit.rank:>4}  {score_of(hit)}  {hit.distance:>3}  {hit.domain:<8} {name}")


def score_of(hit: Hit) -> str:
    """The score of a hit, six characters wide."""
    if hit.score is None:
        return "     -"
    return f"{hit.score:6.2f}" if hit.score_kind == "probability" else f"{hit.score:6.4f}"


def print_json(hits: Sequence[Hit], understood: dict[str, Any]) -> None:
    """A JSON object a hit, with what was understood of the query."""
    told = {"understood": understood} if understood else {}
    for hit in hits:
        click.echo(json_line({**hit.to_dict(), **told}))


def open_first(hits: Sequence[Hit], page: Path | None) -> None:
    """Open the page, or else the file of the first hit, as a click on it would.

    What cannot be opened is told and is no failure: the hits are there.
    """
    if page is None and not hits:
        return
    path = page.absolute() if page is not None else _file_of(hits[0])
    if path is None:
        say(f"nothing to open: {hits[0].key} has no file")
    elif page is None and is_address(hits[0].path):
        say(f"nothing to open here: the file is at {hits[0].path}")
    elif not path.exists():
        say(f"nothing to open: {path} is gone")
    else:
        _open(path)


def _file_of(hit: Hit) -> Path | None:
    from opensearch.domains.collections.layout import split_part

    return Path(split_part(hit.path)[0]) if hit.path else None


def _open(path: Path) -> None:
    name = _OPENERS.get(sys.platform, "xdg-open")
    opener = shutil.which(name)
    if opener is None:
        say(f"there is no {name} here to open {path}")
        return
    nowhere = subprocess.DEVNULL
    try:
        run = subprocess.Popen(
            [opener, os.fspath(path)],
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
        )
        failed = run.wait(_SECONDS) != 0
    except subprocess.TimeoutExpired:
        failed = False  # it shows the file for as long as it is looked at
    except OSError:
        failed = True
    if failed:
        say(f"{name} could not open {path}")
