"""A folder for the file that is being read, which is gone however that ends."""

from __future__ import annotations

import os
import tempfile
from typing import Final

ROOMS: Final = "OPENSEARCH_ROOMS"
"""The variable in which a process is told how its folders are to be named: whoever started it
removes them where it was ended."""


def room() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder, as a context."""
    return tempfile.TemporaryDirectory(prefix=os.environ.get(ROOMS, "opensearch-"))
