"""Every path to the same ids: base, tail, both, tombstones, several domains, against numpy."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.errors import InvalidInput, StoreError
from opensearch.search import Searcher, base, hamming
from opensearch.search import domain as domain_rows

FAR = 2**31 - 1
DOMAINS = ("photo", "скетч/..", "Photo")


@dataclass
class FakeSource:
    """Codes in lists: the smallest thing that has the shape of a `CodeSource`."""

    bits: int
    identity: str = "one"
    rows: list[tuple[int, str, np.ndarray]] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    last_transaction: int = 0

    def add(self, codes, domains):
        for code, domain in zip(codes, domains, strict=True):
            self.rows.append((len(self.rows), domain, code))
        self.last_transaction += 1

    def remove(self, ids):
        self.dead.update(ids)
        self.last_transaction += 1

    @contextmanager
    def snapshot(self):
        yield

    def meta(self):
        return SimpleNamespace(
            identity=self.identity,
            last_transaction=self.last_transaction,
            next_id=len(self.rows),
            domains=sorted({row[1] for row in self.rows}),
        )

    def blocks(self, domain, after=-1):
        rows = [row for row in self.rows if row[1] == domain and row[0] > after]
        for at in range(0, len(rows), 3):
            ids = np.array([row[0] for row in rows[at : at + 3]])
            yield SimpleNamespace(ids=ids, codes=np.stack([row[2] for row in rows[at : at + 3]]))

    def tombstones(self, domain):
        found = sorted(id_ for id_ in self.dead if self.rows[id_][1] == domain)
        return np.array(found, np.int64)

    def ranked(self, code, domains, *, within=None, exclude=()):
        """Reference: every live row by (distance, id), without packing."""
        found = []
        for id_, domain, row in self.rows:
            wanted = within is None or id_ in within
            if domain in domains and wanted and id_ not in self.dead and id_ not in exclude:
                found.append((int(np.unpackbits(row ^ code).sum()), id_))
        return sorted(found)


def pairs(distances, ids):
    assert (distances.dtype, ids.dtype) == (np.int32, np.int64)
    return list(zip(distances.tolist(), ids.tolist(), strict=True))


@st.composite
def scenes(draw):
    """A source with many ties, and what happens to it between two searches."""
    width = draw(st.sampled_from([1, 3, 8, 9, 16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    few = rng.integers(0, 256, (draw(st.integers(1, 6)), width), dtype=np.uint8)

    def some(most):
        return few[rng.integers(0, len(few), draw(st.integers(0, most)))]

    steps = draw(st.lists(st.sampled_from(["add", "remove", "fold", "reopen"]), max_size=8))
    return width, rng, some, ["add", *steps]


@settings(max_examples=60)
@given(scenes(), st.integers(1, 40), st.data())
def test_all_paths_give_the_ids_of_the_reference(tmp_path_factory, scene, k, data):
    width, rng, some, steps = scene
    folder = data.draw(st.sampled_from([None, tmp_path_factory.mktemp("search")]))
    source = FakeSource(8 * width)
    searcher = Searcher(source, folder, 8 * width)
    for step in steps:
        if step == "add":
            codes = some(30)
            source.add(codes, rng.choice(DOMAINS, len(codes)).tolist())
        elif step == "remove" and source.rows:
            source.remove(rng.integers(0, len(source.rows), 5).tolist())
        elif step == "fold":
            searcher.fold()
        elif step == "reopen":
            searcher = Searcher(source, folder, 8 * width)
        searcher.refresh()
        domains = data.draw(st.lists(st.sampled_from([*DOMAINS, "none"]), max_size=4))
        queries = np.concatenate([some(12), rng.integers(0, 256, (1, width), dtype=np.uint8)])
        within = data.draw(st.sampled_from([None, list(range(0, len(source.rows) + 5, 2))]))
        exclude = data.draw(st.sampled_from([(), [0, 3, 4, 10**6]]))
        check(source, searcher, queries, domains, k, within, exclude)


def check(source, searcher, queries, domains, k, within, exclude):
    distances, ids = searcher.search(queries, domains, k, within=within, exclude=exclude or None)
    assert distances.shape == ids.shape == (len(queries), k)
    for row, query in enumerate(queries):
        expected = source.ranked(query, domains, within=within, exclude=exclude)
        padded = expected[:k] + [(FAR, -1)] * (k - len(expected))
        assert pairs(distances[row], ids[row]) == padded
        every = source.ranked(query, domains, within=within)
        for radius in (0, source.bits // 2, 10 * source.bits):
            found = pairs(*searcher.range(query, domains, radius, within=within))
            assert found == [pair for pair in every if pair[0] <= radius]
        shells = searcher.shells(query, domains, k, 2 * k, within=within, exclude=exclude or None)
        check_shells(pairs(shells.distances, shells.ids), expected, k, shells.sampled)
        with patch.object(hamming, "FEW_ROWS", 0):  # as of many rows: in chunks
            asked = {"within": within, "exclude": exclude or None}
            chunked = searcher.shells(query, domains, k, 2 * k, **asked)
        assert np.array_equal(chunked.ids, shells.ids)
        assert np.array_equal(chunked.distances, shells.distances)
        assert chunked.sampled == shells.sampled
        codes = searcher.codes(shells.ids, domains)
        assert codes.shape == (len(shells.ids), source.bits // 8)
        assert [code.tolist() for code in codes] == [source.rows[i][2].tolist() for i in shells.ids]


def check_shells(found, expected, k, sampled):
    reach = expected[:k][-1][0] if expected else 0
    whole = [pair for pair in expected if pair[0] <= reach]
    assert sampled == (len(whole) > 2 * k)
    if not sampled:
        assert found == whole
        return
    inner = [pair for pair in whole if pair[0] < reach]
    assert found == sorted(found)
    assert found[: len(inner)] == inner
    assert len(found) == 2 * k
    assert set(found) <= set(whole)


def test_one_search_by_hand():
    source = FakeSource(8)
    source.add(
        np.array([[0b111], [0b1], [0b11], [0b100], [0]], np.uint8), ["a", "a", "b", "b", "b"]
    )
    searcher = Searcher(source, None, 8)
    distances, ids = searcher.search(np.zeros((1, 1), np.uint8), ["b", "a"], 4)
    assert distances.tolist() == [[0, 1, 1, 2]]
    assert ids.tolist() == [[4, 1, 3, 2]]  # 1 before 3: a tie in order of id, not of domain


def test_chunks_and_batches_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    source = FakeSource(16)
    source.add(rng.integers(0, 4, (500, 2), dtype=np.uint8), ["a"] * 500)
    source.remove(range(0, 500, 7))
    queries = rng.integers(0, 4, (30, 2), dtype=np.uint8)
    whole = Searcher(source, None, 16).search(queries, ["a"], 20)
    monkeypatch.setattr(hamming, "_FIRST_CHUNK", 7)
    monkeypatch.setattr(hamming, "_CHUNK", 13)
    searcher = Searcher(source, None, 16)
    for found in (
        searcher.search(queries, ["a"], 20),
        tuple(
            np.concatenate(part)
            for part in zip(
                *[searcher.search(query[None], ["a"], 20) for query in queries], strict=True
            )
        ),
    ):
        assert np.array_equal(found[0], whole[0])
        assert np.array_equal(found[1], whole[1])
    assert pairs(whole[0][0], whole[1][0]) == source.ranked(queries[0], ["a"])[:20]


@pytest.mark.parametrize("heaped", [0, 5, 40, 10**6])
@pytest.mark.parametrize("masked", [[], [0, 3], [50, 51, 180]])
def test_many_queries_begin_with_a_heap_and_order_ties_alike(monkeypatch, heaped, masked):
    """Codes of 4 bits in 200 rows: nearly all distances are ties."""
    monkeypatch.setattr(hamming, "_HEAPED", heaped)
    chance = np.random.default_rng(0)
    codes, queries = (chance.integers(0, 16, (n, 1)).astype(np.uint8) for n in (200, 30))
    ids = np.arange(0, 400, 2)
    parts = [
        hamming.Segment(ids[:150], codes[:150], np.array([m for m in masked if m < 150], np.int64)),
        hamming.Segment(
            ids[150:], codes[150:], np.array([m - 150 for m in masked if m >= 150], int)
        ),
    ]
    distances, found = hamming.nearest(queries, parts, 10)
    true = np.bitwise_count(queries[:, None, 0] ^ codes[None, :, 0]).astype(np.int64)
    true[:, masked] = 99
    order = np.argsort(true, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(found, ids[order])
    np.testing.assert_array_equal(distances, np.take_along_axis(true, order, 1))


def test_a_sample_of_a_shell_is_even_over_old_and_new_ids():
    source = FakeSource(8)
    source.add(np.zeros((4000, 1), np.uint8), ["a"] * 4000)
    shells = Searcher(source, None, 8).shells(np.zeros(1, np.uint8), ["a"], 100, 1000)
    assert shells.sampled
    counts = np.bincount(shells.ids // 1000, minlength=4)
    assert counts.sum() == 1000
    assert (abs(counts - 250) < 60).all()  # over 4 standard deviations of an even draw


def test_codes_of_another_width_and_wrong_numbers_are_refused_by_name():
    searcher = Searcher(FakeSource(16), None, 16)
    with pytest.raises(InvalidInput, match=r"codes of 2 bytes \(16 bits\) .* shape \(1, 3\)"):
        searcher.search(np.zeros((1, 3), np.uint8), ["a"], 1)
    with pytest.raises(InvalidInput, match="got float64 of shape"):
        searcher.range(np.zeros(2), ["a"], 1)
    with pytest.raises(InvalidInput, match="k of 1 or more, got 0"):
        searcher.search(np.zeros((1, 2), np.uint8), ["a"], 0)
    with pytest.raises(InvalidInput, match="radius is 0 or more, got -1"):
        searcher.range(np.zeros(2, np.uint8), ["a"], -1)
    with pytest.raises(InvalidInput, match="1 <= at_least <= cap, got 5 and 4"):
        searcher.shells(np.zeros(2, np.uint8), ["a"], 5, 4)
    source = FakeSource(8)
    source.add(np.zeros((1, 1), np.uint8), ["a"])
    with pytest.raises(InvalidInput, match="over 16 bits cannot read codes of 8 bits"):
        Searcher(source, None, 16).refresh()
    with pytest.raises(InvalidInput, match="multiple of 8 bits, got 12"):
        Searcher(FakeSource(16), None, 12)
    assert searcher.search(np.zeros((0, 2), np.uint8), ["a"], 3)[1].shape == (0, 3)


def test_the_hits_there_are_counted_without_what_fills_the_rows_of_each_domain(monkeypatch):
    monkeypatch.setattr("opensearch.search.searcher.MOST_PADDED", 100)
    source = FakeSource(8)
    source.add(np.zeros((7, 1), np.uint8), [*"aaabbcc"])
    source.remove([6])
    searcher = Searcher(source, None, 8)
    searcher.refresh()
    for domains, there in (
        ("a", "are only 3 hits"),
        ("ab", "are only 5 hits"),
        ("abc", "are only 6 hits"),
        ("c", "is only 1 hit"),
        ("d", "are no hits"),
    ):
        with pytest.raises(InvalidInput, match=f"; there {there}$"):
            searcher.search(np.zeros((2, 1), np.uint8), [*domains], 1000)


def test_an_item_of_another_domain_has_no_code_to_give():
    source = FakeSource(8)
    source.add(np.array([[1], [2], [3]], np.uint8), ["a", "b", "a"])
    searcher = Searcher(source, None, 8)
    assert searcher.codes(np.array([2, 1, 0]), ["b", "a"]).tolist() == [[3], [2], [1]]
    with pytest.raises(InvalidInput, match="domains a hold no item 1 to take the code of"):
        searcher.codes(np.array([0, 1]), ["a"])


def rows_of(folder, source, width=1):
    found = base.load(folder, "a", source.identity, width)
    return None if found is None else len(found[0])


def test_a_tail_is_folded_past_a_hundredth_of_its_base(tmp_path):
    source = FakeSource(8)
    searcher = Searcher(source, tmp_path / "search", 8)
    source.add(np.zeros((1000, 1), np.uint8), ["a"] * 1000)
    searcher.fold()
    assert rows_of(tmp_path / "search", source) == 1000
    source.add(np.zeros((10, 1), np.uint8), ["a"] * 10)
    searcher.fold()
    assert rows_of(tmp_path / "search", source) == 1000
    source.add(np.zeros((1, 1), np.uint8), ["a"])
    searcher.fold()
    assert rows_of(tmp_path / "search", source) == 1011
    assert len(list((tmp_path / "search").iterdir())) == 3  # files before are gone
    assert searcher.search(np.zeros((1, 1), np.uint8), ["a"], 2000)[1].max() == 1010


def test_folding_writes_behind_what_is_there_and_over_what_was_cut_short(tmp_path):
    source = FakeSource(8)
    source.add(np.zeros((100, 1), np.uint8), ["a"] * 100)
    Searcher(source, tmp_path, 8).fold()
    mapped = base.load(tmp_path, "a", "one", 1)
    path = next(tmp_path.glob("*.codes"))
    with path.open("ab") as file:  # a fold that was killed before its json was written
        file.write(b"torn")
    assert rows_of(tmp_path, source) == 100
    source.add(np.full((50, 1), 7, np.uint8), ["a"] * 50)
    Searcher(source, tmp_path, 8).fold()
    assert path.read_bytes() == bytes(100) + b"\7" * 50
    assert rows_of(tmp_path, source) == 150
    assert (len(mapped[0]), int(mapped[1].max())) == (100, 0)


def test_readers_take_up_what_the_writer_has_folded(tmp_path):
    source = FakeSource(8)
    source.add(np.zeros((100, 1), np.uint8), ["a"] * 100)
    writer, reader = Searcher(source, tmp_path, 8), Searcher(source, tmp_path, 8)
    writer.fold()
    reader.refresh()
    source.add(np.zeros((60, 1), np.uint8), ["a"] * 60)
    writer.fold()
    reader.refresh()
    held = reader._view._domains["a"]
    assert (len(held.base[0]), held.tail.count) == (160, 0)
    assert (reader.search(np.zeros((1, 1), np.uint8), ["a"], 160)[1] == np.arange(160)).all()


@pytest.mark.parametrize("damage", ["cut", "gone", "json", "stranger", "width"])
def test_files_that_cannot_be_used_count_as_absent(tmp_path, damage):
    source = FakeSource(8)
    source.add(np.arange(50, dtype=np.uint8)[:, None], ["a"] * 50)
    Searcher(source, tmp_path, 8).fold()
    assert rows_of(tmp_path, source) == 50
    if damage == "cut":
        path = next(tmp_path.glob("*.codes"))
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "gone":
        next(tmp_path.glob("*.ids")).unlink()
    elif damage == "json":
        next(tmp_path.glob("*.json")).write_text("{")
    elif damage == "stranger":
        source.identity = "two"
    assert rows_of(tmp_path, source, 2 if damage == "width" else 1) is None
    searcher = Searcher(source, tmp_path, 8)
    assert searcher.search(np.array([[49]], np.uint8), ["a"], 1)[1].tolist() == [[49]]
    searcher.fold()
    assert rows_of(tmp_path, source) == 50


def test_a_full_disk_is_our_error_and_the_files_before_stay(tmp_path, monkeypatch):
    source = FakeSource(8)
    source.add(np.zeros((5, 1), np.uint8), ["a"] * 5)
    searcher = Searcher(source, tmp_path, 8)
    searcher.fold()
    source.add(np.zeros((5, 1), np.uint8), ["a"] * 5)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(base.os, "fsync", full)
    with pytest.raises(
        StoreError, match=r"disk is full \(No space left on device\); the index is whole"
    ):
        searcher.fold()
    assert rows_of(tmp_path, source) == 5
    assert (searcher.search(np.zeros((1, 1), np.uint8), ["a"], 10)[1] == np.arange(10)).all()


def test_any_domain_name_has_its_own_safe_file_name():
    names = [
        base.safe_name(name) for name in (*DOMAINS, "a/b", "a-b", "", "é" * 400, "\udcff", "..")
    ]
    assert len(set(names)) == len(names)
    for name in names:
        assert len(name) < 60
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_views_given_out_before_stay_as_they_were():
    tail = domain_rows.Tail(1)
    tail.append(np.array([0, 1]), np.array([[5], [6]], np.uint8))
    before = tail.view()
    for id_ in range(2, 50):
        tail.append(np.array([id_]), np.array([[id_]], np.uint8))
    assert (before[0].tolist(), before[1].tolist()) == ([0, 1], [[5], [6]])
    assert tail.view()[0].tolist() == list(range(50))
