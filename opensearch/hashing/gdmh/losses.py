"""The branch's losses on soft codes; each is a mean."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

_EDGE = 1 - 1e-4  # cosines of arccos, whose slope is infinite at 1
_TINY = 1e-6


def similarity_loss(codes: Tensor, points: Tensor) -> Tensor:
    """How far agreement of codes is from what the angle between embeddings asks for.

    Signs of random projections agree, in the mean, in 1 - 2 angle / pi; that is asked of every
    pair, within and across categories, so that codes stay as individual as embeddings are.

    Args:
        codes: shape (n, b), in -1..1.
        points: shape (n, d), unit rows.

    Source:
        The expectation: Charikar, STOC 2002, section 3.
    """
    cosines = (points @ points.T).clamp(-_EDGE, _EDGE)
    wanted = 1 - 2 * torch.arccos(cosines) / math.pi
    apart = ~torch.eye(len(codes), dtype=torch.bool)
    return (codes @ codes.T / codes.shape[1] - wanted)[apart].square().mean()


def semantic_loss(
    codes: Tensor, prototype_codes: Tensor, labels: Tensor, temperature: float
) -> Tensor:
    """Cross entropy over the cosines of items' codes with those of prototypes.

    Stands for the paper's semantic factorisation, which learns a code for each category: here a
    category's code is that of its word, which unseen categories have, too.

    Args:
        codes: shape (n, b).
        prototype_codes: shape (c, b).
        labels: shape (n,), rows of `prototype_codes`.
    """
    cosines = normalize(codes, dim=1) @ normalize(prototype_codes, dim=1).T
    return cross_entropy(cosines / temperature, labels)


def quantisation_loss(codes: Tensor) -> Tensor:
    """Mean squared distance of soft codes (n, b) to their signs."""
    return (1 - codes.abs()).square().mean()


def balance_loss(codes: Tensor) -> Tensor:
    """Mean square of the means of bits (n, b): one that is nearly always the same tells nothing."""
    return codes.mean(dim=0).square().mean()


def independence_loss(codes: Tensor) -> Tensor:
    """Sum of squared correlations of each bit with the others, mean over bits, of codes (n, b)."""
    centred = codes - codes.mean(dim=0)
    scaled = centred / (centred.square().mean(dim=0).sqrt() + _TINY)
    correlations = scaled.T @ scaled / len(codes)
    off = correlations - torch.diag(correlations.diag())
    return off.square().sum() / codes.shape[1]


def cycle_loss(points: Tensor, returned: Tensor) -> Tensor:
    """Mean of 1 - cosine between embeddings and their reconstructions, unit rows (n, d)."""
    return (1 - (points * returned).sum(dim=1)).mean()
