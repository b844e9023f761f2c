"""Every search backend keeps one contract; a toy entry does so too and is reached by its name.

Exact ones give the ids of a slow search that is written here, approximate ones the recall they
state, and all of them the order (distance, id).
"""

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.cli import main
from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.search import Searcher
from opensearch.search.backends import (
    BACKENDS,
    Backend,
    Place,
    Structure,
    chunk_tables,
    multi_index,
    named,
)
from opensearch.search.hamming import FAR, Segment, ascending, places
from opensearch.store import LmdbStore

GOLDEN = Path(__file__).parents[1] / "golden"


class ToyStructure(Structure):
    """Distances to every row, one query after the other."""

    recall = 1.0

    def __init__(self, count):
        self.count = count

    def nearest(self, queries, parts, k):
        found = [reference(query, parts)[:k] for query in queries]
        padded = [row + [(FAR, -1)] * (k - len(row)) for row in found]
        pairs = np.array(padded, np.int64).reshape(len(queries), k, 2)
        return pairs[..., 0].astype(np.int32), pairs[..., 1]


class Toy(Backend):
    """Keeps no more than a count of rows."""

    exact = True
    summary = "a slow search for tests"

    def build(self, place, codes, seed=0):
        place.write(len(codes), {"recall": 1.0}, [("", [b"toy"])])
        return ToyStructure(len(codes))

    def load(self, place, codes):
        about = self.about(place)
        return None if about is None else ToyStructure(about["rows"])


class Eager(Toy):
    """The same, built and used without being asked for."""

    automatic = True

    def due(self, rows, covered):
        return rows > covered


def reference(query, parts):
    """All rows that are not masked by (distance, id), without packing and without numpy's sort."""
    found = []
    for part in parts:
        dead = set(part.masked.tolist())
        far = np.unpackbits(part.codes ^ query, axis=1).sum(axis=1).tolist()
        rows = zip(far, part.ids.tolist(), strict=True)
        found += [pair for at, pair in enumerate(rows) if at not in dead]
    return sorted(found)


def clustered(count, seed, width=8):
    """Codes of which many are near each other, as those of a trained model are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).integers(0, 256, (20, width), np.uint8)
    noise = np.packbits(rng.random((count, 8 * width)) < 0.08, axis=1)
    return centres[rng.integers(0, 20, count)] ^ noise


def rows_of(codes, ids, dead=(), cuts=()):
    """Rows in several parts, with some ids deleted."""
    dead = np.array(sorted(dead), np.int64)
    edges = [0, *cuts, len(ids)]
    return [
        Segment(ids[low:high], codes[low:high], places(ids[low:high], dead))
        for low, high in pairwise(edges)
    ]


def pairs(found):
    distances, ids = found
    assert (distances.dtype, ids.dtype) == (np.int32, np.int64)
    return [
        list(zip(d, i, strict=True)) for d, i in zip(distances.tolist(), ids.tolist(), strict=True)
    ]


@pytest.fixture(params=[*BACKENDS, "toy"])
def name(request, monkeypatch):
    monkeypatch.setitem(BACKENDS, "toy", Toy())
    monkeypatch.setattr(multi_index, "SHARE", 10.0**9)  # through the tables, whatever they cost
    if request.param == "multi-index":
        monkeypatch.setattr(chunk_tables, "FEWEST", 1)
    return request.param


def place_of(folder, name):
    return Place(folder, "photo", "one", name)


@pytest.mark.parametrize("seed", range(3))
def test_nearest_rows_in_order_of_distance_and_id(name, tmp_path, seed):
    rng = np.random.default_rng(seed)
    codes = clustered(900, seed)
    ids = np.cumsum(rng.integers(1, 4, 900))
    backend = BACKENDS[name]
    made = backend.build(place_of(tmp_path, name), codes[:800], seed)  # the last are newer
    assert made.count in (0, 800)
    dead = set(rng.choice(ids, 60, replace=False).tolist())
    parts = rows_of(codes, ids, dead, cuts=[820])
    queries = np.concatenate([clustered(20, seed + 100), codes[850:855]])
    for asked in (queries, queries[:1]):
        found = pairs(made.nearest(asked, parts, 10))
        near = 0
        for query, got in zip(asked, found, strict=True):
            expected = reference(query, parts)
            if backend.exact:
                assert got == expected[:10]
            assert got == sorted(set(got))
            assert set(got) <= set(expected)
            near += sum(distance <= expected[9][0] for distance, _ in got)
            # Whatever is newer than the structure is compared one by one.
            newer = [pair for pair in expected[:10] if pair[1] >= ids[800]]
            assert set(newer) <= set(got)
        if len(asked) > 1:
            assert near >= (made.recall - 0.05) * 10 * len(asked)
            assert near >= 0.9 * 10 * len(asked)


def test_more_than_there_is_and_nothing_at_all(name, tmp_path):
    codes, ids = clustered(60, 1), np.arange(60)
    made = BACKENDS[name].build(place_of(tmp_path, name), codes)
    for dead in (set(), set(range(0, 60, 2)), set(range(60))):
        parts = rows_of(codes, ids, dead)
        for asked in (codes[:1], codes[:3]):
            for query, got in zip(asked, pairs(made.nearest(asked, parts, 100)), strict=True):
                expected = reference(query, parts)
                there = [pair for pair in got if pair[1] >= 0]
                assert got == there + [(FAR, -1)] * (100 - len(there))
                assert set(there) <= set(expected)
                if BACKENDS[name].exact:
                    assert there == expected


def test_a_view_from_before_the_structure_is_searched_all_the_same(name, tmp_path):
    codes, ids = clustered(400, 2), np.arange(400)
    made = BACKENDS[name].build(place_of(tmp_path, name), codes)
    parts = rows_of(codes[:300], ids[:300], {3, 4})
    for query, got in zip(codes[:2], pairs(made.nearest(codes[:2], parts, 5)), strict=True):
        assert got == reference(query, parts)[:5]


@pytest.mark.parametrize("radius", [0, 3, 9, 64])
def test_a_radius_is_inclusive(name, tmp_path, radius):
    codes, ids = clustered(300, 3), np.arange(0, 600, 2)
    made = BACKENDS[name].build(place_of(tmp_path, name), codes[:250])
    parts = rows_of(codes, ids, {0, 8, 580}, cuts=[260])
    for query in (codes[0], clustered(1, 77)[0]):
        distances, found = made.within(query[None], parts, radius)
        expected = [pair for pair in reference(query, parts) if pair[0] <= radius]
        assert sorted(zip(distances.tolist(), found.tolist(), strict=True)) == expected


def test_a_structure_survives_in_its_files_and_goes_with_them(name, tmp_path):
    backend, folder = BACKENDS[name], tmp_path / "поиск"
    codes, ids = clustered(500, 4), np.arange(500)
    place = place_of(folder, name)
    made = backend.build(place, codes, 7)
    loaded = backend.load(place, codes)
    assert (loaded.count, loaded.recall, loaded.whole) == (made.count, made.recall, True)
    assert loaded.agrees(codes)
    queries, parts = clustered(10, 5), rows_of(codes, ids, {5})
    assert pairs(loaded.nearest(queries, parts, 10)) == pairs(made.nearest(queries, parts, 10))
    if not backend.automatic:
        assert backend.about(place)["rows"] == 500
        assert backend.about(place)["recall"] == made.recall
    if not made.count:
        return  # no files, nothing to lose
    stranger = Place(folder, "photo", "two", name)
    assert backend.load(stranger, codes) is None
    assert backend.about(stranger) is None
    backend.build(place, codes[:400], 7)  # in place of the one before
    assert {backend.load(place, codes).count for _ in range(2)} == {400}
    assert not [file for file in folder.iterdir() if "500" in file.name]
    backend.drop(place)
    assert backend.load(place, codes) is None
    assert list(folder.iterdir()) == []


def test_a_searcher_leaves_out_what_is_deleted_filtered_or_excluded(name, tmp_path):
    """By name, with a filter exactly; an automatic backend is the one that answers unasked."""
    codes, rng = clustered(700, 6), np.random.default_rng(6)
    with LmdbStore.create(tmp_path / "store", bits=64, dim=0) as store:
        store.put_codes(codes[:600], "photo")
        searcher = Searcher(store, tmp_path / "search", 64)
        searcher.fold()
        asked = None
        if not BACKENDS[name].automatic:
            asked = name
            assert searcher.build(name).keys() == {"photo"}
            assert searcher.built() == [name]
        store.put_codes(codes[600:], "photo")  # a tail that the structure does not cover
        store.remove([f"photo/#{id_}" for id_ in rng.choice(700, 50, replace=False)])
        searcher.refresh()
        if name == "multi-index":
            assert searcher.info()["photo"]["exact"] == "multi-index over 600 rows"
        dead, excluded = store.tombstones("photo"), rng.choice(700, 80, replace=False)
        mask = rng.random(700) < 0.4
        for query in clustered(3, 60):
            for within, exclude in ((None, None), (None, excluded), (mask, None), (mask, excluded)):
                found = searcher.search(
                    query[None], ["photo"], 20, asked, within=within, exclude=exclude
                )
                out = {*dead.tolist(), *([] if exclude is None else exclude.tolist())}
                if within is not None:
                    out |= set(np.flatnonzero(~within).tolist())
                expected = reference(query, rows_of(codes, np.arange(700), out))
                assert set(pairs(found)[0]) <= set(expected)
                if BACKENDS[name].exact or within is not None:
                    assert pairs(found)[0] == expected[:20]
        searcher.drop()
        assert searcher.built() == []


@settings(max_examples=15)
@given(
    st.sampled_from([name for name, backend in BACKENDS.items() if backend.exact]),
    st.sampled_from([1, 2, 3, 8, 16]),
    st.integers(1, 50),
    st.integers(0, 2**32 - 1),
)
def test_exact_ones_agree_at_any_width_and_with_any_ties(tmp_path_factory, name, width, k, seed):
    rng = np.random.default_rng(seed)
    few = rng.integers(0, 256, (5, width), np.uint8)
    codes = few[rng.integers(0, 5, 200)]
    ids = ascending(rng.integers(0, 10**6, 200))
    codes = codes[: len(ids)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multi_index, "SHARE", 10.0**9)
        place = place_of(tmp_path_factory.mktemp("s"), name)
        made = BACKENDS[name].build(place, codes[:150])
        parts = rows_of(codes, ids, set(ids[rng.integers(0, len(ids), 20)].tolist()), cuts=[160])
        for asked in (few[:1], rng.integers(0, 256, (3, width), np.uint8)):
            for query, got in zip(asked, pairs(made.nearest(asked, parts, k)), strict=True):
                assert got[: len(reference(query, parts))] == reference(query, parts)[:k]


def test_each_entry_says_what_it_is(name):
    backend = BACKENDS[name]
    assert isinstance(backend.exact, bool)
    assert isinstance(backend.automatic, bool)
    assert backend.summary
    assert backend.exact or not backend.automatic  # nobody gets an approximate answer unasked


@pytest.fixture
def index(tmp_path):
    shutil.copytree(GOLDEN / "format-3_photo-shape-sketch_16-bits", tmp_path / "index")
    shutil.copytree(GOLDEN / "model", tmp_path / "index" / "model")
    return tmp_path / "index"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_new_entry_is_reached_by_engine_and_verbs(index, monkeypatch):
    unknown = pytest.raises(InvalidInput, match=r"unknown structure 'toy'; known: hnsw, ivf$")
    with Engine.open(index) as engine, unknown:
        engine.build_structure("toy")
    monkeypatch.setitem(BACKENDS, "toy", Toy())
    with Engine.open(index) as engine:
        with pytest.raises(InvalidInput, match=r"no structure 'toy'; make it with `Engine\.build"):
            engine.search_batch(np.zeros((1, 2), np.uint8), structure="toy")
        assert set(engine.build_structure("toy").values()) == {1.0}
        exact = engine.search_batch(np.zeros((3, 2), np.uint8), k=7)
        found = engine.search_batch(np.zeros((3, 2), np.uint8), k=7, structure="toy")
        assert pairs(found) == pairs(exact)
        engine.compact()
        assert engine.info()["structures"]["photo"]["toy"]["recall"] == 1.0
        engine.drop_structures()
        assert engine.info()["structures"]["photo"] == {"exact": "flat"}
    assert run("structure", index, "toy").exit_code == 0
    asked = ("query", index, "--id", "photo/06.png", "--json")
    found = run(*asked, "--structure", "toy")
    assert (found.exit_code, found.stdout) == (0, run(*asked).stdout)
    assert "approximate" not in found.stderr  # it is exact
    assert "toy" in run("info", index).stdout
    refused = run(*asked, "--structure", "tree")
    assert refused.exit_code == 2
    assert "'tree' is not one of 'exact', 'hnsw', 'ivf', 'toy'" in refused.stderr
    shown = run("structure", "--help").stdout
    assert "{exact|hnsw|ivf|toy}" in shown
    assert "a slow search for tests" in shown
    refused = run("structure", index, "tree")
    assert refused.exit_code == 2
    assert "'tree' is not one of 'exact', 'hnsw', 'ivf', 'toy'" in refused.stderr


def test_a_new_automatic_entry_is_built_and_used_without_being_named(index, monkeypatch):
    exact = run("query", index, "--id", "photo/06.png", "--json").stdout
    monkeypatch.setitem(BACKENDS, "eager", Eager())
    with pytest.raises(InvalidInput, match=r"unknown structure 'eager'; known: hnsw, ivf$"):
        named("eager")
    with Engine.open(index) as engine:
        engine.compact()
        held = engine.info()["items"]["photo"]
        assert engine.info()["structures"]["photo"] == {"exact": f"eager over {held} rows"}
        assert engine.verify() == []
    assert run("query", index, "--id", "photo/06.png", "--json").stdout == exact
    assert json.loads(exact.splitlines()[0])["rank"] == 1


def test_flat_is_what_everything_falls_back_to_and_tables_come_by_themselves():
    assert next(iter(BACKENDS)) == "flat"
    assert not BACKENDS["flat"].due(10**9, 0)
    tables = BACKENDS["multi-index"]
    assert not tables.due(chunk_tables.FEWEST - 1, 0)
    assert tables.due(chunk_tables.FEWEST, 0)
    assert not tables.due(chunk_tables.FEWEST, chunk_tables.FEWEST - 1)
