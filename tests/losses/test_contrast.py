"""Contrast across domains against a loop over pairs."""

import math

import pytest
import torch
from torch.nn.functional import normalize

from opensearch.losses.contrast import CrossDomainContrast


def slow(units, labels, domains, temperature):
    """Equation 2 of Khosla et al. with the pairs of one domain left out, pair by pair."""
    losses = []
    for i in range(len(units)):
        others = [j for j in range(len(units)) if domains[j] != domains[i]]
        scores = {j: float(units[i] @ units[j]) / temperature for j in others}
        total = math.log(sum(math.exp(s) for s in scores.values())) if scores else 0.0
        partners = [scores[j] - total for j in others if labels[j] == labels[i]]
        if partners:
            losses.append(-sum(partners) / len(partners))
    return sum(losses) / len(losses)


def test_equals_the_sum_over_pairs():
    generator = torch.Generator().manual_seed(0)
    units = normalize(torch.randn(12, 5, generator=generator), dim=1)
    labels = torch.tensor([0, 1, 2, 3, 0, 1, 2, 9, 0, 0, 7, 8])
    domains = torch.arange(3).repeat_interleave(4)
    loss = CrossDomainContrast(0.2)(units, labels, domains)
    assert float(loss) == pytest.approx(slow(units, labels, domains, 0.2), rel=1e-5)


def test_pairs_of_one_domain_have_no_say():
    units = normalize(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), dim=1)
    labels, domains = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1])
    assert float(CrossDomainContrast(0.1)(units, labels, domains)) == 0.0
