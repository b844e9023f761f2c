"""Batches of joint training, each a function of its step alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.loop import step_seed
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.pools import Pool
from opensearch.methods.joint.settings import JointConfig, JointSettings
from opensearch.samplers.balanced import Balance, BalancedSampler
from opensearch.training.augmentation import augment_by_look
from opensearch.training.context import Context


class Batch:
    """One step's items of all domains.

    Attributes:
        seed: of everything else that the step leaves to chance.
        side: of the views, pixels.
        labels: shape (n,), domain by domain.
        upright: shape (n,), which views are upright: 1, 0, or -1 where unknown.
    """

    def __init__(
        self,
        data: JointData,
        seed: int,
        items: Sequence[NDArray[np.int64]],
        joint: JointSettings,
        side: int,
    ) -> None:
        rng = np.random.default_rng([seed, 1])
        self.seed, self.side = seed, side
        self._data, self._items, self._joint = data, items, joint
        self._turns = [rng.integers(1 << 30, size=len(part)) for part in items]
        self._quarters = [
            self._turned(name, len(part), rng) for name, part in zip(data.views, items, strict=True)
        ]
        upright = [
            np.where(quarters > 0, 0, pool.upright(part, turns))
            for pool, part, turns, quarters in zip(
                data.views.values(), items, self._turns, self._quarters, strict=True
            )
        ]
        self.upright = torch.from_numpy(np.concatenate(upright))
        pools = zip(data.views.values(), items, strict=True)
        self.labels = torch.from_numpy(np.concatenate([pool.labels[part] for pool, part in pools]))

    def _turned(self, domain: str, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Quarter turns of a domain's views, (n,): most 0; shapes have views on their side."""
        if not self._joint.turned or self._data.looks[domain] == "mesh":
            return np.zeros(n, np.int64)
        return np.where(rng.random(n) < self._joint.turned, rng.integers(1, 4, size=n), 0)

    def features(self) -> list[Tensor]:
        """The features that learning starts from, of each domain's views, (n_d, f) float32."""
        return self._taken(self._data.features)

    def teacher_features(self) -> list[Tensor]:
        """The teacher's features of each domain's views, (n_d, f) float32."""
        return self._taken(self._data.teacher_features)

    def _taken(self, pools: Mapping[str, Pool]) -> list[Tensor]:
        drawn = zip(pools.values(), self._items, self._turns, strict=True)
        return [torch.from_numpy(pool.take(part, turns)).float() for pool, part, turns in drawn]

    def views(self) -> Tensor:
        """Augmented views, (n, side, side, 3), domain by domain; some are turned, see `upright`."""
        generator = torch.Generator().manual_seed(self.seed)
        augmented = []
        for (name, pool), part, turns, quarters in zip(
            self._data.views.items(), self._items, self._turns, self._quarters, strict=True
        ):
            views = torch.from_numpy(pool.take(part, turns))
            for row in np.flatnonzero(quarters):
                views[row] = torch.rot90(views[row], int(quarters[row]))
            looks, joint = self._data.looks[name], self._joint
            augmented.append(augment_by_look(views, looks, self.side, generator, joint.bend))
        return torch.cat(augmented)


class Batches:
    """Draws a job's batches.

    Args:
        name: of the job.
        size: items of each domain.

    Attributes:
        counts: items of each domain, in order.
        domains: shape (n,), number of each item's domain.
        image: shape (n,), whether an item is a picture.
    """

    def __init__(
        self, context: Context[JointConfig], data: JointData, name: str, size: int
    ) -> None:
        joint = context.config.joint
        self._data, self._name, self._size, self._joint = data, name, size, joint
        self._seed = context.config.seed
        balance = Balance(joint.balance, joint.common, joint.paired)
        self._sampler = BalancedSampler(
            {name: pool.labels for name, pool in data.views.items()}, balance
        )
        self.counts = [size] * len(data.views)
        self.domains = torch.arange(len(data.views)).repeat_interleave(size)
        image = [data.looks[domain] == "image" for domain in data.views]
        self.image = torch.tensor(image).repeat_interleave(size)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        seed = step_seed(self._seed, self._name, step)
        items = self._sampler.draw(self._size, np.random.default_rng([seed, 0]))
        return Batch(self._data, seed, items, self._joint, self.side(step))

    def side(self, step: int) -> int:
        """Side of a step's views, pixels: the last ones are what the encoder will then take."""
        joint = self._joint
        if joint.late_side is None or step < round(joint.steps * (1 - joint.late)):
            return joint.side
        return joint.late_side
