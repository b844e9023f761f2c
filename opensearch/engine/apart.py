"""Checking an index in a process of its own: damaged files may kill whoever reads them.

LMDB maps its file into memory and trusts it. A file that was cut short ends the reader by SIGBUS,
a page of zeros by an assertion; neither can be caught, so a child is sent ahead.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from opensearch.errors import OpenSearchError, StoreError

_CHILD = "from opensearch.engine.apart import answer; answer()"


def verify_apart(path: Path, repair: bool) -> list[str]:
    """As `Engine.verify`, in a child; that the child was killed is a problem like others.

    Raises:
        StoreError: the folder is no index, or cannot be opened.
    """
    asked = [sys.executable, "-c", _CHILD, str(path), str(int(repair))]
    done = subprocess.run(asked, capture_output=True, check=False)
    if done.returncode < 0:
        return [
            f"reading {path} ended its process ({signal.Signals(-done.returncode).name}): its files"
            " are damaged or cut short; restore the index from a copy, or build it again"
        ]
    try:
        said = json.loads(done.stdout)
    except ValueError:
        text = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"checking {path} failed: {text}") from None
    if isinstance(said, str):
        raise StoreError(said)
    problems: list[str] = said
    return problems


def answer() -> None:
    """In the child: print what is found as JSON; a text is an error of ours."""
    from opensearch.engine.engine import Engine

    try:
        with Engine.open(sys.argv[1]) as engine:
            found: list[str] | str = engine.verify(repair=sys.argv[2] == "1")
    except OpenSearchError as error:
        found = str(error)
    sys.stdout.write(json.dumps(found))
