"""The steps of Siamese training, as one job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from opensearch.config import Pooling
from opensearch.loop import Descent, Job, step_seed
from opensearch.losses.siamese import SiameseLoss
from opensearch.methods.siamese.losses import siamese_losses
from opensearch.methods.siamese.networks import SiameseModel
from opensearch.methods.siamese.settings import SiameseConfig, SiameseSettings
from opensearch.samplers.categories import CategorySampler
from opensearch.training.augmentation import augment_warp
from opensearch.training.domain import DomainData
from opensearch.training.heads import head_job, learner, refuse_collapse, refuse_no_pairs, spread
from opensearch.training.items import Batch

STAGE = "siamese"
_POOLED: Pooling = "mean"
_EPOCH = 50  # steps that a line of metrics sums up


class Drawn:
    """Draws a batch of every domain a step: some views of the same categories.

    Args:
        domains: with views as rows.
        labels: number of each row's category, shape (n_d,), by domain.
    """

    def __init__(
        self,
        domains: Sequence[DomainData],
        labels: Sequence[NDArray[np.int64]],
        settings: SiameseSettings,
        seed: int,
    ) -> None:
        self._domains, self._labels, self._warp, self._seed = domains, labels, settings.warp, seed
        self._sampler = CategorySampler(labels, settings.classes, settings.items)

    def batches(self, step: int) -> list[Batch]:
        """One view of each item, shape (b, s, s, 3), values 0..255."""
        rng = np.random.default_rng(step_seed(self._seed, STAGE, step))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        drawn = self._sampler.draw(rng)
        batches = []
        for data, labels, rows in zip(self._domains, self._labels, drawn, strict=True):
            views = torch.from_numpy(_one_view(data.rows.take(rows)[:, : data.encoded], rng))
            if self._warp and data.looks == "sketch":
                views = augment_warp(views, generator)
            place = f"batch {step + 1} of {STAGE}"
            own = torch.from_numpy(labels[rows])
            batches.append(Batch(data.name, place, views.float(), own, _POOLED))
        return batches


def siamese_job(model: SiameseModel, drawn: Drawn, config: SiameseConfig) -> Job:
    """The job that trains the networks of all domains."""
    settings, device = config.siamese, next(model.parameters()).device
    learns = learner([model], settings)
    loss = SiameseLoss(settings.positive, settings.negative, settings.scale, settings.pairs)

    def losses(number: int) -> Iterator[Descent]:
        batches = drawn.batches(number)
        for batch in batches:
            refuse_no_pairs(batch)
        codes = model([batch.rows.to(device) for batch in batches])
        for batch, part in zip(batches, codes, strict=True):
            refuse_collapse(part.cpu(), batch)
        labels = [batch.labels.to(device) for batch in batches]
        least = min(spread(part) for part in codes)
        yield Descent(siamese_losses(codes, labels, loss), [learns], {"spread": least})

    return head_job(config, STAGE, model, [learns], losses, settings, _EPOCH)


def _one_view(items: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.generic]:
    """One view of each item at random, (n, v, s, s, 3) to (n, s, s, 3)."""
    picked = items[np.arange(len(items)), rng.integers(items.shape[1], size=len(items))]
    return np.ascontiguousarray(picked)
