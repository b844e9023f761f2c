"""How a process of ours is started: it runs a module of ours and nothing of the caller's."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import opensearch

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "


def python(code: str, *words: str) -> list[str]:
    """The command of a Python that imports what this one does, and runs `code`.

    It has the words after `sys.argv[0]`. The working folder is no place to import from: a file
    there that is called like a module, `random.py`, is the user's own.
    """
    folder = str(Path(opensearch.__file__).parents[1])
    places = [entry for entry in sys.path if os.path.isabs(entry)]
    if folder not in places:  # found by way of the working folder
        installed = [at for at, place in enumerate(places) if place.endswith("-packages")]
        # Before other versions of it, and behind Python's own modules.
        places.insert(installed[0] if installed else len(places), folder)
    options = ["-P", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT + code]
    return [sys.executable, *options, json.dumps(places), *words]
