"""The measures of codes: distinct ones, ties, and order within a category."""

import numpy as np
import pytest

from benchmarks.coded import Arrays, median_ms
from benchmarks.codes import ALL, Part, correlation, correlations, measure, parts_of, ties
from opensearch.config import HashSettings
from opensearch.experiments.embedded import EmbeddedSplit
from opensearch.hashing import HashData, fit_hasher
from opensearch.semantic import unit

DIM = 16


def random_split(seed, sizes):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, DIM))
    domains = {}
    for domain, size in sizes.items():
        labels = rng.integers(0, 3, size)
        rows = unit(centres[labels] + rng.normal(size=(size, DIM)))
        domains[domain] = (rows, [f"c{label}" for label in labels])
    return EmbeddedSplit(domains)


def lsh(bits=64):
    rng = np.random.default_rng(0)
    rows = unit(rng.normal(size=(40, DIM)))
    data = HashData(rows, np.full(40, "a"), np.zeros(40, np.int64), rows[:1])
    return fit_hasher(HashSettings(name="lsh", bits=bits), data, 0)


def ranks(values):
    """Reference: the mean place of each value among all, ties sharing theirs."""
    return [np.mean(np.flatnonzero(np.sort(values) == value)) for value in values]


def slow_correlations(parts, domain):
    """Reference: pair by pair, Pearson's correlation of ranks."""
    found = []
    names = list(parts)
    for label in ("c0", "c1", "c2"):
        apart, cosine = [], []
        for at, one in enumerate(names):
            for other in names[at + 1 :]:
                if domain is not None and domain not in (one, other):
                    continue
                for i in np.flatnonzero(parts[one].labels == label):
                    for j in np.flatnonzero(parts[other].labels == label):
                        bits = np.unpackbits(parts[one].codes[i] ^ parts[other].codes[j])
                        apart.append(int(bits.sum()))
                        a, b = parts[one].embeddings[i], parts[other].embeddings[j]
                        cosine.append(1 - float(a @ b))
        if len(apart) >= 100:
            found.append(np.corrcoef(ranks(apart), ranks(cosine))[0, 1])
    return found


def test_correlations_are_those_of_ranks_over_pairs_across_domains():
    parts = parts_of(random_split(1, {"a": 60, "b": 45, "c": 8}), lsh())
    for domain in (None, "a", "c"):
        wanted = slow_correlations(parts, domain)
        assert correlations(parts, domain) == pytest.approx(wanted, abs=1e-4)
    assert len(correlations(parts, None)) == 3
    assert len(correlations(parts, "c")) < 3  # too few pairs in a category


def test_codes_of_categories_alone_rank_nothing_and_share_one_value():
    split = random_split(2, {"a": 60, "b": 60})
    parts = {}
    for domain, (rows, labels) in split.domains.items():
        codes = np.array([[int(label[1])] * 8 for label in labels], np.uint8)
        parts[domain] = Part(rows, codes, np.array(labels))
    whole, *each = measure("test", "flat", parts)
    assert (whole.domain, whole.items, whole.distinct, whole.spearman) == (ALL, 120, 3, 0)
    assert [row.domain for row in each] == ["a", "b"]
    together = [*split.domains["a"][1], *split.domains["b"][1]]
    assert whole.largest_tie == max(together.count(f"c{n}") for n in range(3))


def test_no_pairs_have_no_correlation():
    row = measure("test", "lsh", parts_of(random_split(3, {"a": 20}), lsh()))[0]
    assert (row.spearman, row.categories) == (None, 0)


def test_ties_by_hand():
    codes = np.array([[1, 2], [1, 3], [1, 2], [0, 2], [1, 2]], np.uint8)
    assert ties(codes) == (3, 3)


def test_perfect_order_and_no_order_at_all():
    rising = np.arange(5, dtype=np.float32)
    assert correlation(np.arange(5, dtype=np.int32), rising) == pytest.approx(1)
    assert correlation(np.arange(5, dtype=np.int32), -rising) == pytest.approx(-1)
    assert correlation(np.zeros(5, np.int32), rising) == 0


def test_codes_in_arrays_are_searched_as_the_engine_searches():
    rng = np.random.default_rng(0)
    codes = {name: rng.integers(0, 256, (size, 3), dtype=np.uint8) for name, size in SIZES.items()}
    every = np.concatenate(list(codes.values()))
    query = rng.integers(0, 256, 3, dtype=np.uint8)
    apart = np.unpackbits(every ^ query, axis=1).sum(axis=1)
    searcher = Arrays(codes).searcher()
    distances, ids = searcher.search(query[None], list(codes), 20)
    wanted = sorted(zip(apart.tolist(), range(len(every)), strict=True))[:20]
    assert list(zip(distances[0].tolist(), ids[0].tolist(), strict=True)) == wanted
    ids = searcher.search(query[None], ["b"], 50)[1][0]
    assert sorted(ids[ids >= 0].tolist()) == list(range(30, 42))
    np.testing.assert_array_equal(searcher.codes(np.array([41, 3]), ["a", "b"]), every[[41, 3]])


SIZES = {"a": 30, "b": 12, "c": 5}


def test_the_first_calls_are_not_timed(monkeypatch):
    called = []
    monkeypatch.setattr("time.perf_counter", lambda: 1e-3 * sum(called))  # a call takes its number
    assert median_ms(called.append, [100, 2, 3, 5, 9]) == pytest.approx(5)
    assert called == [100, 2, 3, 100, 2, 3, 5, 9]
