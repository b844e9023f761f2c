"""The collection that is shipped for the demo; `tools/make_demo.py` of the repository makes it."""

from __future__ import annotations

import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Final

ARCHIVE: Final = "demo_collection.zip"


def unpack_demo(folder: Path) -> None:
    """Write the shipped collection's files to a folder.

    Raises:
        OSError: the folder cannot be written.
    """
    with (files(__package__) / ARCHIVE).open("rb") as file, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
