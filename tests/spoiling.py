"""Reading processes that do what a test asks: pictures are not decoded but run, as Python."""

import os
from pathlib import Path

HOOK = """
import sys
from dataclasses import replace
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "opensearch.domains.opening.worker":
            sys.meta_path.remove(self)
            import opensearch.domains as room
            def reader(settings, limits):
                def read(path, part=None, up=None):
                    exec(path.read_text())
                return read
            spoiled = replace(room.READERS["image"], open=reader)
            room.READERS["image"] = spoiled
sys.meta_path.insert(0, Finder())
"""


def spoil(folder: Path) -> str:
    """A PYTHONPATH under which reading processes are spoiled, and nothing else is."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HOOK)
    return os.pathsep.join([str(folder), str(Path(__file__).parents[1])])
