"""Margin softmax against the sum written out."""

import math

import numpy as np
import pytest
import torch

from opensearch.losses.margin_softmax import MarginSoftmax


@pytest.mark.parametrize(("scale", "margin", "smoothing"), [(15.0, 0.35, 0.1), (4.0, 0.0, 0.0)])
def test_it_is_cross_entropy_of_cosines_less_the_margin(scale, margin, smoothing):
    torch.manual_seed(0)
    loss = MarginSoftmax(5, 4, scale, margin, smoothing)
    features, labels = torch.randn(6, 5), torch.tensor([0, 1, 2, 3, 3, 1])
    weights = loss.weight.detach().numpy()
    total = 0.0
    for row, label in zip(features.numpy(), labels.tolist(), strict=True):
        cosines = weights @ row / np.linalg.norm(weights, axis=1) / np.linalg.norm(row)
        logits = [scale * (float(c) - margin * (j == label)) for j, c in enumerate(cosines)]
        whole = math.log(sum(map(math.exp, logits)))
        for j, logit in enumerate(logits):
            total -= ((1 - smoothing) * (j == label) + smoothing / 4) * (logit - whole)
    assert float(loss(features, labels).detach()) == pytest.approx(total / 6, rel=1e-5)


def test_accuracy_has_no_margin():
    loss = MarginSoftmax(2, 2, 15.0, 0.9, 0.0)
    with torch.no_grad():
        loss.weight.copy_(torch.eye(2))
    features = torch.tensor([[1.0, 0.9], [0.9, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert loss.accuracy(features, torch.tensor([0, 1, 0, 1])) == 0.75
