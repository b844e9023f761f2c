"""A named pipe in place of a file of an index is told, and never waited for."""

import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine, verify_index
from opensearch.errors import OpenSearchError, StoreError
from opensearch.files import read_regular

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "index"
    with Engine.create(path, MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo", ["a", "b", "c"])
    return path


@pytest.fixture(autouse=True)
def no_waiting():
    """What waits for a pipe ends by an error."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("a pipe was waited for"))
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def in_place_of(file):
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink(missing_ok=True)
    os.mkfifo(file)


def test_current(index):
    in_place_of(index / "CURRENT")
    with pytest.raises(
        StoreError, match=r"CURRENT of index .* cannot be read: it is a folder, dev"
    ):
        Engine.open(index)
    verify_index(index, True)
    with Engine.open(index) as engine:
        assert len(engine) == 3


def test_the_list_of_ignored_files(index):
    in_place_of(index / "ignored.jsonl")
    with Engine.open(index) as engine, pytest.raises(StoreError, match=r"ignored.jsonl cannot be"):
        engine.ignored()


@pytest.mark.parametrize("name", ["manifest.json", "model/model.json", "store/0/data.mdb"])
def test_what_an_index_is_made_of(index, name):
    in_place_of(index / name)
    with pytest.raises(OpenSearchError):
        Engine.open(index)
    assert verify_index(index, False)[0]


def test_what_is_derived(index):
    with Engine.open(index) as engine:
        engine._generations.settle()
    for file in [*index.glob("search/*/*"), index / "search"]:
        in_place_of(file)
        with Engine.open(index) as engine:
            assert len(engine.search_batch(np.zeros((1, 2), np.uint8), k=3)[1][0]) == 3
    verify_index(index, True)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_only_files_are_read(tmp_path, make):
    make(tmp_path / "odd")
    with pytest.raises(OSError, match="it is a folder, device, pipe or socket"):
        read_regular(tmp_path / "odd")
    (tmp_path / "file").write_bytes(b"read")
    assert read_regular(tmp_path / "file") == b"read"
