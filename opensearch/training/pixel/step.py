"""One step: generators and hash network against their losses, then the critics against theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from opensearch.encoders.migration import enlarged, still_statistics
from opensearch.losses.adversarial import least_squares
from opensearch.methods.gdmh_pixel import (
    agreement,
    quantisation,
    scaled_gradient,
    triplet,
)
from opensearch.settings import PixelSettings
from opensearch.training.pixel.data import PairBatch
from opensearch.training.pixel.model import PairNet, PixelModel


@dataclass(frozen=True)
class Made:
    """What a pair's generators made of a batch, each (n, 3, s, s), and how they fared.

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
    """Losses of the codes of all pairs, and the share of bits that are as they should be.

    What H gives for each item is remembered for the next discrete step.
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


def critic_losses(
    pair: PairNet, batch: PairBatch, made: Made, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Losses of a pair's critics: half for real pictures, half for made ones from their pools."""
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
