"""Pooling by which way is up: the likely axis' views count, and their weights are a softmax."""

import numpy as np
import pytest

from opensearch.domains.shapes.cameras import cameras
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pooling import UPRIGHT, pooled_codes, up_axes, upright_weights
from opensearch.errors import BundleError


def test_up_axes_are_those_of_the_cameras():
    """The picture's up vector of a camera leans most on the axis that is told."""
    ups = np.abs(cameras(24)[:, 1]).argmax(axis=1)
    assert up_axes(24).tolist() == ups.tolist()


def test_known_weights():
    """Two views an axis; along the direction y's mean is ln 2 above the others': 1/4, 1/2, 1/4."""
    features = np.zeros((1, 6, 2), np.float32)
    axes = up_axes(6)
    features[0, axes == 1, 0] = np.log(2) + np.array([0.5, -0.5])
    weights = upright_weights(features, np.array([1.0, 0.0]))
    wanted = np.where(axes == 1, 1 / 4, 1 / 8)
    assert np.allclose(weights, wanted[None], atol=1e-6)
    assert np.allclose(weights.sum(axis=1), 1)


def test_without_weights_upright_is_the_mean():
    views = np.random.default_rng(0).normal(size=(3, 6, 4)).astype(np.float32)
    assert np.allclose(pooled_codes(views, "upright"), pooled_codes(views, "mean"), atol=1e-6)


def projector(**more):
    return {"linear.weight": np.eye(2), "linear.bias": np.zeros(2), **more}


def test_an_encoder_pools_the_upright_views():
    features = np.tile(np.array([0.0, 1.0]), (1, 6, 1))
    features[0, up_axes(6) == 2] = [1.0, 0.0]
    encoder = Encoder(None, projector(**{UPRIGHT: np.array([50.0, 0.0])}), "upright")
    assert np.allclose(encoder.embed_features(features), [[1.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize(
    ("tensors", "views"), [(projector(), 6), (projector(**{UPRIGHT: np.ones(2)}), 4)]
)
def test_what_is_missing_for_upright_is_named(tensors, views):
    encoder = Encoder(None, tensors, "upright")
    with pytest.raises(BundleError, match=rf"upright.direction.*{views} views"):
        encoder.embed_features(np.zeros((1, views, 2)))
