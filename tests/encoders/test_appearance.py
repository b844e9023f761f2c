"""Embeddings completed by what items look like: against a slow reference, and damaged tensors."""

import numpy as np
import pytest

from opensearch.encoders.appearance import OWN, PREFIX, SHARED, Appearance, Pull
from opensearch.encoders.encoder import Encoder
from opensearch.errors import BundleError

DIM, FEATURES, WIDTH = 6, 5, 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def made(rng, *, temperature=0.1, pull=1.0, share=1.2):
    """Tensors of an appearance with random points and axes; its directions are the last two."""
    points = rng.normal(size=(4, DIM))
    points[:, -WIDTH:] = 0
    tensors = {
        "points": points / np.linalg.norm(points, axis=1, keepdims=True),
        "directions": np.eye(DIM)[-WIDTH:],
        "axes": rng.normal(size=(WIDTH, FEATURES)),
        "settings": np.array([temperature, pull, share]),
        "mean": rng.normal(size=FEATURES),
        "deviation": rng.uniform(0.5, 2, FEATURES),
    }
    return {PREFIX + name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def reference(tensors, meaning, features):
    """One item, number by number, as the class's docstring has it."""
    t = {name.removeprefix(PREFIX): tensor.astype(float) for name, tensor in tensors.items()}
    temperature, pull, share = t["settings"]
    cosines = [sum(a * b for a, b in zip(meaning, point, strict=True)) for point in t["points"]]
    odds = [np.exp(cosine / temperature) for cosine in cosines]
    said = sum(odd / sum(odds) * point for odd, point in zip(odds, t["points"], strict=True))
    drawn = meaning + pull * said / np.linalg.norm(said)
    drawn = drawn / np.linalg.norm(drawn)
    for direction in t["directions"]:
        drawn = drawn - (drawn @ direction) * direction
    meant = drawn / np.linalg.norm(drawn)
    standard = (features - t["mean"]) / t["deviation"]
    looks = np.array([axis @ standard for axis in t["axes"]])
    looks = looks / np.linalg.norm(looks)
    whole = meant + share * sum(z * u for z, u in zip(looks, t["directions"], strict=True))
    return whole / np.linalg.norm(whole)


@pytest.mark.parametrize("settings", [{}, {"pull": 0.0}, {"share": 0.0}, {"temperature": 0.02}])
def test_an_embedding_is_meaning_and_looks(rng, settings):
    tensors = made(rng, **settings)
    meanings = rng.normal(size=(7, DIM))
    meanings /= np.linalg.norm(meanings, axis=1, keepdims=True)
    features = rng.normal(size=(7, FEATURES))
    found = Appearance(tensors)(meanings, features)
    if settings.get("pull") == 0.0:
        tensors[PREFIX + "points"] = np.ones_like(tensors[PREFIX + "points"])  # no say
    pairs = zip(meanings, features, strict=True)
    expected = [reference(tensors, meaning, seen) for meaning, seen in pairs]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_a_word_is_compared_by_meaning_alone(rng):
    """Looks lie where points have nothing, so they shorten all cosines with a word alike."""
    tensors = made(rng, pull=0.0, share=1.2)
    word = tensors[PREFIX + "points"][0].astype(float)
    meaning = tensors[PREFIX + "points"][1:2].astype(float)
    cosines = Appearance(tensors)(np.repeat(meaning, 9, 0), rng.normal(size=(9, FEATURES))) @ word
    expected = (meaning[0] @ word) / np.sqrt(1 + 1.2**2)
    np.testing.assert_allclose(cosines, expected, atol=1e-6)


def test_an_item_is_the_same_alone_and_in_a_batch(rng):
    complete = Appearance(made(rng))
    meanings, features = rng.normal(size=(9, DIM)), rng.normal(size=(9, FEATURES))
    whole = complete(meanings, features)
    alone = np.concatenate([complete(meanings[i : i + 1], features[i : i + 1]) for i in range(9)])
    np.testing.assert_array_equal(whole, alone)


def test_views_are_pooled_before_looks_are_standardised(rng):
    """Of two views, both counting alike, features are averaged as embeddings are."""
    tensors = made(rng)
    projector = {
        "linear.weight": rng.normal(size=(DIM, FEATURES)).astype(np.float32),
        "linear.bias": np.zeros(DIM, np.float32),
    }
    features = rng.normal(size=(3, 2, FEATURES)).astype(np.float32)
    encoder = Encoder(None, projector | tensors, "mean")
    mean = features.mean(axis=1)
    plain = Encoder(None, projector, "mean").embed_features(features)
    np.testing.assert_allclose(encoder.pooled_features(features), mean, atol=1e-6)
    expected = Appearance(tensors)(plain, mean)
    np.testing.assert_allclose(encoder.embed_features(features), expected, atol=1e-6)
    assert np.abs(encoder.embed_features(features) - plain).max() > 0.1


@pytest.mark.parametrize("name", [*SHARED, *OWN])
def test_a_tensor_that_is_missing_or_misshapen_is_told(rng, name):
    tensors = made(rng)
    with pytest.raises(BundleError, match=f"lacks a tensor of its appearance.*{name}"):
        Appearance({k: v for k, v in tensors.items() if k != PREFIX + name})
    tensors[PREFIX + name] = np.ones((3, 3), np.float32)
    with pytest.raises(BundleError, match="appearance"):
        Appearance(tensors)


@pytest.mark.parametrize("name", ["points", "settings"])
def test_words_of_a_model_without_a_tensor_are_told_so_too(rng, name):
    tensors = {k: v for k, v in made(rng).items() if k != PREFIX + name}
    with pytest.raises(BundleError, match=f"lacks a tensor of its appearance.*{name}"):
        Pull(tensors)
