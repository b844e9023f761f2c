"""Distillation: a backbone that learns keeps what its pretrained classifier saw in each picture.

Source:
    Liu et al., "Semantic-aware knowledge preservation for zero-shot sketch-based image
    retrieval" (SAKE), ICCV 2019: the ImageNet model's own distribution as a second target.
    SAKE adjusts it by WordNet; here a drawing or a shape is held to the mean distribution of
    its category's photos instead, where there are any, since the ImageNet model never saw one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import kl_div, log_softmax


class Distillation(nn.Module):
    """Divergence of the learning backbone's class distribution from a fixed one.

    Args:
        classifier: the pretrained one, a copy that learns along.
    """

    def __init__(self, classifier: nn.Linear) -> None:
        super().__init__()
        self.classifier = classifier

    def forward(self, features: Tensor, targets: Tensor) -> Tensor:
        """Mean KL divergence, in nats.

        Args:
            features: of the learning backbone, shape (n, f).
            targets: distributions, shape (n, classes), rows that sum to one.
        """
        student = log_softmax(self.classifier(features.float()), dim=1)
        return kl_div(student, targets, reduction="batchmean")


def category_means(distributions: Tensor, labels: Tensor, categories: int) -> Tensor:
    """Mean distribution of each category, shape (categories, classes); zeros where none is.

    Args:
        distributions: shape (n, classes).
        labels: shape (n,), int64.
    """
    sums = torch.zeros(categories, distributions.shape[1]).index_add(0, labels, distributions)
    counts = torch.bincount(labels, minlength=categories)
    return sums / counts.clamp(min=1)[:, None]
