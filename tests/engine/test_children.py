"""Processes of ours import what is ours, whatever lies in the working folder."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import opensearch
from opensearch.engine import Engine
from opensearch.engine.verify import verify_index
from opensearch.processes.child import python

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture(autouse=True)
def among_namesakes(tmp_path, monkeypatch):
    """A working folder whose files are called like modules of Python."""
    for name in ("json", "random", "select", "shutil", "threading"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a script of the user')")
    monkeypatch.chdir(tmp_path)


def test_an_index_is_compacted_and_verified():
    with Engine.create("index", MODEL) as engine:
        engine.add_codes(np.eye(2, dtype=np.uint8), "photo", ["a", "b"])
        engine.remove(["a"])
        engine.compact()
        assert [item.key for item in engine.records()] == ["b"]
    assert verify_index("index", repair=False) == ([], [])


def test_a_child_has_its_words_and_what_this_process_imports():
    code = "import opensearch, random, sys; print(opensearch.__file__, *sys.argv[1:])"
    said = subprocess.check_output(python(code, "ä b", "-c"), text=True)
    assert said == f"{opensearch.__file__} ä b -c\n"


def test_a_library_that_was_found_in_the_working_folder_goes_before_others(monkeypatch):
    """Another version may be installed, of another format; Python's own modules come first."""
    folder = str(Path(opensearch.__file__).parents[1])
    for known, wanted in (
        (["", "/python", "/site-packages"], ["/python", folder, "/site-packages"]),
        (["/python", ""], ["/python", folder]),
        (["/site-packages", folder], ["/site-packages", folder]),
    ):
        monkeypatch.setattr("sys.path", known)
        assert json.loads(python("")[-1]) == wanted
