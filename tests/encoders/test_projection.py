"""Projectors in torch and in numpy, the pooling of views, and the encoder made of both."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pooling import FEATURE_POOLINGS, POOLINGS, on_sphere, pooled_codes
from opensearch.encoders.projection import Projection
from opensearch.encoders.projector import Projector
from opensearch.errors import BundleError, InvalidInput


@cache
def trained(hidden, dropout=0.0):
    """A projector whose weights and statistics have left their start."""
    torch.manual_seed(0)
    projector = Projector(12, 5, hidden, dropout)
    optimiser = torch.optim.SGD(projector.parameters(), lr=0.1)
    for _ in range(6):
        optimiser.zero_grad()
        projector(torch.randn(16, 12) * 3 + 1).square().mean().backward()
        optimiser.step()
    return projector.eval()


def arrays(projector):
    return {key: value.detach().numpy() for key, value in projector.state_dict().items()}


@pytest.mark.parametrize(("hidden", "dropout"), [(0, 0.0), (7, 0.0), (7, 0.5)])
def test_numpy_equals_torch(hidden, dropout):
    projector = trained(hidden, dropout)
    assert projector.norm.running_mean.abs().max() > 0.1
    features = np.random.default_rng(0).normal(size=(20, 12)).astype(np.float32)
    with torch.inference_mode():
        wanted = projector(torch.from_numpy(features)).numpy()
    got = Projection(arrays(projector))(features)
    assert got.dtype == np.float32
    assert np.abs(got - wanted).max() < 1e-5


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_an_embedding_does_not_depend_on_the_batch(n, seed):
    project = Projection(arrays(trained(7)))
    features = np.random.default_rng(seed).normal(size=(n, 12)).astype(np.float32)
    alone = np.concatenate([project(row[None]) for row in features])
    assert np.array_equal(project(features), alone)


def test_the_first_weights_are_xaviers_and_biases_zero():
    projector = Projector(100, 50)
    bound = (6 / (100 + 50)) ** 0.5  # Glorot and Bengio 2010, equation 16
    assert float(projector.linear.weight.detach().abs().max()) == pytest.approx(bound, rel=0.01)
    assert not projector.linear.bias.detach().any()
    assert not list(projector.hidden.parameters())


@pytest.mark.parametrize("lost", ["linear.weight", "norm.running_var"])
def test_tensors_of_something_else_are_refused(lost):
    tensors = {name: array for name, array in arrays(trained(0)).items() if name != lost}
    with pytest.raises(BundleError, match=f"not those of a projector: .*{lost}"):
        Projection(tensors)


def pool_views(views, how):
    """Unit embeddings of items, as an encoder makes them of its views."""
    return on_sphere(pooled_codes(views, how))


def test_pooling_takes_views_before_they_are_made_unit():
    views = np.array([[[3.0, 0.0], [0.0, 1.0]], [[1.0, -1.0], [1.0, 3.0]]], np.float32)
    mean = pool_views(views, "mean")  # (1.5, .5) and (1, 1); of unit vectors it were (1, 1)
    assert mean[0].tolist() == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert mean[1].tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    most = pool_views(views, "max")  # (3, 1) and (1, 3)
    assert most[0].tolist() == pytest.approx([3 / 10**0.5, 1 / 10**0.5])
    assert most[1].tolist() == pytest.approx([1 / 10**0.5, 3 / 10**0.5])
    assert mean.dtype == np.float32


def test_unknown_pooling_lists_the_known():
    known = ", ".join([*POOLINGS, *FEATURE_POOLINGS])
    with pytest.raises(InvalidInput, match=rf"unknown pooling 'median'; known: {known}$"):
        pool_views(np.zeros((1, 1, 2), np.float32), "median")


class Means:
    """A backbone whose features are twelve times the view's mean, apart by their place."""

    runtime = "fake"

    def features(self, views):
        means = views.reshape(len(views), -1).mean(axis=1, keepdims=True)
        return (means * np.arange(1, 13)).astype(np.float32)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_an_encoder_is_trunk_projection_and_pooling(pooling):
    views = np.random.default_rng(0).integers(0, 256, (40, 2, 4, 4, 3), np.uint8)
    encoder = Encoder(Means(), arrays(trained(0)), pooling)
    embeddings = encoder.embed(views)
    features = Means().features(views.reshape(80, 4, 4, 3))
    wanted = pool_views(Projection(arrays(trained(0)))(features).reshape(40, 2, 5), pooling)
    assert np.array_equal(embeddings, wanted)
    assert np.array_equal(encoder.embed_features(features.reshape(40, 2, 12)), wanted)
    assert np.linalg.norm(embeddings, axis=1) == pytest.approx(np.ones(40), abs=1e-6)
