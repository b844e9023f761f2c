"""Losses of a step: of generators and hash network, then of the discriminators.

Hash losses are means over bits: the paper's sums, divided by the bits of a code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import l1_loss, relu

from opensearch.encoders.migration import enlarged, still_statistics
from opensearch.losses.adversarial import least_squares
from opensearch.methods.gdmh_pixel.data import PairBatch
from opensearch.methods.gdmh_pixel.networks import PairNet, PixelModel
from opensearch.methods.gdmh_pixel.settings import PixelSettings


@dataclass(frozen=True)
class Made:
    """What a pair's generators made of a batch, each (n, 3, s, s), with their losses.

    Attributes:
        pivot: the domain's pictures, migrated to the pivot.
        other: the pivot's pictures, migrated to the domain.
        masked: the pivot's pictures times their mask.
        losses: by name, weighted.
    """

    pivot: Tensor
    other: Tensor
    masked: Tensor
    losses: dict[str, Tensor]


def migrate(pair: PairNet, batch: PairBatch, cycle: float) -> Made:
    """Migrate a batch both ways and back again.

    Args:
        cycle: weight of the mean absolute difference between a picture and what comes back.
    """
    pivot, _ = pair.to_pivot(batch.other)
    other, mask = pair.from_pivot(batch.pivot)
    with still_statistics(pair.to_pivot), still_statistics(pair.from_pivot):
        other_again, _ = pair.from_pivot(pivot)
        pivot_again, _ = pair.to_pivot(other)
    losses = {
        "to_pivot": least_squares(pair.pivot_critic(pivot), real=True),
        "from_pivot": least_squares(pair.other_critic(other), real=True),
        "cycle": cycle * l1_loss(other_again.float(), batch.other),
        "pivot_cycle": cycle * l1_loss(pivot_again.float(), batch.pivot),
    }
    return Made(pivot, other, batch.pivot * enlarged(mask), losses)


def hash_losses(
    model: PixelModel, batches: Sequence[PairBatch], made: Sequence[Made], settings: PixelSettings
) -> tuple[dict[str, Tensor], float]:
    """Losses of the codes of all pairs, and the share of bits that are right.

    The outputs of H are kept for the next discrete step.
    """
    pictures = torch.cat([one.masked for one in made] + [one.pivot.float() for one in made])
    logits = model.hash(scaled_gradient(pictures, settings.guide))
    pivot, migrated = logits.chunk(2)
    starts = np.cumsum([0, *(len(batch.negatives) for batch in batches)])
    negatives = [batch.negatives + start for batch, start in zip(batches, starts, strict=False)]
    codes = torch.cat(
        [model.memories[0].codes[batch.pivot_items] for batch in batches]
        + [m.codes[b.other_items] for m, b in zip(model.memories[1:], batches, strict=True)]
    )
    of_pivot, of_migrated = codes.chunk(2)
    losses = {
        "quantisation": quantisation(pivot, of_pivot) + quantisation(migrated, of_migrated),
        "agreement": agreement(pivot, migrated),
        "triplet": settings.triplet
        * triplet(pivot, migrated, migrated[np.concatenate(negatives)], settings.margin),
    }
    _remember(model, batches, pivot, migrated)
    return losses, float(((logits.detach() >= 0) == (codes > 0)).float().mean())


def discriminator_losses(
    pair: PairNet, batch: PairBatch, made: Made, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Losses of a pair's discriminators: half for real pictures, half for made ones."""
    halves = {
        "pivot_critic": (pair.pivot_critic, batch.pivot, pair.pivot_pool.swap(made.pivot, rng)),
        "critic": (pair.other_critic, batch.other, pair.other_pool.swap(made.other, rng)),
    }
    return {
        name: (least_squares(critic(real), real=True) + least_squares(critic(fake), real=False)) / 2
        for name, (critic, real, fake) in halves.items()
    }


def _remember(
    model: PixelModel, batches: Sequence[PairBatch], pivot: Tensor, migrated: Tensor
) -> None:
    halves = pivot.chunk(len(batches)), migrated.chunk(len(batches))
    for memory, batch, *parts in zip(model.memories[1:], batches, *halves, strict=True):
        model.memories[0].keep(batch.pivot_items, parts[0])
        memory.keep(batch.other_items, parts[1])


def quantisation(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean squared distance of logits from their items' codes, both (n, bits).

    Source:
        Zhang et al. 2018: ||B_I - H(I)||^2 and ||B_S - H(G_I(S))||^2.
    """
    return (logits - codes).square().mean()


def agreement(pivot: Tensor, migrated: Tensor) -> Tensor:
    """Mean squared distance of a pair's logits, both (n, bits).

    Source:
        Zhang et al. 2018: ||H(I) - H(G_I(S))||^2.
    """
    return (pivot - migrated).square().mean()


def triplet(pivot: Tensor, migrated: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Hinge on how much nearer a picture is to its partner than to one of another category.

    Args:
        pivot: logits of the anchors, shape (n, bits).
        migrated: of their partners, shape (n, bits).
        negatives: of items of other categories, shape (n, bits).
        margin: of squared distances that are means over bits. The paper's is 20 for sums: 20 / 64
            with codes of 64 bits, what five bits of them are worth.

    Source:
        Zhang et al. 2018: relu(20 + ||H(I_i) - H(S_i)||^2 - ||H(I_i) - H(S_k)||^2).
    """
    near = (pivot - migrated).square().mean(dim=1)
    far = (pivot - negatives).square().mean(dim=1)
    return relu(margin + near - far).mean()


def scaled_gradient(values: Tensor, factor: float) -> Tensor:
    """The values, of any shape; a gradient back through them is multiplied by `factor`."""
    fixed = values.detach()
    return fixed + factor * (values - fixed)
