"""A service over a toy index, asked in this process."""

import shutil

import pytest
from service_clients import MODEL, client_of

from opensearch.engine import Engine


@pytest.fixture(scope="session")
def toy_index(toy_collection, tmp_path_factory):
    """An index of the toy collection, which lies beside it: read only."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(toy_collection, folder / "collection")
    with Engine.create(folder / "index", MODEL) as engine:
        engine.add(folder / "collection")
    return folder / "index"


@pytest.fixture(scope="session")
def client(toy_index):
    """A client of a service that only reads."""
    with client_of(toy_index) as client:
        yield client


@pytest.fixture
def own_index(toy_collection, tmp_path):
    """A small index that a test may change, with its collection beside it."""
    for folder in ("photo/cube", "sketch/disc"):
        shutil.copytree(toy_collection / folder, tmp_path / "own" / "collection" / folder)
    with Engine.create(tmp_path / "own" / "index", MODEL) as engine:
        engine.add(tmp_path / "own" / "collection")
    return tmp_path / "own" / "index"


@pytest.fixture
def writer(own_index):
    """A client of a service that may write."""
    with client_of(own_index, writable=True) as client:
        yield client
