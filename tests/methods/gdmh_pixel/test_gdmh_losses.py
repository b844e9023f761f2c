"""The hash losses, against values worked out by hand."""

import pytest
import torch

from opensearch.methods.gdmh_pixel.losses import (
    agreement,
    quantisation,
    scaled_gradient,
    triplet,
)


def test_quantisation_by_hand():
    """(0 + 4 + 1 + 1) / 4."""
    logits = torch.tensor([[1.0, -1.0], [0.0, 0.0]])
    codes = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    assert float(quantisation(logits, codes)) == 1.5


def test_agreement_by_hand():
    """(9 + 1) / 2."""
    assert float(agreement(torch.tensor([[1.0, 2.0]]), torch.tensor([[-2.0, 1.0]]))) == 5


def test_triplet_by_hand():
    """Near 1 and 0, far 4 and .25: relu(.5 + 1 - 4) = 0, relu(.5 + 0 - .25) = .25."""
    pivot = torch.zeros(2, 2)
    migrated = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    negatives = torch.tensor([[2.0, 2.0], [0.5, 0.5]])
    assert float(triplet(pivot, migrated, negatives, 0.5)) == pytest.approx(0.125)


def test_twenty_of_64_bits_is_the_papers_margin():
    """Its sums over bits and ours, which are means, differ by the factor 64."""
    generator = torch.Generator().manual_seed(0)
    pivot, migrated, negatives = torch.randn(3, 8, 64, generator=generator)
    near = (pivot - migrated).square().sum(dim=1)
    far = (pivot - negatives).square().sum(dim=1)
    sums = (20 + near - far).clamp(min=0).mean()
    ours = triplet(pivot, migrated, negatives, 20 / 64)
    assert float(ours) * 64 == pytest.approx(float(sums), rel=1e-5)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.0])
def test_only_the_gradient_is_scaled(factor):
    values = torch.tensor([3.0, -2.0], requires_grad=True)
    out = scaled_gradient(values, factor)
    assert torch.equal(out, values)
    out.square().sum().backward()
    assert torch.equal(values.grad, 2 * factor * values.detach())
