"""Chains of layers in torch and in numpy: what is trained is what a bundle runs."""

import numpy as np
import pytest
import torch
from torch import nn

from opensearch.encoders.networks import (
    Parallel,
    Residual,
    Standard,
    Unit,
    perceptron,
    projector_tensors,
)
from opensearch.encoders.projection import LAYERS, Projection
from opensearch.encoders.tensors import load_tensors, save_tensors
from opensearch.errors import BundleError


def network():
    """A chain with every kind of layer, whose batch norms have left their start."""
    torch.manual_seed(0)
    features = torch.randn(64, 12) * 3 + 1
    chain = nn.Sequential(
        Standard(features.mean(0), features.std(0)),
        Parallel([perceptron([8, 6]), perceptron([12, 4], active_end=True)], [(2, 10), (0, 12)]),
        perceptron([10, 9, 7, 5], "relu", norm=True, dropout=0.5),
        Unit(),
        Residual(perceptron([5, 6, 5], "sigmoid", active_end=True)),
    )
    optimiser = torch.optim.SGD(chain.parameters(), lr=0.1)
    for _ in range(6):
        optimiser.zero_grad()
        chain(torch.randn(16, 12) * 3 + 1).square().sum().backward()
        optimiser.step()
    return chain.eval()


def test_numpy_equals_torch_through_a_file_of_tensors(tmp_path):
    chain = network()
    name = save_tensors(tmp_path, "projector", projector_tensors(chain))
    features = np.random.default_rng(0).normal(size=(20, 12)).astype(np.float32) * 40
    with torch.inference_mode():
        wanted = chain(torch.from_numpy(features)).numpy()
    project = Projection(load_tensors(tmp_path / name))
    got = project(features)
    assert got.dtype == np.float32
    assert np.abs(wanted).max() > 0.1
    assert np.abs(got - wanted).max() < 1e-5
    alone = np.concatenate([project(row[None]) for row in features])
    assert np.array_equal(got, alone)


def test_every_kind_of_layer_is_in_the_chain_that_was_compared():
    names = ".".join(projector_tensors(network())).split(".")
    assert set(LAYERS) <= set(names)


def test_more_than_nine_layers_stay_in_their_order():
    chain = perceptron([3] * 13).eval()
    features = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    with torch.inference_mode():
        wanted = chain(torch.from_numpy(features)).numpy()
    assert Projection(projector_tensors(chain))(features) == pytest.approx(wanted, abs=1e-5)


def test_a_sigmoid_of_huge_numbers_is_0_or_1():
    sigmoid = Projection({"layers.0.sigmoid": np.zeros(0)})
    assert sigmoid(np.array([[-1e9, 0.0, 1e9]])).tolist() == [[0.0, 0.5, 1.0]]


def test_a_number_that_never_varies_is_not_divided_by_nothing():
    standard = Standard(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0]))
    assert standard(torch.tensor([[3.0, 6.0]])).tolist() == [[2.0, 1.0]]


def test_a_layer_that_inference_does_not_know_is_not_written():
    with pytest.raises(TypeError, match="no layer of inference is a Tanh"):
        projector_tensors(nn.Sequential(nn.Tanh()))


@pytest.mark.parametrize(
    "tensors",
    [
        {"layers.0.tanh": np.zeros(0)},
        {"layers.one.relu": np.zeros(0)},
        {"layers.0.linear.weight": np.zeros((2, 2))},
        {"layers.0." + "residual.layers.0." * 5000 + "relu": np.zeros(0)},
    ],
)
def test_layers_of_something_else_are_refused(tensors):
    with pytest.raises(BundleError, match="the tensors are not those of a projector"):
        Projection(tensors)


@pytest.mark.parametrize(
    ("active_end", "kinds"),
    [
        (False, ["Linear", "BatchNorm1d", "Sigmoid", "Dropout", "Linear", "BatchNorm1d"]),
        (True, ["Linear", "BatchNorm1d", "Sigmoid", "Dropout", "Linear", "BatchNorm1d", "Sigmoid"]),
    ],
)
def test_a_perceptron_is_layers_norms_activations_and_dropout(active_end, kinds):
    made = perceptron([4, 3, 2], "sigmoid", norm=True, dropout=0.2, active_end=active_end)
    assert [type(layer).__name__ for layer in made] == kinds
    bound = (6 / (4 + 3)) ** 0.5  # Glorot and Bengio 2010, equation 16
    assert float(made[0].weight.detach().abs().max()) <= bound
