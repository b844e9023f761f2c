"""Training data of the branch as tensors: balanced batches of every domain, and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.config import GdmhSettings
from opensearch.errors import InvalidInput
from opensearch.hashing.hasher import HashData
from opensearch.samplers.balanced import Balance, BalancedSampler

BALANCE = Balance(power=0.5, common=0.3, paired=0.3)
"""As in joint training."""


@dataclass(frozen=True)
class Batch:
    """One step's items.

    Attributes:
        points: each domain's embeddings (n, d).
        labels: each domain's rows of the prototypes (n,).
        words: other words' points (w, d).
    """

    points: dict[str, Tensor]
    labels: dict[str, Tensor]
    words: Tensor

    @cached_property
    def all_labels(self) -> Tensor:
        """Labels of all domains' items, domain by domain."""
        return torch.cat(list(self.labels.values()))

    @cached_property
    def owners(self) -> Tensor:
        """Number of each item's domain, domain by domain."""
        counts = torch.tensor([len(own) for own in self.labels.values()])
        return torch.arange(len(counts)).repeat_interleave(counts)


class Batches:
    """Draws batches of the items whose category is known.

    Attributes:
        domains: sorted names.
        prototypes: shape (c, d).
        held: of each domain, which categories it has items of, (c,) bool.

    Raises:
        InvalidInput: no item's category is known.
    """

    def __init__(self, data: HashData, settings: GdmhSettings, seed: int) -> None:
        self._settings, self._rng = settings, np.random.default_rng(seed)
        known = data.labels >= 0
        if not known.any():
            raise InvalidInput(
                "codes of migration are learnt from items of known categories, of which there are"
                " none; choose hash.name=itq"
            )
        self.domains = sorted(set(data.domains[known].tolist()))
        rows = {name: np.flatnonzero(known & (data.domains == name)) for name in self.domains}
        self._points = {name: torch.from_numpy(data.embeddings[own]) for name, own in rows.items()}
        self._labels = {name: data.labels[own] for name, own in rows.items()}
        self._words = torch.from_numpy(data.words)
        self._sampler = BalancedSampler(self._labels, BALANCE)
        self.prototypes = torch.from_numpy(data.prototypes)
        self.held = {name: self._held(own) for name, own in self._labels.items()}

    def draw(self) -> Batch:
        """The next batch."""
        drawn = self._sampler.draw(self._settings.batch, self._rng)
        items: Mapping[str, NDArray[np.int64]] = dict(zip(self.domains, drawn, strict=True))
        count = self._settings.words if len(self._words) else 0
        words = self._words[self._rng.integers(max(1, len(self._words)), size=count)]
        return Batch(
            {name: self._points[name][own] for name, own in items.items()},
            {name: torch.from_numpy(self._labels[name][own]) for name, own in items.items()},
            words if count else self.prototypes[:0],
        )

    def _held(self, labels: NDArray[np.int64]) -> Tensor:
        held = torch.zeros(len(self.prototypes), dtype=torch.bool)
        held[torch.from_numpy(np.unique(labels))] = True
        return held
