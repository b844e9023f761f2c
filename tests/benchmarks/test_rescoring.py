"""Rescoring over generated files, against a search of everything, one file at a time."""

import numpy as np
import pytest

from benchmarks.rescoring import Files, gather, rescore, summary
from opensearch.config import HashSettings
from opensearch.experiments.embedded import EmbeddedCollection, EmbeddedSplit
from opensearch.hashing import HashData, fit_hasher
from opensearch.semantic import unit

DIM = 12
SIZES = {"train": {"photo": 60, "sketch": 40}, "test": {"photo": 25, "shape": 9}}


@pytest.fixture(scope="module")
def files():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, DIM))
    splits = {}
    for split, domains in SIZES.items():
        held = {}
        for domain, size in domains.items():
            labels = rng.integers(0, 4, size)
            rows = unit(centres[labels] + 1.5 * rng.normal(size=(size, DIM)))
            held[domain] = (rows, [f"c{label}" for label in labels])
        splits[split] = EmbeddedSplit(held)
    return gather(EmbeddedCollection(splits, list(splits), [], []))


@pytest.fixture(scope="module")
def codes(files):
    labels = np.zeros(len(files.labels), np.int64)
    data = HashData(files.embeddings, files.domains(), labels, files.embeddings[:1])
    return files.codes(fit_hasher(HashSettings(name="lsh", bits=16), data, 0))


def slow_search(files, every, query, depth):
    """Reference: whole shells of distance without the query, by cosine of stored embeddings."""
    cosines = (files.stored * files.embeddings[query]).sum(axis=1)
    apart = np.unpackbits(every ^ every[query], axis=1).sum(axis=1)
    others = sorted((int(apart[i]), i) for i in range(len(every)) if i != query)
    reach = others[: max(depth, 10)][-1][0]
    kept = [i for distance, i in others if distance <= reach or not depth]
    return sorted(kept, key=lambda i: (-cosines[i], i))[:10], len(kept)


def test_the_gallery_is_every_file_domain_by_domain(files):
    assert files.sizes == {"photo": 85, "shape": 9, "sketch": 40}
    assert files.domains()[[0, 84, 85, 94]].tolist() == ["photo", "photo", "shape", "sketch"]
    assert files.splits[[0, 59, 60, 85, 94]].tolist() == ["train", "train", "test", "test", "train"]
    assert files.stored.dtype == np.float32
    np.testing.assert_allclose(files.stored, files.embeddings, atol=1e-3)


def test_every_depth_finds_what_the_reference_finds(files, codes):
    every = np.concatenate(list(codes.values()))
    found = rescore(files, codes, ["test"], [5, 40])
    assert {one.query for one in found} == set(np.flatnonzero(files.splits == "test").tolist())
    assert len(found) == 3 * 34
    for one in found:
        hits, candidates = slow_search(files, every, one.query, one.depth)
        assert one.hits.tolist() == hits
        assert one.query not in hits
        assert (one.candidates, one.sampled) == (candidates, False)


def test_the_summary_counts_hits_by_category_and_against_the_real_search(files, codes):
    found = rescore(files, codes, ["test", "train"], [10])
    rows = summary(files, "lsh-16", ["test", "train"], [10], found)
    assert [(row.split, row.depth) for row in rows] == [
        (split, depth) for split in ("test", "train") for depth in (0, 10)
    ]
    real, near = rows[:2]
    assert (real.queries, real.recall, real.share, real.candidates) == (34, 1, 1, 133)
    assert 0 < near.recall < 1
    assert 10 <= near.candidates < 133
    every = np.concatenate(list(codes.values()))
    rights, recalls, all_rights = {}, [], []
    for query in np.flatnonzero(files.splits == "test"):
        hits, _ = slow_search(files, every, query, 10)
        best, _ = slow_search(files, every, query, 0)
        right = sum(files.labels[i] == files.labels[query] for i in hits) / 10
        rights.setdefault(files.labels[query], []).append(right)
        all_rights.append(right)
        recalls.append(len(set(hits) & set(best)) / 10)
    assert near.precision == pytest.approx(np.mean(all_rights))
    assert near.precision_macro == pytest.approx(np.mean([np.mean(v) for v in rights.values()]))
    assert near.recall == pytest.approx(np.mean(recalls))
    assert near.share == pytest.approx(near.precision / real.precision)


def test_a_shell_that_is_too_large_is_sampled_as_in_the_engine(files):
    flat = {"photo": np.zeros((300, 2), np.uint8)}
    rows = unit(np.random.default_rng(1).normal(size=(300, DIM)))
    labels = np.full(300, "c0")
    alike = Files(rows, rows, labels, np.full(300, "test"), {"photo": 300})
    found = [one for one in rescore(alike, flat, ["test"], [10]) if one.depth]
    assert {(one.candidates, one.sampled) for one in found} == {(100, True)}
