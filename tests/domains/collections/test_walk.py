import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.walk import SYSTEM_FOLDERS, Ignored
from opensearch.records import Failure, Source


def make(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def walked(root, **options):
    """Keys, labels of what was ignored, and reasons of failures by name."""
    found = list(find_sources(root, **options))
    keys = [item.key for item in found if isinstance(item, Source)]
    labels = Counter(item.label for item in found if isinstance(item, Ignored))
    reasons = {Path(i.path).name: i.reason for i in found if isinstance(i, Failure)}
    return keys, labels, reasons


@pytest.mark.parametrize("name", [*sorted(SYSTEM_FOLDERS), "@eaDir", "FOUND.003", "$Recycle.Bin"])
def test_folders_of_the_system_are_left_out_wherever_they_lie(tmp_path, name):
    make(tmp_path, "a/b.png", f"a/{name}/b.png/thumb.jpg", f"{name}/c.png")
    keys, labels, reasons = walked(tmp_path)
    assert keys == ["a/b.png"]
    assert labels == {"system folder": 2}
    assert reasons == {}
    assert walked(tmp_path / name)[0] == ["c.png"], "named by the user, it is read"


def test_files_that_systems_leave_behind_are_ignored_by_their_reason(tmp_path):
    make(tmp_path, "Thumbs.db", "desktop.ini", ".DS_Store", "._a.png", ".Trash-1000/a.png", "a.png")
    keys, labels, _ = walked(tmp_path)
    assert keys == ["a.png"]
    assert labels == {".db": 1, ".ini": 1, "hidden": 2, "hidden folder": 1}


def test_an_index_in_its_own_source_is_no_part_of_it(tmp_path):
    inside = ("CURRENT", "manifest.json", "store/0/data.mdb", "model/model.json", "search/a.png")
    make(tmp_path, "a.png", "notes.txt", *(f"sub/index/{name}" for name in inside))
    keys, labels, reasons = walked(tmp_path)
    assert (keys, labels, reasons) == (["a.png"], {".txt": 1}, {})
    (tmp_path / "sub" / "index" / "CURRENT").unlink()
    assert walked(tmp_path)[0] == ["a.png", "sub/index/search/a.png"], "it is none without"


@pytest.mark.parametrize("name", ["b.png", "b.txt", "b"])
def test_a_link_to_itself_is_one_failure(tmp_path, name):
    make(tmp_path, "a.png", "c.png")
    (tmp_path / name).symlink_to(name)
    keys, _, reasons = walked(tmp_path)
    assert keys == ["a.png", "c.png"]
    assert reasons == {name: "cannot be followed: Too many levels of symbolic links"}


def test_links_that_lead_to_each_other_fail_apart(tmp_path):
    make(tmp_path, "a.png")
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    assert set(walked(tmp_path)[2]) == {"x", "y"}
    (failure,) = find_sources(tmp_path / "x")
    assert isinstance(failure, Failure)


def test_a_linked_folder_is_read_once_in_its_own_place(tmp_path):
    make(tmp_path, "real/a.png", "real/deep/b.png")
    (tmp_path / "again").symlink_to("real")
    (tmp_path / "real/deep/up").symlink_to("..")
    keys, labels, reasons = walked(tmp_path)
    assert keys == ["real/a.png", "real/deep/b.png"]
    assert labels == {"link to what is read elsewhere": 2}
    assert reasons == {}


def test_a_linked_folder_that_nothing_else_leads_to_is_followed_once(tmp_path):
    make(tmp_path, ".blobs/a.png", "z.png")
    (tmp_path / "one").symlink_to(".blobs")
    (tmp_path / "two").symlink_to(".blobs")
    (tmp_path / ".blobs/loop").symlink_to(tmp_path / ".blobs")
    keys, labels, reasons = walked(tmp_path)
    assert keys == ["one/a.png", "z.png"]
    assert labels == {"link to what is read elsewhere": 2, "hidden folder": 1}
    assert reasons == {}


def test_a_link_to_a_folder_outside_is_named_with_the_way_out(tmp_path):
    make(tmp_path, "c/a.png", "d/b.png")
    (tmp_path / "c/holiday").symlink_to("../d")
    keys, _, reasons = walked(tmp_path / "c")
    assert keys == ["a.png"]
    assert reasons == {
        "holiday": "is a link to a folder outside the collection;"
        f" to index it, name {str(tmp_path / 'd')!r} as a source, too"
    }
    keys, labels, reasons = walked(tmp_path / "c", beside=[tmp_path / "d"])
    assert (keys, labels, reasons) == (["a.png"], {"link to what is read elsewhere": 1}, {})


def test_a_link_to_a_file_outside_says_whether_there_is_one(tmp_path):
    make(tmp_path, "c/other.png", "d/b.png")
    (tmp_path / "c/a.png").symlink_to(tmp_path / "d/b.png")
    (tmp_path / "c/b.png").symlink_to(tmp_path / "d/gone.png")
    keys, _, reasons = walked(tmp_path / "c")
    assert keys == ["other.png"]
    assert reasons == {
        "a.png": "is a link that leads out of the collection; copy the file",
        "b.png": f"is a link that leads to nothing: there is no {str(tmp_path / 'd/gone.png')!r}",
    }


def test_a_root_that_is_a_link_is_walked(tmp_path):
    make(tmp_path, "d/b.png")
    (tmp_path / "link").symlink_to("d")
    assert walked(tmp_path / "link") == (["b.png"], {}, {})


def test_a_folder_mounted_inside_itself_is_walked_once(tmp_path, monkeypatch):
    make(tmp_path, "a/b/c.png")
    stat = os.stat

    def mounted(path, **options):
        return stat(tmp_path if Path(path) == tmp_path / "a/b" else path, **options)

    monkeypatch.setattr(os, "stat", mounted)
    assert walked(tmp_path) == ([], {"folder inside itself": 1}, {})


def test_folders_may_lie_deeper_than_python_calls_itself(tmp_path):
    depth = sys.getrecursionlimit() + 100
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(os.open("a.png", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    keys = walked(tmp_path)[0]
    for _ in range(depth - 1):  # by hand: what clears away temporary folders calls itself
        os.rename(tmp_path / "d/d", tmp_path / "e")
        os.rmdir(tmp_path / "d")
        os.rename(tmp_path / "e", tmp_path / "d")
    assert keys == ["d/" * depth + "a.png"]


NAMES = st.sampled_from(["a", "b", "@eaDir", ".h", "c.png", "d.png", "e.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.sets(PATHS, max_size=8), st.lists(st.tuples(PATHS, PATHS), max_size=4))
def test_any_tangle_of_links_ends_and_reads_no_file_twice(tmp_path_factory, files, links):
    root = tmp_path_factory.mktemp("tangle")
    for name in sorted(files):
        try:
            make(root, name)
        except OSError:
            continue
    for name, target in links:
        try:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(root / target)
        except OSError:
            continue
    keys, _, _ = walked(root)
    assert len(keys) == len(set(keys))
    plain = [(root / key).resolve() for key in keys if not (root / key).is_symlink()]
    assert len(plain) == len(set(plain))
