"""Checking an index, in a process of its own because damaged files may kill the reader.

LMDB maps its file into memory and trusts it. A file that was cut short ends the reader by SIGBUS,
a page of zeros by an assertion; neither can be caught, so a child is sent ahead.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from opensearch.engine.checking import checked
from opensearch.engine.engine import Engine
from opensearch.engine.lifecycle.places import kind_of, located
from opensearch.errors import OpenSearchError, StoreError, system_reason
from opensearch.processes.child import python
from opensearch.records import Where

_CHILD = "from opensearch.engine.verify import answer; answer()"


@checked()
def verify_index(path: Where, repair: bool) -> tuple[list[str], list[str]]:
    """As `Engine.verify`, in a child process; a killed child is reported as a problem.

    Returns:
        Problems that were found, and those that are left: the same ones without `repair`.

    Raises:
        StoreError: the folder is no index, or cannot be opened.
    """
    done = subprocess.run(
        python(_CHILD, str(path), str(int(repair))), capture_output=True, check=False
    )
    if done.returncode < 0:
        killed = [
            f"reading {path} ended its process ({signal.Signals(-done.returncode).name}): its files"
            " are damaged or cut short; restore the index from a copy, or build it again"
        ]
        return killed, killed
    try:
        said = json.loads(done.stdout)
    except ValueError:
        text = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise StoreError(f"checking {path} failed: {text}") from None
    if isinstance(said, str):
        raise StoreError(said)
    found, left = said
    return found, left


def answer() -> None:
    """In the child: print the result as JSON; a string is the text of an error."""
    try:
        said: tuple[list[str], list[str]] | str = check_index(
            located(sys.argv[1]), sys.argv[2] == "1"
        )
    except OpenSearchError as error:
        said = str(error)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        said = f"{sys.argv[1]} cannot be checked: {where}{system_reason(error)}"
    sys.stdout.write(json.dumps(said))


def check_index(path: Where, repair: bool) -> tuple[list[str], list[str]]:
    """Check what surrounds the store, then the store and its search files."""
    found, left = kind_of(path).problems(path, repair)
    try:
        with Engine.open(path) as engine:
            inside = engine.verify(repair)
            found += [problem for problem in inside if problem not in found]
            after = engine.verify() if inside and repair else inside
            left += [problem for problem in after if problem not in left]
    except OpenSearchError as error:
        if not found:
            raise
        if str(error) not in left:
            left.append(str(error))
    return found, left
