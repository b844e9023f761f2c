"""A folder is there once all of it is, however many processes make it at once."""

import fcntl
import multiprocessing
import os
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.engine.lifecycle import made_whole as made_whole_module
from opensearch.engine.lifecycle.made_whole import made_whole
from opensearch.errors import InvalidInput, StoreError

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
    monkeypatch.setattr("opensearch.engine.lifecycle.made_whole._remove_left", lambda *_: None)
    with pytest.raises(StoreError, match=r"out is there already: another process has made it"):
        fill(tmp_path / "out", lambda: fill(tmp_path / "out", str, "first"))
    assert left(tmp_path) == ["out"]
    assert (tmp_path / "out" / "file").read_text() == "first"


def killed(path):
    with made_whole(path) as made:
        (made / "file").write_text("half")
        os._exit(9)


@pytest.mark.parametrize("name", ["out", "[o]ut*", "ö ut", "e" * 255, "椅" * 85])
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


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """A folder that cannot be replaced, as of a disk that is mounted there."""
    (tmp_path / "disk").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == tmp_path / "disk")

    def refused(path, target):
        if Path(target) == tmp_path / "disk":
            raise OSError(16, "Device or resource busy")
        os.rename(path, target)
        return Path(target)

    monkeypatch.setattr(Path, "rename", refused)
    return tmp_path / "disk"


def test_a_disk_that_is_mounted_is_filled(mounted, tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo")
        assert engine.export_to(mounted) == 3
        with pytest.raises(InvalidInput, match="disk is there already"):
            engine.export_to(mounted)
    with Engine.open_for(mounted, tmp_path / "other", MODEL) as other:
        assert other.import_from(mounted).added == 3
    assert left(tmp_path) == ["disk", "index", "other"]
    assert not [name for name in left(mounted) if name.startswith(".")]


def test_copies_and_exports_take_the_longest_names_there_are(tmp_path):
    exported, copied = tmp_path / ("e" * 255), tmp_path / ("椅" * 85)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo")
        assert engine.export_to(exported) == 3
        assert engine.copy_to(copied) == 3
    assert set(left(tmp_path)) == {"index", exported.name, copied.name}


def test_a_copy_fills_a_disk_that_is_mounted_its_manifest_last(mounted, tmp_path, monkeypatch):
    order, rename = [], Path.rename

    def followed(path, target):
        order.append(Path(target).name)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", followed)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "photo")
        assert engine.copy_to(mounted) == 3
    assert order[-1] == "manifest.json"
    with Engine.open(mounted) as copied:
        assert len(copied) == 3


def test_what_a_killed_process_left_on_a_disk_goes(mounted, tmp_path):
    (mounted / ".disk.abcdefgh.partial").mkdir()
    with Engine.create(tmp_path / "index", MODEL) as engine:
        assert engine.export_to(mounted) == 0
    assert "manifest.json" in left(mounted)
    assert not [name for name in left(mounted) if name.startswith(".")]


def test_a_link_to_an_empty_folder_is_taken_for_the_folder(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    with made_whole(tmp_path / "link") as made:
        (made / "file").write_text("whole")
    assert left(tmp_path) == ["link", "there"]
    assert left(tmp_path / "there") == ["file"]
    assert (tmp_path / "link").is_symlink()


def test_an_empty_room_of_a_killed_process_goes(tmp_path):
    (tmp_path / ".out.abcdefgh.partial").mkdir()
    fill(tmp_path / "out", str)
    assert left(tmp_path) == ["out"]


def waits_before_it_locks(path, sending, going_on):
    """Make `path` in a process that waits before it locks its room, until the other went by."""
    lock = made_whole_module.fcntl.flock

    def late(file, how):
        if how == fcntl.LOCK_EX and not going_on.is_set():
            sending.set()
            going_on.wait()
        lock(file, how)

    with mock.patch.object(made_whole_module.fcntl, "flock", late):
        fill(path, str)


def waits_before_it_makes_the_lock(path, sending, going_on):
    """The same, but it waits before it makes the lock."""
    make = tempfile.mkdtemp

    def late(*where):
        made = make(*where)
        if not going_on.is_set():
            sending.set()
            going_on.wait()
        return made

    with mock.patch.object(tempfile, "mkdtemp", late):
        fill(path, str)


@pytest.mark.parametrize("first", [waits_before_it_locks, waits_before_it_makes_the_lock])
def test_a_room_that_another_process_removed_before_it_was_locked_is_made_anew(tmp_path, first):
    spawn = multiprocessing.get_context("spawn")
    came, going_on = spawn.Event(), spawn.Event()
    process = spawn.Process(target=first, args=(tmp_path / "out", came, going_on), daemon=True)
    process.start()
    assert came.wait(60)
    made_whole_module._remove_left(tmp_path / "out", tmp_path)
    assert left(tmp_path) == []
    going_on.set()
    process.join()
    assert process.exitcode == 0
    assert left(tmp_path) == ["out"]


def makes_often(folder, times, refused):
    for turn in range(times):
        try:
            fill(folder / str(turn), str)
        except StoreError:
            refused.put(turn)


def test_two_processes_at_it_all_the_time_end_with_one_folder_or_a_refusal(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    refused = spawn.SimpleQueue()
    both = [spawn.Process(target=makes_often, args=(tmp_path, 40, refused)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert left(tmp_path) == sorted(str(turn) for turn in range(40))
