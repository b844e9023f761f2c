"""A file system of fsspec in memory, for all that lies at an address."""

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture(autouse=True)
def memory():
    """An empty one; all of one process are the same."""
    system = fsspec.filesystem("memory")
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]
    yield system
    MemoryFileSystem.store.clear()
