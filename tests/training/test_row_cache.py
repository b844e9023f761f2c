"""Cached rows: computed once a file, whole or not at all, apart by recipe."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import opensearch.training.cache as cache_module
from opensearch.config import ReaderSettings
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.records import Source
from opensearch.training.cache import RowCache, cache_folder
from opensearch.training.features import collection_features, collection_views


@pytest.fixture
def chunk_of_four(monkeypatch):
    monkeypatch.setattr(cache_module, "CHUNK", 4)


class Counter:
    """A compute that gives a file's number as its row and remembers whom it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, part):
        self.asked.append([source.key for source in part])
        for source in part:
            text = source.path.read_text() if source.path.exists() else "bad"
            if text == "bad":
                yield UnreadableFile(f"{source.key} is bad")
            else:
                yield np.array([int(text), 7], np.int32)


def sources_in(folder, texts):
    folder.mkdir(exist_ok=True)
    for place, text in enumerate(texts):
        (folder / f"{place}").write_text(text)
    return [Source(folder / f"{place}", f"k{place}") for place in range(len(texts))]


def values(rows):
    return rows.take(range(len(rows)))[:, 0].tolist() if len(rows) else []


def test_a_second_run_computes_nothing(tmp_path, chunk_of_four):
    sources = sources_in(tmp_path / "data", [str(n) for n in range(10)])
    compute, again = Counter(), Counter()
    steps = []
    first = RowCache(tmp_path / "c", "r").rows(
        sources, compute, lambda *step: steps.append(step), "reading"
    )
    second = RowCache(tmp_path / "c", "r").rows(sources, again)
    assert values(first) == values(second) == list(range(10))
    assert [len(keys) for keys in compute.asked] == [4, 4, 2]
    assert again.asked == []
    assert steps == [("reading", done, 10) for done in (0, 4, 8, 10)]
    assert isinstance(second.chunks[0], np.memmap)


def test_an_edited_file_alone_is_computed_again(tmp_path, chunk_of_four):
    sources = sources_in(tmp_path / "data", [str(n) for n in range(10)])
    RowCache(tmp_path / "c", "r").rows(sources, Counter())
    sources[5].path.write_text("500")
    again = Counter()
    rows = RowCache(tmp_path / "c", "r").rows(sources, again)
    assert again.asked == [["k5"]]
    assert values(rows) == [0, 1, 2, 3, 4, 500, 6, 7, 8, 9]


def test_an_edit_that_keeps_the_size_is_seen_by_its_time(tmp_path):
    sources = sources_in(tmp_path / "data", ["1", "2"])
    RowCache(tmp_path / "c", "r").rows(sources, Counter())
    before = sources[1].path.stat().st_mtime_ns
    sources[1].path.write_text("3")
    os.utime(sources[1].path, ns=(before, before + 1))
    assert values(RowCache(tmp_path / "c", "r").rows(sources, Counter())) == [1, 3]


@settings(max_examples=20)
@given(
    first=st.lists(st.integers(0, 9), max_size=9), second=st.lists(st.integers(0, 9), max_size=9)
)
def test_any_two_selections_share_what_they_share(tmp_path_factory, first, second):
    """Rows come in the order asked, repeated where asked twice, whatever was cached before."""
    folder = tmp_path_factory.mktemp("any")
    sources = sources_in(folder / "data", [str(n) if n % 4 else "bad" for n in range(10)])
    compute = Counter()
    for chosen in (first, second):
        rows = RowCache(folder / "c", "r").rows([sources[n] for n in chosen], compute)
        assert values(rows) == [n for n in chosen if n % 4]
        assert [failure.path for failure in rows.failures] == [f"k{n}" for n in chosen if not n % 4]
        assert rows.sources == [sources[n] for n in chosen if n % 4]
    assert {key for keys in compute.asked for key in keys} == {f"k{n}" for n in {*first, *second}}
    later = [key for keys in compute.asked[bool(first) :] for key in keys]
    assert not {f"k{n}" for n in first} & set(later)


def test_failures_are_remembered_with_their_reasons(tmp_path, chunk_of_four):
    sources = sources_in(tmp_path / "data", ["0", "bad", "2", "bad", "bad"])
    sources.append(Source(tmp_path / "data" / "none", "gone"))
    RowCache(tmp_path / "c", "r").rows(sources, Counter())
    again = Counter()
    rows = RowCache(tmp_path / "c", "r").rows(sources, again)
    assert again.asked == []
    assert values(rows) == [0, 2]
    assert [source.key for source in rows.sources] == ["k0", "k2"]
    assert [failure.path for failure in rows.failures] == ["k1", "k3", "k4", "gone"]
    assert rows.failures[0].reason == "k1 is bad"


def test_a_missing_file_that_comes_is_read(tmp_path):
    sources = [Source(tmp_path / "late", "late")]
    assert not len(RowCache(tmp_path / "c", "r").rows(sources, Counter()))
    (tmp_path / "late").write_text("4")
    assert values(RowCache(tmp_path / "c", "r").rows(sources, Counter())) == [4]


def test_another_recipe_is_another_folder(tmp_path):
    sources = sources_in(tmp_path / "data", ["1"])
    for recipe in ("r", "s", "r"):
        RowCache(tmp_path / "c", recipe).rows(sources, Counter())
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_drawings_of_one_file_are_rows_of_their_own(tmp_path):
    (tmp_path / "x").write_text("1")
    sources = [Source(tmp_path / "x", f"x#{part}", part) for part in (1, 2)]
    rows = RowCache(tmp_path / "c", "r").rows(
        sources, lambda part: (np.array([source.part]) for source in part)
    )
    assert values(rows) == [1, 2]


def test_an_error_midway_leaves_no_half_chunk(tmp_path, chunk_of_four):
    sources = sources_in(tmp_path / "data", [str(n) for n in range(6)])

    def compute(part):
        for source in part:
            if source.key == "k5":
                raise KeyboardInterrupt
            yield from Counter()([source])

    with pytest.raises(KeyboardInterrupt):
        RowCache(tmp_path / "c", "r").rows(sources, compute)
    again = Counter()
    rows = RowCache(tmp_path / "c", "r").rows(sources, again)
    assert again.asked == [["k4", "k5"]]
    assert values(rows) == list(range(6))


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
import opensearch.encoders.tensors as tensors
from opensearch.records import Source
from opensearch.training.cache import RowCache

count, real = int(sys.argv[2]), os.fsync
def fsync(handle):
    global count
    count -= 1
    if count == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    real(handle)
os.fsync = fsync
data = Path(sys.argv[1])
sources = [Source(data / str(n), f"k{n}") for n in range(3)]
compute = lambda part: (np.array([int(s.path.read_text())]) for s in part)
RowCache(data.parent / "c", "r").rows(sources, compute)
"""


@pytest.mark.parametrize("write", [1, 2])
def test_killed_while_it_writes_leaves_no_half_chunk(tmp_path, write):
    """A chunk is two files; the process dies before the first or the second is whole."""
    sources = sources_in(tmp_path / "data", ["0", "1", "2"])
    command = [sys.executable, "-c", KILLED, str(tmp_path / "data"), str(write)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    compute = Counter()
    assert values(RowCache(tmp_path / "c", "r").rows(sources, compute)) == [0, 1, 2]
    assert compute.asked == [["k0", "k1", "k2"]]


@pytest.mark.parametrize("suffix", [".npy", ".json"])
@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"stamps": 3, "errors": {}}'])
def test_a_damaged_chunk_is_computed_again(tmp_path, suffix, content):
    sources = sources_in(tmp_path / "data", ["0", "1"])
    RowCache(tmp_path / "c", "r").rows(sources, Counter())
    (file,) = (tmp_path / "c").glob(f"*/*{suffix}")
    file.unlink() if content is None else file.write_bytes(content)
    for asked in ([["k0", "k1"]], []):
        compute = Counter()
        assert values(RowCache(tmp_path / "c", "r").rows(sources, compute)) == [0, 1]
        assert compute.asked == asked


def test_a_cache_that_cannot_be_written_names_the_variable(tmp_path):
    sources = sources_in(tmp_path / "data", ["0"])
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match=r"cannot be written: .*in OPENSEARCH_CACHE$"):
        RowCache(tmp_path / "file", "r").rows(sources, Counter())


def test_the_cache_lies_where_the_variables_say(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENSEARCH_CACHE", str(tmp_path / "mine"))
    assert cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("OPENSEARCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "opensearch"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "opensearch"


def test_variables_that_are_empty_count_as_unset(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("OPENSEARCH_CACHE", "")
    assert cache_folder() == tmp_path / "xdg" / "opensearch"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == tmp_path / ".cache" / "opensearch"


class Reds:
    """A trunk whose only feature is the mean of red."""

    runtime = "fake"

    def features(self, views):
        return views[..., :1].mean(axis=(1, 2)).astype(np.float32)


def test_features_and_views_of_real_files(toy_collection, tmp_path):
    photos = sorted((toy_collection / "photo" / "disc").glob("*.jpg"))
    (tmp_path / "bad.jpg").write_text("no picture")
    sources = [Source(path, path.name) for path in [*photos[:3], tmp_path / "bad.jpg"]]
    reader = ReaderSettings(reader="image", size=32)
    views = collection_views(sources, reader, tmp_path / "c")
    features = collection_features(sources, reader, Reds(), "reds", tmp_path / "c")
    assert views.take([0, 1, 2]).shape == (3, 1, 32, 32, 3)
    wanted = views.take([0, 1, 2])[..., 0].mean(axis=(2, 3))
    assert features.take([0, 1, 2])[:, :, 0] == pytest.approx(wanted, rel=1e-5)
    for rows in (views, features):
        assert [failure.path for failure in rows.failures] == ["bad.jpg"]
    about = [json.loads(file.read_text()) for file in (tmp_path / "c").glob("*/*.json")]
    assert len(about) == 2
    assert os.fspath(tmp_path) not in json.dumps([chunk["stamps"] for chunk in about])


def test_features_of_another_trunk_or_runtime_are_kept_apart(toy_collection, tmp_path):
    path = next((toy_collection / "photo" / "disc").glob("*.jpg"))
    other = Reds()
    other.runtime = "other"
    for trunk, name, size in [
        (Reds(), "a", 32),
        (Reds(), "b", 32),
        (other, "a", 32),
        (Reds(), "a", 48),
        (Reds(), "a", 32),
    ]:
        reader = ReaderSettings(reader="image", size=size)
        collection_features([Source(path, "k")], reader, trunk, name, tmp_path / "c")
    assert len(list((tmp_path / "c").iterdir())) == 4
