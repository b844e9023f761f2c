"""Training data on pixels: pairs of pictures, cropped from views read a little too large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.loop import step_seed
from opensearch.methods.gdmh_pixel.settings import PixelConfig
from opensearch.samplers.pairs import Items, PairSampler
from opensearch.training.augmentation import augment_by_window
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.features import collection_views


@dataclass(frozen=True)
class PixelDomain:
    """A domain's items.

    Attributes:
        data: with views as the encoder will see them.
        rows: enlarged views (v, l, l, 3), to be cropped.
        labels: number of the category of each of `rows`, shape (n,).
    """

    data: DomainData
    rows: CachedRows
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class PairBatch:
    """Pictures and items of one domain's pairs with the pivot.

    Attributes:
        other, pivot: pictures (n, 3, s, s), float, -1..1.
        other_items, pivot_items: rows of their domains, shape (n,).
        negatives: place in the batch of a pair of another category, shape (n,).
    """

    other: Tensor
    pivot: Tensor
    other_items: Items
    pivot_items: Items
    negatives: Items


class PixelData:
    """All domains, the pivot first.

    Args:
        batch: pairs of each other domain a step.
        side: of pictures, pixels.

    Attributes:
        epoch: steps that would go through the largest domain once.
    """

    def __init__(self, domains: Sequence[PixelDomain], batch: int, side: int, seed: int) -> None:
        self.domains = list(domains)
        self.epoch = max(1, max(len(domain.rows) for domain in domains) // batch)
        self._batch, self._side, self._seed = batch, side, seed
        pivot = domains[0].labels
        self._samplers = [PairSampler(domain.labels, pivot) for domain in domains[1:]]

    @property
    def names(self) -> list[str]:
        """Names of the domains, the pivot's first."""
        return [domain.data.name for domain in self.domains]

    def batches(self, step: int) -> list[PairBatch]:
        """The batches of a step, one for each domain but the pivot."""
        seed = step_seed(self._seed, "pixel", step)
        return [
            self._pairs(place, np.random.default_rng([seed, place]))
            for place in range(len(self._samplers))
        ]

    def _pairs(self, place: int, rng: np.random.Generator) -> PairBatch:
        drawn = self._samplers[place].draw(self._batch, rng)
        other, pivot = self.domains[place + 1].rows, self.domains[0].rows
        return PairBatch(
            as_pictures(augment_by_window(_views(other, drawn.other, rng), self._side, rng)),
            as_pictures(augment_by_window(_views(pivot, drawn.pivot, rng), self._side, rng)),
            drawn.other,
            drawn.pivot,
            drawn.negatives,
        )


def load_pixels(
    context: Context[PixelConfig], domains: Sequence[DomainData]
) -> tuple[PixelData, list[str]]:
    """Views for training, and the categories that their labels number.

    Args:
        domains: with views as rows.
    """
    config, settings = context.config, context.config.pixel
    categories = sorted({category for data in domains for category in data.categories})
    place = {category: number for number, category in enumerate(categories)}
    loaded = []
    for data in sorted(domains, key=lambda data: data.name != settings.pivot):
        large = data.reader.model_copy(update={"size": round(config.size * settings.enlarge)})
        rows = collection_views(
            data.rows.sources, large, context.cache, context.progress, f"{data.name} large views"
        )
        labels = np.array([place[source.category or ""] for source in rows.sources], np.int64)
        loaded.append(PixelDomain(data, rows, labels))
    return PixelData(loaded, settings.batch, config.size, config.seed), categories


def as_pictures(views: NDArray[np.uint8]) -> Tensor:
    """Views (n, s, s, 3) as pictures (n, 3, s, s), float32, values -1..1, channels last."""
    return torch.from_numpy(views).permute(0, 3, 1, 2).float() / 127.5 - 1


def as_views(pictures: Tensor) -> NDArray[np.uint8]:
    """Pictures (n, 3, s, s), values -1..1, as views (n, s, s, 3)."""
    bytes_ = ((pictures.detach().float() + 1) * 127.5).round().clamp(0, 255)
    views: NDArray[np.uint8] = bytes_.permute(0, 2, 3, 1).to(torch.uint8).cpu().numpy()
    return views


def _views(rows: CachedRows, items: Items, rng: np.random.Generator) -> NDArray[np.uint8]:
    """One view of each item, at random where it has several: shape (n, l, l, 3)."""
    taken = [rows.row(int(item)) for item in items]
    return np.stack([views[int(rng.integers(len(views)))] for views in taken])
