"""What every registered hasher keeps, whatever it is made of; and a toy one, added here."""

import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from opensearch.config import GdmhSettings, HashSettings
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.errors import BundleError, InvalidInput
from opensearch.experiments.refit import refit
from opensearch.hashing import (
    HASHERS,
    HashData,
    asymmetric,
    check_bits,
    fit_hasher,
    hamming,
    restore_hasher,
)
from opensearch.hashing.linear import LinearHasher
from opensearch.progress import quiet
from opensearch.semantic import unit

DIM = 48
DOMAINS = ("sketch", "photo")
QUICK = GdmhSettings(steps=30, batch=32, hidden=16)
OWN_WIDTH = ("sign",)
"""Hashers whose codes are as wide as the embeddings."""
UNSEEDED = ("sign",)
"""Hashers that leave nothing to chance."""


@dataclass(frozen=True)
class ToyHasher(LinearHasher):
    """Signs along random directions."""

    name: ClassVar[str] = "toy"

    @classmethod
    def fit(cls, data, settings, seed, progress=quiet):
        shape = (data.embeddings.shape[1], settings.bits)
        directions = np.random.default_rng(seed).normal(size=shape)
        return cls(data.embeddings.mean(axis=0), directions.astype(np.float32))


@pytest.fixture(autouse=True, scope="module")
def toy_hasher():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(HASHERS, "toy", ToyHasher)
        yield


@cache
def items(dim):
    rng = np.random.default_rng(7)
    prototypes = unit(rng.normal(size=(12, dim)))
    labels = rng.integers(0, 12, 600)
    rows = unit(prototypes[labels] + 0.15 * rng.normal(size=(600, dim)))
    return HashData(rows, np.where(np.arange(600) < 400, "sketch", "photo"), labels, prototypes)


def fitted(name, bits, seed=0):
    """A hasher, and the items it was fitted on."""
    data = items(bits if name in OWN_WIDTH else DIM)
    settings = HashSettings(name=name, bits=bits, gdmh=QUICK)
    return fit_hasher(settings, data, seed), data


made_once = cache(fitted)
"""The same, fitted once for all tests that only look at it."""


def restored(made, settings=None, tensors=None):
    own = {domain: made.own(domain) for domain in DOMAINS if made.own(domain)}
    tensors = made.tensors() if tensors is None else tensors
    return restore_hasher(settings or made.settings(), tensors, own)


@pytest.fixture(params=[*HASHERS, "toy"])
def name(request):
    return request.param


@pytest.mark.parametrize("bits", [16, 40, 48, 64, 512])
def test_codes_have_the_width_asked_for(name, bits):
    made, data = made_once(name, bits)
    assert (made.name, made.bits, made.dim) == (name, bits, data.embeddings.shape[1])
    for domain in (None, "sketch", "photo"):
        assert made.logits(data.embeddings, domain).shape == (600, bits)
        codes = made.encode(data.embeddings, domain)
        assert codes.shape == (600, bits // 8)
        assert codes.dtype == np.uint8


def test_a_bit_is_the_sign_of_its_logit(name):
    made, data = made_once(name, 32)
    bits = np.unpackbits(made.encode(data.embeddings, "sketch"), axis=1)
    np.testing.assert_array_equal(bits, made.logits(data.embeddings, "sketch") >= 0)


@pytest.mark.parametrize("bits", [16, 64])
def test_a_restored_hasher_gives_equal_codes(name, bits):
    made, data = made_once(name, bits, 3)
    again = restored(made, json.loads(json.dumps(made.settings())))
    assert again.settings() == made.settings()
    for domain in DOMAINS:
        np.testing.assert_array_equal(
            again.encode(data.embeddings, domain), made.encode(data.embeddings, domain)
        )


@pytest.mark.parametrize("value", [None, {"a": 1}, [], "x", -1, 2**70])
def test_settings_that_cannot_be_are_told_as_damage(name, value):
    """Of a `model.json` that was changed by hand; they ended in a traceback."""
    made, _ = made_once(name, 32)
    for setting in made.settings():
        with suppress(BundleError):
            restored(made, {**made.settings(), setting: value})
    with pytest.raises(BundleError):
        restored(made, {**made.settings(), "name": value})


def test_a_seed_decides_the_codes(name):
    first, again, other = (fitted(name, 32, seed)[0] for seed in (1, 1, 2))
    embeddings = made_once(name, 32)[1].embeddings
    codes = first.encode(embeddings)
    np.testing.assert_array_equal(codes, again.encode(embeddings))
    assert (codes != other.encode(embeddings)).any() == (name not in UNSEEDED)


def test_near_embeddings_have_near_codes(name):
    made, data = made_once(name, 48)
    codes = made.encode(data.embeddings)
    pairs = np.triu_indices(200, k=1)
    angles = np.arccos(np.clip(data.embeddings[:200] @ data.embeddings[:200].T, -1, 1))[pairs]
    distances = hamming(codes[:200], codes[:200])[pairs]
    # measured here: lsh 0.74, itq 0.80, sign 0.75; codes without regard to the angles give 0
    assert np.corrcoef(angles, distances)[0, 1] > 0.6


def test_asymmetric_scores_follow_the_angles_more_closely_than_distances(name):
    """Across domains, too: a sketch's logits against codes of photos."""
    made, data = made_once(name, 48)
    for source, target in (("sketch", "sketch"), ("sketch", "photo"), (None, "photo")):
        angles = data.embeddings[:100] @ data.embeddings[-200:].T
        codes = made.encode(data.embeddings[-200:], target)
        scores = asymmetric(made.logits(data.embeddings[:100], source), codes)
        distances = hamming(made.encode(data.embeddings[:100], source), codes)
        assert np.abs(scores).max() <= 1
        real = np.corrcoef(angles.ravel(), scores.ravel())[0, 1]
        # measured here: lsh .92 against .88, itq .92 against .90
        assert real > np.corrcoef(angles.ravel(), -distances.ravel())[0, 1]


def test_an_items_own_logits_score_its_code_highest(name):
    made, data = made_once(name, 32)
    codes = made.encode(data.embeddings, "photo")
    scores = asymmetric(made.logits(data.embeddings, "photo"), codes)
    np.testing.assert_array_equal(scores.max(axis=1), np.diag(scores))


def test_no_bit_is_always_the_same(name):
    made, data = made_once(name, 32)
    bits = np.unpackbits(made.encode(data.embeddings), axis=1)
    assert 0.02 < bits.mean(axis=0).min() <= bits.mean(axis=0).max() < 0.98


@pytest.mark.parametrize("bits", [0, 8, 20, 520])
def test_a_width_that_codes_cannot_have_is_refused(bits):
    with pytest.raises(InvalidInput, match=f"16 to 512 bits, a multiple of 8, got {bits}$"):
        check_bits(bits)
    with pytest.raises(ValidationError):
        HashSettings(bits=bits)


def test_embeddings_of_another_width_are_refused(name):
    made, _ = made_once(name, 16)
    with pytest.raises(InvalidInput, match=rf"embeddings \(n, {made.dim}\), got \(2, 5\)"):
        made.encode(np.zeros((2, 5), np.float32))


def test_an_embedding_of_nan_is_refused(name):
    made, _ = made_once(name, 16)
    with pytest.raises(InvalidInput, match="holds NaN"):
        made.encode(np.full((1, made.dim), np.nan, np.float32))


def test_a_hasher_that_lacks_a_tensor_is_damaged(name):
    made, _ = made_once(name, 16)
    for lost in made.tensors():
        rest = {key: array for key, array in made.tensors().items() if key != lost}
        with pytest.raises(BundleError, match=f"the model's {name} hasher"):
            restored(made, tensors=rest)


def test_a_hasher_of_other_bits_than_its_settings_is_damaged(name):
    made, _ = made_once(name, 16)
    with pytest.raises(BundleError, match=f"the model's {name} hasher"):
        restored(made, {**made.settings(), "bits": 24})


def test_unknown_names_list_the_known():
    with pytest.raises(InvalidInput, match=f"no hasher 'pq'; known: {', '.join(HASHERS)}"):
        fit_hasher(HashSettings(name="pq", bits=16), items(DIM), 0)
    with pytest.raises(BundleError, match=f"hasher is 'pq'; known: {', '.join(HASHERS)}"):
        restore_hasher({"name": "pq"}, {}, {})


def test_an_added_hasher_gives_a_model_codes_that_are_searched(toy_model, toy_collection, tmp_path):
    settings = HashSettings(name="toy", bits=24)
    model = refit(Bundle.open(toy_model), tmp_path / "model", [toy_collection], settings)
    with Engine.create(tmp_path / "index", model=model.folder) as engine:
        assert engine.add(toy_collection).failed == 0
        path = toy_collection / "sketch" / "cube" / "08.png"
        hits = engine.search(path, source="sketch", targets=["sketch"], k=99, refine=False)
    assert {hit.key: hit.distance for hit in hits}["sketch/cube/08.png"] == 0
