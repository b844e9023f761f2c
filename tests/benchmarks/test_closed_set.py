"""The closed set: what is searched, and its mAP against a walk down every ranking."""

from types import SimpleNamespace

import click
import numpy as np
import pytest

from benchmarks.closed_set import MB, measure, pools
from opensearch.config import HashSettings
from opensearch.experiments.embedded import EmbeddedCollection, EmbeddedSplit
from opensearch.hashing import HashData, fit_hasher
from opensearch.semantic import unit

DIM = 12


def rows_of(rng, counts):
    """Embeddings and categories: so many of each."""
    labels = [label for label, count in counts.items() for _ in range(count)]
    places = np.array([[ord(c) for c in label] for label in labels])[:, :1]
    return unit(rng.normal(size=(len(labels), DIM)) + np.eye(DIM)[places[:, 0] % DIM]), labels


@pytest.fixture(scope="module")
def embedded():
    rng = np.random.default_rng(0)
    splits = {
        "train": {
            "sketch": rows_of(rng, {"a": 9, "b": 9, "c": 3}),
            "photo": rows_of(rng, {"a": 20, "b": 15, "d": 4}),
        },
        "test": {
            "sketch": rows_of(rng, {"a": 5, "b": 6, "c": 2, "e": 3}),
            "photo": rows_of(rng, {"a": 4, "b": 3, "d": 5, "e": 6}),
        },
        "unseen": {"sketch": rows_of(rng, {"z": 4}), "photo": rows_of(rng, {"z": 4})},
    }
    held = {name: EmbeddedSplit(domains) for name, domains in splits.items()}
    return EmbeddedCollection(held, list(held), [], [])


def slow_map(found, apart, rng):
    """Reference: plain AP of each query with something to find, over many orders of ties."""
    aps = []
    for row, label in enumerate(found.queries.labels):
        relevant = found.gallery.labels == label
        if not relevant.any():
            continue
        for _ in range(100):
            hits = relevant[np.lexsort((rng.random(len(relevant)), apart[row]))]
            aps.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return np.mean(aps)


def test_searched_categories_are_those_trained_on(embedded):
    found = pools(embedded, {"a", "b", "c", "d", "z"})
    assert found.queries.labels.tolist() == ["a"] * 5 + ["b"] * 6 + ["c"] * 2
    held = {label: found.gallery.labels.tolist().count(label) for label in "abdez"}
    assert held == {"a": 24, "b": 18, "d": 9, "e": 0, "z": 0}
    fewer = pools(embedded, {"b", "d"})
    assert set(fewer.queries.labels) == {"b"}
    assert set(fewer.gallery.labels) == {"b", "d"}


def test_a_row_for_embeddings_and_one_for_each_hasher(embedded):
    found = pools(embedded, {"a", "b", "c", "d"})
    rows = np.concatenate([found.queries.rows, found.gallery.rows])
    data = HashData(rows, np.full(len(rows), "x"), np.zeros(len(rows), np.int64), rows[:1])
    hashers = {
        f"lsh-{bits}": fit_hasher(HashSettings(name="lsh", bits=bits), data, 0) for bits in (16, 32)
    }
    real, *coded = measure("toy", SimpleNamespace(hashers=hashers), found)
    rng = np.random.default_rng(0)
    cosine = -found.queries.rows @ found.gallery.rows.T
    assert real.map_all == pytest.approx(slow_map(found, cosine, rng), abs=1e-6)
    for row, hasher in zip(coded, hashers.values(), strict=True):
        ours = hasher.encode(found.queries.rows)[:, None] ^ hasher.encode(found.gallery.rows)
        apart = np.unpackbits(ours, axis=2).sum(axis=2)
        assert row.map_all == pytest.approx(slow_map(found, apart, rng), abs=0.01)
    assert [(row.model, row.codes, row.bits) for row in (real, *coded)] == [
        *(("toy", "real", None), ("toy", "lsh-16", 16)),
        ("toy", "lsh-32", 32),
    ]
    for row in (real, *coded):
        assert (row.queries, row.gallery, row.categories) == (11, 51, 2)
        assert row.ms > 0
    assert [row.mb for row in (real, *coded)] == [51 * w / MB for w in (4 * DIM, 2, 4)]


def test_a_collection_without_sketches_is_refused(embedded):
    photos = {"train": EmbeddedSplit({"photo": embedded.splits["train"].domains["photo"]})}
    photos["test"] = photos["train"]
    with pytest.raises(click.UsageError, match="the collection has no sketch files in test"):
        pools(EmbeddedCollection(photos, ["train", "test"], [], []), {"a"})
