"""Meanings drawn toward names of classes: against a slow reference, and damaged tensors."""

import numpy as np
import pytest

from opensearch.encoders.appearance import PREFIX as LOOKS
from opensearch.encoders.class_names import NAMES, PREFIX, ClassNames
from opensearch.encoders.encoder import Encoder
from opensearch.errors import BundleError

DIM, FEATURES, CLASSES = 4, 5, 3


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def made(rng, *, temperature=1.0, share=0.6):
    """Tensors of a random classifier whose classes have random points."""
    points = rng.normal(size=(CLASSES, DIM))
    tensors = {
        "weight": rng.normal(size=(CLASSES, FEATURES)),
        "bias": rng.normal(size=CLASSES),
        "points": points / np.linalg.norm(points, axis=1, keepdims=True),
        "settings": np.array([temperature, share]),
    }
    return {PREFIX + name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def unit_rows(rng, count):
    rows = rng.normal(size=(count, DIM))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def reference(tensors, meaning, feature):
    """One item, class by class, as the class's docstring has it."""
    t = {name.removeprefix(PREFIX): tensor.astype(float) for name, tensor in tensors.items()}
    temperature, share = t["settings"]
    logits = [row @ feature + b for row, b in zip(t["weight"], t["bias"], strict=True)]
    odds = [np.exp(logit / temperature) for logit in logits]
    said = sum(odd / sum(odds) * point for odd, point in zip(odds, t["points"], strict=True))
    drawn = meaning + share * said
    return drawn / np.linalg.norm(drawn)


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.3}, {"share": 2.0}])
def test_a_meaning_is_drawn_toward_what_the_classifier_says(rng, settings):
    tensors = made(rng, **settings)
    meanings, features = unit_rows(rng, 7), rng.normal(size=(7, FEATURES))
    found = ClassNames(tensors)(meanings, features)
    for row, meaning, feature in zip(found, meanings, features, strict=True):
        np.testing.assert_allclose(row, reference(tensors, meaning, feature), atol=1e-6)


def test_logits_of_any_size_are_finite(rng):
    tensors = made(rng, temperature=1e-3)
    found = ClassNames(tensors)(unit_rows(rng, 2), 1e6 * rng.normal(size=(2, FEATURES)))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_an_encoder_draws_before_it_adds_looks(rng):
    """With looks of no length and no pull, an embedding is the drawn meaning."""
    projector = {
        "linear.weight": rng.normal(size=(DIM, FEATURES)).astype(np.float32),
        "linear.bias": np.zeros(DIM, np.float32),
        "norm.weight": np.ones(DIM, np.float32),
        "norm.bias": np.zeros(DIM, np.float32),
        "norm.running_mean": np.zeros(DIM, np.float32),
        "norm.running_var": np.ones(DIM, np.float32),
    }
    looks = {
        "points": np.eye(DIM),
        "directions": np.zeros((1, DIM)),
        "axes": np.ones((1, FEATURES)),
        "settings": np.array([0.1, 0.0, 0.0]),
        "mean": np.zeros(FEATURES),
        "deviation": np.ones(FEATURES),
    }
    features = rng.normal(size=(3, 1, FEATURES)).astype(np.float32)
    classes = made(rng)
    bare = Encoder(None, projector, "mean").embed_features(features)
    drawn = Encoder(None, projector | classes, "mean").embed_features(features)
    whole = projector | classes | {LOOKS + name: part for name, part in looks.items()}
    np.testing.assert_allclose(drawn, ClassNames(classes)(bare, features[:, 0]), atol=1e-6)
    assert np.abs(drawn - bare).max() > 0.05
    again = Encoder(None, whole, "mean").embed_features(features)
    np.testing.assert_allclose(again, drawn, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_tensor_is_named(rng, name):
    tensors = made(rng)
    del tensors[PREFIX + name]
    with pytest.raises(BundleError, match=f"lacks a tensor of its class names.*{name}"):
        ClassNames(tensors)


@pytest.mark.parametrize("name", NAMES)
def test_tensors_that_do_not_fit_are_refused(rng, name):
    tensors = made(rng)
    tensors[PREFIX + name] = tensors[PREFIX + name][:-1]
    with pytest.raises(BundleError, match="do not fit together"):
        ClassNames(tensors)
