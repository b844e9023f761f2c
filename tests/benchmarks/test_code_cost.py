"""What codes cost: sizes by hand, a small search, and the toy model's own files."""

from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks.code_cost import NOISE, Making, copies, item_bytes, making, search_times
from opensearch.encoders.bundle import Bundle
from opensearch.experiments.embedded import EmbeddedCollection, EmbeddedSplit
from opensearch.model import Model
from opensearch.semantic import unit


def test_bytes_an_item_by_hand():
    assert list(item_bytes(64, 384).values()) == [8 + 8, 768 + 8, 1536 + 8]


def test_copies_are_near_their_originals_and_as_many_as_asked_for():
    rng = np.random.default_rng(0)
    rows = {"a": unit(rng.normal(size=(30, 64))), "b": unit(rng.normal(size=(20, 64)))}
    parts = list(copies(rows, 110, rng))
    assert [(domain, len(part)) for domain, part in parts] == [
        *(("a", 30), ("b", 20)),
        *(("a", 30), ("b", 20), ("a", 10)),
    ]
    for domain, part in parts:
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, rtol=1e-5)
        cosines = (part * rows[domain][: len(part)]).sum(axis=1)
        assert np.mean(cosines) == pytest.approx(1 / (1 + NOISE**2) ** 0.5, abs=0.03)
        assert cosines.max() < 1
    assert not np.array_equal(parts[0][1], parts[2][1])


def test_every_way_of_searching_is_timed(toy_model):
    model = Model(Bundle.open(toy_model))
    rng = np.random.default_rng(0)
    held = {
        domain: (unit(rng.normal(size=(20, model.hasher.dim))), ["c"] * 20)
        for domain in model.bundle.domains
    }
    embedded = EmbeddedCollection({"train": EmbeddedSplit(held)}, ["train"], [], [])
    times = search_times(SimpleNamespace(model=model, embedded=embedded), 150, 5, rng)
    assert [time.way.split(",")[0] for time in times] == ["codes", "codes", "codes", "float32"]
    assert all(time.ms > 0 for time in times)


def test_backbone_and_hasher_are_timed_one_by_one_and_in_a_batch(toy_model, toy_collection):
    found = list(making(Model(Bundle.open(toy_model)), toy_collection, 6))
    assert [(made.domain, made.files, made.views) for made in found] == [
        *(("photo", 1, 1), ("photo", 6, 1)),
        *(("shape", 1, 2), ("shape", 6, 2)),
        *(("sketch", 1, 1), ("sketch", 6, 1)),
    ]
    assert all(made.trunk_ms > 0 and made.hash_ms > 0 for made in found)
    assert Making("photo", 1, 1, 20.0, 0.5).percent == 2.5
