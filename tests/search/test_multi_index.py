"""Multi-index hashing gives the ids of a flat search, whatever the tables and the budget."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_search_exact import FakeSource, check, pairs

from opensearch.errors import StoreError
from opensearch.search import Searcher, base
from opensearch.search.backends import Place
from opensearch.search.backends import chunk_tables as tables
from opensearch.search.backends import multi_index as multi


@pytest.fixture
def small(monkeypatch):
    """Tables over any number of rows, used however dear they are."""
    monkeypatch.setattr(tables, "FEWEST", 1)
    monkeypatch.setattr(multi, "SHARE", 10.0**9)


def tables_of(folder, source):
    width = source.bits // 8
    files = base.load(folder, "a", source.identity, width)
    place = Place(folder, "a", source.identity, "tables")
    return None if files is None else tables.load(place, files[1])


def clustered(rng, count, width):
    """Codes of which many are equal or near each other."""
    centres = rng.integers(0, 256, (4, width), np.uint8)
    noise = np.packbits(rng.random((count, 8 * width)) < 0.08, axis=1)
    return centres[rng.integers(0, 4, count)] ^ noise


@pytest.mark.usefixtures("small")
@settings(max_examples=20)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 3, 4, 8, 9]),
    st.integers(1, 60),
    st.sampled_from([10.0**9, 40.0, 0.0]),
    st.sampled_from([0, 100]),
)
def test_ids_are_those_of_a_flat_search(tmp_path_factory, seed, width, k, share, copies):
    rng = np.random.default_rng(seed)
    source = FakeSource(8 * width)
    codes = clustered(rng, 300, width)
    source.add(codes[:200], rng.choice(["a", "b"], 200).tolist())
    folder = tmp_path_factory.mktemp("search")
    searcher = Searcher(source, folder, 8 * width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multi, "SHARE", share)
        patch.setattr(multi, "STEP_COST", 1)
        patch.setattr(tables, "_COPIES", copies)
        searcher.fold()
        source.add(codes[200:], ["a"] * 100)  # a tail past the tables
        source.remove(rng.integers(0, 300, 20).tolist())
        searcher.refresh()
        held = searcher._view._domains["a"].structure.tables
        assert all(chunk.sorted == (copies > 0) for chunk in held.chunks)
        for query in (codes[0], codes[250], rng.integers(0, 256, width, np.uint8)):
            check(source, searcher, query[None], ["a", "b"], k, None, ())
            check(source, searcher, query[None], ["a"], k, None, [0, 3, 4, 250])


@pytest.mark.usefixtures("small")
def test_one_search_by_hand(tmp_path):
    source = FakeSource(8)
    source.add(np.array([[0], [3], [1], [255], [2], [1]], np.uint8), ["a"] * 6)
    searcher = Searcher(source, tmp_path, 8)
    searcher.fold()
    searcher.refresh()
    part = searcher._view._domains["a"].at(6, np.zeros(0, np.int64))[0]
    sought = multi.Sought(np.zeros((1, 1), np.uint8), 2, 8)
    distances, ids = multi.look_up(sought, part, part.structure.tables)
    # The second is at distance 1, and so are two more: ties are all there.
    assert sorted(pairs(distances, ids)) == [(0, 0), (1, 2), (1, 4), (1, 5)]
    found = searcher.search(np.zeros((1, 1), np.uint8), ["a"], 2)
    assert pairs(found[0][0], found[1][0]) == [(0, 0), (1, 2)]


def test_a_table_holds_every_row_under_its_value():
    codes = np.random.default_rng(0).integers(0, 256, (500, 3), np.uint8)
    for low, high in ((0, 8), (3, 12), (9, 24), (23, 24)):
        bits = np.unpackbits(codes, axis=1)[:, low:high]
        expected = bits @ (1 << np.arange(high - low)[::-1])
        assert np.array_equal(tables.values(codes, low, high), expected)
        starts, rows = tables.sort_chunk(codes, low, high)
        for value in np.unique(expected):
            held = rows[starts[value] : starts[value + 1]]
            assert held.tolist() == np.flatnonzero(expected == value).tolist()


@pytest.mark.parametrize(
    ("bits", "rows", "expected"),
    [(64, 10**7, [0, 21, 42, 64]), (32, 10**7, [0, 16, 32]), (8, 10**7, [0, 8]), (16, 1, [0, 1])],
)
def test_chunks_are_about_as_long_as_the_logarithm_of_rows(bits, rows, expected):
    found = tables.cuts(bits, rows)
    assert found[: len(expected)] == expected
    assert found[-1] == bits
    assert max(np.diff(found)) <= 24


def test_a_query_that_tables_would_slow_down_is_searched_flat(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "FEWEST", 1)
    rng = np.random.default_rng(0)
    source = FakeSource(64)
    codes = clustered(rng, 3000, 8)
    source.add(codes, ["a"] * len(codes))
    searcher = Searcher(source, tmp_path, 64)
    searcher.fold()
    searcher.refresh()
    part = searcher._view._domains["a"].at(len(codes), np.zeros(0, np.int64))[0]
    steps = []
    monkeypatch.setattr(multi, "_buckets", lambda *_: pytest.fail("a bucket was touched"))
    assert multi.look_up(multi.Sought(codes[:1], 5, 64), part, part.structure.tables) is None
    monkeypatch.undo()
    monkeypatch.setattr(multi, "STEP_COST", 0)
    ranges = multi._ranges
    monkeypatch.setattr(multi, "_ranges", lambda *found: steps.append(found) or ranges(*found))
    far = rng.integers(0, 256, (1, 8), np.uint8)
    assert multi.look_up(multi.Sought(far, 5, 64), part, part.structure.tables) is None
    touched = sum(int(counts.sum()) for _, counts in steps)
    assert touched * multi.ROW_COST <= multi.SHARE * len(codes)


@pytest.mark.usefixtures("small")
def test_tables_are_made_anew_past_a_sixteenth_and_the_old_ones_dropped(tmp_path):
    source = FakeSource(16)
    searcher = Searcher(source, tmp_path, 16)
    rng = np.random.default_rng(0)
    counts = []
    for added in (80, 9, 3, 40):
        source.add(rng.integers(0, 256, (added, 2), np.uint8), ["a"] * added)
        searcher.fold()
        counts.append(tables_of(tmp_path, source).count)
    assert counts == [80, 89, 89, 132]
    assert {path.stem for path in tmp_path.glob("*-tables-*")} == {
        f"{base.safe_name('a')}-tables-132"
    }
    fresh = Searcher(source, tmp_path, 16)
    fresh.refresh()
    assert fresh._view._domains["a"].structure.count == 132


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("damage", ["cut", "gone", "json", "stranger", "longer"])
def test_tables_that_cannot_be_used_count_as_absent(tmp_path, damage):
    source = FakeSource(16)
    codes = np.random.default_rng(0).integers(0, 256, (50, 2), np.uint8)
    source.add(codes, ["a"] * 50)
    Searcher(source, tmp_path, 16).fold()
    assert tables_of(tmp_path, source).count == 50
    path, about = next(tmp_path.glob("*-tables-50.0")), next(tmp_path.glob("*.tables"))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "gone":
        path.unlink()
    elif damage == "json":
        about.write_text("{")
    elif damage == "stranger":
        about.write_text(about.read_text().replace("one", "two"))
    else:
        about.write_text(about.read_text().replace('"rows": 50', '"rows": 51'))
    assert tables_of(tmp_path, source) is None
    searcher = Searcher(source, tmp_path, 16)
    check(source, searcher, codes[:1], ["a"], 5, None, ())
    searcher.fold()
    assert tables_of(tmp_path, source).count == 50


@pytest.mark.usefixtures("small")
def test_a_full_disk_leaves_the_tables_before(tmp_path, monkeypatch):
    source = FakeSource(16)
    source.add(np.zeros((50, 2), np.uint8), ["a"] * 50)
    searcher = Searcher(source, tmp_path, 16)
    searcher.fold()

    def full(*_):
        raise OSError(28, "No space left on device")

    source.add(np.zeros((50, 2), np.uint8), ["a"] * 50)
    monkeypatch.setattr(tables, "sort_chunk", full)
    with pytest.raises(
        StoreError, match=r"disk is full \(No space left on device\); the index is whole"
    ):
        searcher.fold()
    assert tables_of(tmp_path, source).count == 50
    assert (searcher.search(np.zeros((1, 2), np.uint8), ["a"], 100)[1] == np.arange(100)).all()


@pytest.mark.usefixtures("small")
def test_an_audit_finds_tables_that_differ(tmp_path):
    source = FakeSource(16)
    source.add(np.random.default_rng(0).integers(0, 256, (50, 2), np.uint8), ["a"] * 50)
    Searcher(source, tmp_path, 16).fold()
    assert Searcher(source, tmp_path, 16).problems() == []
    path = next(tmp_path.glob("*-tables-50.0"))
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)
    assert Searcher(source, tmp_path, 16).problems() == [
        "search files of domain 'a' differ from the store; `Engine.verify(repair=True)` makes"
        " them anew"
    ]


@pytest.mark.usefixtures("small")
def test_a_moment_before_the_tables_is_searched_without_them(tmp_path):
    source = FakeSource(16)
    source.add(np.arange(80, dtype=np.uint8).reshape(40, 2), ["a"] * 40)
    searcher = Searcher(source, tmp_path, 16)
    searcher.fold()
    searcher.refresh()
    rows = searcher._view._domains["a"]
    assert rows.at(40, np.zeros(0, np.int64))[0].structure.count == 40
    assert rows.at(39, np.zeros(0, np.int64))[0].structure is None
