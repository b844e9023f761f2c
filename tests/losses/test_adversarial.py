"""The least-squares loss by hand."""

import torch

from opensearch.losses.adversarial import least_squares


def test_least_squares_by_hand():
    """Scores 1 and -1: (0 + 4) / 2 from real, (1 + 1) / 2 from made."""
    scores = torch.tensor([1.0, -1.0])
    assert float(least_squares(scores, real=True)) == 2
    assert float(least_squares(scores, real=False)) == 1


def test_without_scores_there_is_no_loss():
    assert float(least_squares(torch.zeros(0), real=True)) == 0.0
