"""Files of an index that may not be read, or lead nowhere: one error of ours, in both worlds.

The system's refusal is played, since nothing is closed to root.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.lifecycle import mending
from opensearch.engine.verify import check_index
from opensearch.errors import OpenSearchError

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def index(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo", keys=["a", "b", "c"])
        engine.export_to(tmp_path / "export")
    return tmp_path / "index"


def close(monkeypatch, place):
    """Play that the system refuses what lies at a place or below it."""
    real_stat, real_open, place = os.stat, open, str(place)

    def refuse(path):
        if isinstance(path, int):
            return
        path = os.path.abspath(os.fsdecode(path))
        if path.startswith(f"{place}/") or (path == place and os.path.splitext(place)[1]):
            raise PermissionError(13, "Permission denied", path)

    def stat(path, *rest, **more):
        refuse(path)
        return real_stat(path, *rest, **more)

    def opening(path, *rest, **more):
        refuse(path)
        return real_open(path, *rest, **more)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr("io.open", opening)
    monkeypatch.setattr("builtins.open", opening)


@pytest.mark.parametrize("part", ["store", "store/0", "model", "model/model.json"])
def test_an_index_that_may_not_be_read_is_refused_in_our_words(index, monkeypatch, part):
    close(monkeypatch, os.path.normpath(index / part))
    for call in (
        lambda: Engine.open(index).close(),
        lambda: Engine.open_for(index.parent / "export", index, MODEL),
    ):
        with pytest.raises(OpenSearchError, match="Permission denied") as told:
            call()
        assert "damaged" not in str(told.value)
        assert "gone" not in str(told.value)
        assert "is not an index" not in str(told.value)


def test_an_index_that_may_not_be_entered_is_not_called_none(index, monkeypatch):
    close(monkeypatch, index)
    with pytest.raises(OpenSearchError, match="index cannot be opened: Permission denied"):
        Engine.open(index)


def test_what_may_not_be_read_is_a_problem_of_the_index(index, monkeypatch):
    close(monkeypatch, index / "store")
    found, left = mending.check_folder(index, False)
    assert found == left
    assert any("cannot be read: Permission denied" in problem for problem in found)
    with pytest.raises(OpenSearchError, match="Permission denied"):
        Engine.open(index)
    assert check_index(index, False)[1]


def test_a_model_of_too_long_a_name_is_none(index, tmp_path):
    for call in (
        lambda: Engine.create(tmp_path / "new", "m" * 300),
        lambda: Engine.open(index, "m" * 300),
    ):
        with pytest.raises(OpenSearchError, match="File name too long"):
            call()
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("part", ["store", "store/0/data.mdb", "CURRENT"])
def test_a_part_that_leads_to_itself_is_told(index, part):
    lost = index / part
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    lost.symlink_to(lost.name)
    with pytest.raises(OpenSearchError):
        Engine.open(index)
    assert check_index(index, False)[1]
