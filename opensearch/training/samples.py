"""Samples: what one stage of training draws its batches from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.training.augment import augment
from opensearch.training.cache import CachedRows


class Samples(Protocol):
    """Labelled inputs; every view of an item is a sample of its own."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Place of each sample's category among the prototypes, shape (n,)."""

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Module inputs of the samples at `indices`; all chance comes from the generator."""


@dataclass(frozen=True)
class FeatureSamples:
    """Cached features of a frozen trunk: rows (n, f) and labels (n,)."""

    rows: NDArray[np.float32]
    labels: NDArray[np.int64]

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Features (len(indices), f)."""
        return torch.from_numpy(self.rows[indices])


@dataclass(frozen=True)
class ViewSamples:
    """Cached views of the items at `keep`, augmented as drawn; `labels` has one entry a view."""

    rows: CachedRows
    keep: NDArray[np.int64]
    views: int
    labels: NDArray[np.int64]
    augmented: bool

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Views (len(indices), h, w, 3): float 0..255 when augmented, else uint8."""
        items = self.rows.take(self.keep[indices // self.views])
        picked = items[np.arange(len(indices)), indices % self.views]
        views = torch.from_numpy(np.ascontiguousarray(picked))
        return augment(views, generator) if self.augmented else views
