"""What networks on features learn from: items of all domains, and batches of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.config import NetworkSettings, Pooling, TrainConfig
from opensearch.encoders.pooling import pool_features
from opensearch.loop import step_seed
from opensearch.samplers.categories import CategorySampler
from opensearch.training.context import Context
from opensearch.training.domain import DomainData

_TAKEN = 256  # items whose features are read at once


@dataclass(frozen=True)
class Items:
    """A domain's training items as features of a frozen backbone.

    Attributes:
        data: of the domain, whose rows may be more.
        labels: number of each item's category, shape (n,).
        rows: features (n, v, f); of one view where views are pooled before the network.
    """

    data: DomainData
    pooling: Pooling
    labels: NDArray[np.int64]
    rows: Tensor

    @property
    def name(self) -> str:
        """The domain's name."""
        return self.data.name


@dataclass(frozen=True)
class Batch:
    """One domain's part of a batch.

    Attributes:
        domain: its name.
        place: stage and number of the batch, for messages.
        rows: features (b, v, f).
        labels: numbers of categories (b,), int64.
        pooling: of embeddings of views.
    """

    domain: str
    place: str
    rows: Tensor
    labels: Tensor
    pooling: Pooling


class Batches:
    """P × K batches of some domains; all chance is a function of seed, stage and step.

    Args:
        stage: of the training.
        settings: how many categories, and items of each.
    """

    def __init__(
        self, stage: str, items: Sequence[Items], settings: NetworkSettings, seed: int
    ) -> None:
        self._stage, self._items, self._seed = stage, list(items), seed
        labels = [own.labels for own in items]
        self._sampler = CategorySampler(labels, settings.classes, settings.items)
        self._size = settings.classes * settings.items

    @property
    def epoch(self) -> int:
        """Steps that would go through the largest domain once."""
        return max(1, max(len(own.labels) for own in self._items) // self._size)

    def draw(self, step: int) -> list[Batch]:
        """The batch of a step, one part for each domain."""
        rng = np.random.default_rng(step_seed(self._seed, self._stage, step))
        drawn = self._sampler.draw(rng)
        place = f"batch {step + 1} of {self._stage}"
        return [
            Batch(
                own.name, place, own.rows[chosen], torch.from_numpy(own.labels[chosen]), own.pooling
            )
            for own, chosen in zip(self._items, map(torch.from_numpy, drawn), strict=True)
        ]


def domain_items(
    context: Context[TrainConfig], domains: Sequence[DomainData]
) -> tuple[list[Items], list[str]]:
    """The items of all domains, in their order, and the categories that their labels number.

    Args:
        domains: with features as rows.
    """
    categories = sorted({category for data in domains for category in data.categories})
    place = {category: number for number, category in enumerate(categories)}
    items = []
    for data in domains:
        pooling = context.config.domain(data.name).pooling
        labels = np.array([place[category] for category in data.categories], np.int64)
        items.append(Items(data, pooling, labels, _rows(data, pooling)))
    return items, categories


def only(items: Items, categories: Sequence[str]) -> Items:
    """The items of some categories, their labels the places of these.

    Args:
        categories: names, without repetition.
    """
    place = {category: number for number, category in enumerate(categories)}
    names = items.data.categories
    kept = [row for row, name in enumerate(names) if name in place]
    labels = np.array([place[names[row]] for row in kept], np.int64)
    return replace(items, labels=labels, rows=items.rows[kept])


def _rows(data: DomainData, pooling: Pooling) -> Tensor:
    parts = []
    for start in range(0, len(data.rows), _TAKEN):
        taken = data.rows.take(range(start, min(start + _TAKEN, len(data.rows))))
        rows = taken[:, : data.encoded].astype(np.float32)
        parts.append(pool_features(rows, pooling, data.pooling))
    return torch.from_numpy(np.concatenate(parts))
