"""Approximate structures: named by the caller, measured, and right where they can be."""

import json

import numpy as np
import pytest
from test_search_exact import FakeSource

from opensearch.errors import InvalidInput, StoreError
from opensearch.search import Searcher, base
from opensearch.search.backends import approximate


def clustered(count, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).integers(0, 256, (20, 8), np.uint8)
    noise = np.packbits(rng.random((count, 64)) < 0.08, axis=1)
    return centres[rng.integers(0, 20, count)] ^ noise


@pytest.fixture
def source():
    source = FakeSource(64)
    source.add(clustered(1500), ["a"] * 1000 + ["b"] * 500)
    return source


def opened(source, folder):
    searcher = Searcher(source, folder, 64)
    searcher.refresh()
    return searcher


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_recall_is_what_it_says_and_survives_in_files(source, tmp_path, name):
    folder = tmp_path / "поиск"  # files go through bytes: names of any script
    searcher = opened(source, folder)
    recalls = searcher.build(name)
    assert set(recalls) == {"a", "b"}
    assert all(approximate.RECALL <= recall <= 1 for recall in recalls.values())
    queries = clustered(100, seed=1)
    exact = searcher.search(queries, ["a", "b"], 10)[0]
    first = searcher.search(queries, ["a", "b"], 10, name)
    assert (first[0] <= exact[:, -1:]).mean() > 0.9
    assert (np.diff(first[0]) >= 0).all()
    again = opened(source, folder)
    assert again.info()["a"][name]["recall"] == recalls["a"]
    assert again.info()["a"][name]["rows"] == 1000
    assert np.array_equal(again.search(queries, ["a", "b"], 10, name)[1], first[1])
    for row in range(20):  # ids and distances belong together
        rows = np.array([code for _, _, code in source.rows])[first[1][row]]
        assert np.array_equal(np.bitwise_count(queries[row] ^ rows).sum(axis=1), first[0][row])


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_rows_past_a_structure_are_searched_flat_and_deleted_ones_left_out(source, tmp_path, name):
    searcher = opened(source, tmp_path)
    searcher.build(name)
    far = np.random.default_rng(5).integers(0, 256, (30, 8), np.uint8)
    source.add(far, ["a"] * 30)
    source.remove([3, 4, *range(20, 60), 1501])
    searcher.refresh()
    found = searcher.search(far[[0, 2]], ["a"], 1, name)
    assert (found[0].ravel().tolist(), found[1].ravel().tolist()) == ([0, 0], [1500, 1502])
    everything = searcher.search(clustered(5, 2), ["a"], 2000, name)[1]
    assert not np.isin([3, 4, 20, 59, 1501], everything).any()
    assert everything.max() == 1529
    searcher.fold()  # base and tail lie elsewhere now; places are the same
    searcher.refresh()
    assert searcher.search(far[[2]], ["a"], 1, name)[1].tolist() == [[1502]]


def test_an_effort_that_looks_at_all_is_exact(tmp_path, monkeypatch, source):
    monkeypatch.setattr(approximate, "RECALL", 2.0)
    searcher = opened(source, tmp_path)
    assert searcher.build("ivf") == {"a": 1.0, "b": 1.0}
    queries = clustered(20, seed=3)
    exact = searcher.search(queries, ["a", "b"], 10)[0]
    assert np.array_equal(searcher.search(queries, ["b", "a"], 10, "ivf")[0], exact)


def test_what_was_not_built_or_is_unknown_is_refused_by_name(source, tmp_path):
    searcher = opened(source, tmp_path)
    assert searcher.info() == {"a": {"exact": "flat"}, "b": {"exact": "flat"}}
    with pytest.raises(InvalidInput, match=r"'a' has no structure 'hnsw'; make it with `Engine"):
        searcher.search(clustered(1), ["a"], 1, "hnsw")
    for call in (searcher.build, lambda name: searcher.search(clustered(1), ["a"], 1, name)):
        with pytest.raises(InvalidInput, match="unknown structure 'tree'; known: hnsw, ivf"):
            call("tree")
    searcher.build("ivf")
    with pytest.raises(InvalidInput, match="k of 1 or more, got 0"):
        searcher.search(clustered(1), ["a"], 0, "ivf")
    assert searcher.search(clustered(2), [], 3, "ivf")[1].tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize("damage", ["cut", "gone", "json", "stranger"])
def test_a_structure_that_cannot_be_used_counts_as_absent(source, tmp_path, damage):
    opened(source, tmp_path).build("hnsw")
    safe = base.safe_name("a")
    path, about = tmp_path / f"{safe}-hnsw-1000", tmp_path / f"{safe}.hnsw"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "gone":
        path.unlink()
    elif damage == "json":
        about.write_text("{")
    else:
        source.identity = "two"
    searcher = opened(source, tmp_path)
    queries = clustered(5, seed=2)
    if damage == "stranger":  # nobody has built one for this store
        with pytest.raises(InvalidInput, match="has no structure 'hnsw'"):
            searcher.search(queries, ["a"], 10, "hnsw")
    else:  # it was lost: all is searched exactly
        found = searcher.search(queries, ["a"], 10, "hnsw")
        exact = searcher.search(queries, ["a"], 10)
        assert np.array_equal(found[0], exact[0])
        assert np.array_equal(found[1], exact[1])


def test_building_again_drops_the_one_before_and_a_full_disk_is_our_error(
    source, tmp_path, monkeypatch
):
    searcher = opened(source, tmp_path)
    searcher.build("ivf")
    source.add(clustered(10, 4), ["a"] * 10)
    searcher.build("ivf")
    assert [path.name for path in tmp_path.glob(f"{base.safe_name('a')}-ivf-*")] == [
        f"{base.safe_name('a')}-ivf-1010"
    ]

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base.os, "fsync", full)
    with pytest.raises(
        StoreError, match=r"disk is full \(No space left on device\); search without it"
    ):
        searcher.build("ivf")
    assert searcher.info()["a"]["ivf"]["rows"] == 1010


@pytest.mark.parametrize("name", ["hnsw", "ivf"])
def test_a_structure_that_is_damaged_is_left_for_a_flat_search(source, tmp_path, name):
    """Faiss searches what it can read: hits were missing, and nothing told."""
    opened(source, tmp_path).build(name)
    queries = clustered(50, seed=1)
    exact = opened(source, tmp_path).search(queries, ["a"], 10)
    (file,) = tmp_path.glob(f"{base.safe_name('a')}-{name}-*")
    data = bytearray(file.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    file.write_bytes(data)
    found = opened(source, tmp_path).search(queries, ["a"], 10, name)
    assert np.array_equal(found[0], exact[0])
    assert np.array_equal(found[1], exact[1])


@pytest.mark.parametrize("value", ["x", None, -1, [1]])
def test_a_structure_described_wrongly_is_none(source, tmp_path, value):
    opened(source, tmp_path).build("hnsw")
    file = tmp_path / f"{base.safe_name('a')}.hnsw"
    about = json.loads(file.read_bytes())
    file.write_text(json.dumps({**about, "effort": value}))
    searcher = opened(source, tmp_path)
    assert searcher.search(clustered(5), ["a"], 10, "hnsw")[1].shape == (5, 10)
    assert "hnsw" not in searcher.info()["a"]
