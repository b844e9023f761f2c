"""Pooling by a softmax over all embeddings of an item's views."""

import numpy as np
import pytest

from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pooling import SOFTMAX, softmax_weights
from opensearch.errors import BundleError


def test_known_weights():
    """The second view's logit is ln 3, by a number of the first view, whose own is 0: 1/4, 3/4."""
    codes = np.array([[[np.log(3), 0.0], [5.0, 7.0]]], np.float32)
    weight = np.zeros((2, 4))
    weight[1, 0] = 1
    assert softmax_weights(codes, weight, np.zeros(2))[0] == pytest.approx([0.25, 0.75])
    biased = softmax_weights(codes, weight, np.array([np.log(3), 0]))[0]
    assert biased == pytest.approx([0.5, 0.5])


def projector(**more):
    return {"linear.weight": np.eye(2), "linear.bias": np.zeros(2), **more}


def test_an_encoder_weighs_embeddings_by_it():
    weight = np.zeros((2, 4))
    weight[1, 0] = 1
    encoder = Encoder(None, projector(**{SOFTMAX: weight}), "softmax")
    features = np.array([[[np.log(3), 0.0], [0.0, 1.0]]])
    wanted = np.array([0.25 * np.log(3), 0.75])
    assert encoder.codes(features)[0] == pytest.approx(wanted)
    assert encoder.embed_features(features)[0] == pytest.approx(wanted / np.linalg.norm(wanted))


def test_a_single_view_needs_no_weights():
    assert Encoder(None, projector(), "softmax").codes(np.ones((1, 1, 2))).tolist() == [[1, 1]]


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({}, "wants a tensor 'softmax.weight', which the model lacks; train it again"),
        ({SOFTMAX: np.zeros((6, 12))}, r"weights of shape \(6, 12\) for 3 views of 2 numbers"),
    ],
)
def test_what_is_missing_is_named(tensors, told):
    with pytest.raises(BundleError, match=told):
        Encoder(None, projector(**tensors), "softmax").codes(np.zeros((1, 3, 2)))
