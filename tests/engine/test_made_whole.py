"""A folder is there once all of it is, however many processes make it at once."""

import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.lifecycle.made_whole import made_whole
from opensearch.errors import StoreError

MODEL = Path(__file__).parents[1] / "golden" / "model"


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def fill(path, then, text="later"):
    with made_whole(path) as made:
        (made / "file").write_text(text)
        then()


def test_it_is_there_at_the_end(tmp_path):
    with made_whole(tmp_path / "new" / "out") as made:
        (made / "file").write_text("whole")
        assert not (tmp_path / "new" / "out").exists()
    assert left(tmp_path / "new") == ["out"]
    assert left(tmp_path / "new" / "out") == ["file"]


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with made_whole(tmp_path / "out") as made:
        (made / "file").write_text("whole")
    assert left(tmp_path / "out") == ["file"]


def interrupted():
    raise KeyboardInterrupt


def test_nothing_is_left_of_a_failure(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "out", interrupted)
    assert left(tmp_path) == []


def test_a_second_one_is_refused_while_the_first_is_at_it(tmp_path):
    with made_whole(tmp_path / "out") as made:
        (made / "file").write_text("first")
        with (
            pytest.raises(StoreError, match=r"another process is making .*out now; wait"),
            made_whole(tmp_path / "out"),
        ):
            raise AssertionError
        with made_whole(tmp_path / "out.more") as other:
            (other / "file").write_text("other")
    assert left(tmp_path) == ["out", "out.more"]
    assert (tmp_path / "out" / "file").read_text() == "first"


def test_of_two_that_began_together_the_later_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("opensearch.engine.lifecycle.made_whole._remove_left", lambda path: None)
    with pytest.raises(StoreError, match=r"out is there already: another process has made it"):
        fill(tmp_path / "out", lambda: fill(tmp_path / "out", str, "first"))
    assert left(tmp_path) == ["out"]
    assert (tmp_path / "out" / "file").read_text() == "first"


def killed(path):
    with made_whole(path) as made:
        (made / "file").write_text("half")
        os._exit(9)


@pytest.mark.parametrize("name", ["out", "[o]ut*", "ö ut"])
def test_what_a_killed_process_left_goes(tmp_path, name):
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(tmp_path / name,))
    process.start()
    process.join()
    assert len(left(tmp_path)) == 1
    with made_whole(tmp_path / name) as made:
        (made / "file").write_text("whole")
    assert left(tmp_path) == [name]
    assert left(tmp_path / name) == ["file"]


def test_copies_and_exports_refuse_a_place_where_one_is_made(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo")
        with made_whole(tmp_path / "out"):
            for write in (engine.copy_to, engine.export_to):
                with pytest.raises(StoreError, match="another process is making"):
                    write(tmp_path / "out")
        assert engine.copy_to(tmp_path / "out") == 3
        (tmp_path / "file").write_text("here")
        with pytest.raises(StoreError, match="file is there already"):
            engine.copy_to(tmp_path / "file")
    assert left(tmp_path) == ["file", "index", "out"]
