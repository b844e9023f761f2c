"""Distillation: its zero, its gradient's way, and means of categories by hand."""

import pytest
import torch
from torch import nn

from opensearch.losses.distillation import Distillation, category_means


def test_is_nothing_where_the_trunk_says_what_the_frozen_one_said():
    linear = nn.Linear(4, 6)
    features = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    targets = linear(features).softmax(dim=1).detach()
    assert Distillation(linear)(features, targets).item() == pytest.approx(0, abs=1e-6)


def test_is_the_divergence_in_nats():
    linear = nn.Linear(1, 2)
    with torch.no_grad():
        linear.weight.zero_()
        linear.bias.copy_(torch.tensor([0.0, 0.0]))
    loss = Distillation(linear)(torch.zeros(1, 1), torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(0.693147, abs=1e-5)


def test_category_means_leave_zeros_where_there_is_nothing():
    rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.2, 0.8]])
    means = category_means(rows, torch.tensor([2, 2, 0]), 4)
    expected = [[0.2, 0.8], [0, 0], [0.5, 0.5], [0, 0]]
    torch.testing.assert_close(means, torch.tensor(expected, dtype=torch.float32))
