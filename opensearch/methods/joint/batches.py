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
from opensearch.methods.joint.uses import Use
from opensearch.samplers.balanced import Balance, BalancedSampler
from opensearch.training.augmentation import augment_by_look
from opensearch.training.context import Context
from opensearch.training.restyling import outlined, photographed


class Batch:
    """One step's items of all domains, in the order of its uses; tensors lie on its device.

    Attributes:
        seed: of everything else that the step leaves to chance.
        side: of the views, pixels.
        labels: shape (n,), use by use.
        upright: shape (n,), which views are upright: 1, 0, or -1 where unknown, as it is of what
            is restyled.
        instances: shape (n,), a number of the item shown, the same in all of its uses.
    """

    def __init__(
        self,
        data: JointData,
        seed: int,
        items: Mapping[str, NDArray[np.int64]],
        uses: Sequence[Use],
        joint: JointSettings,
        side: int,
        device: torch.device,
    ) -> None:
        rng = np.random.default_rng([seed, 1])
        self.seed, self.side = seed, side
        self._data, self._items, self._uses, self._joint = data, items, uses, joint
        self._device = device
        self._turns = {name: rng.integers(1 << 30, size=len(own)) for name, own in items.items()}
        self._quarters = {name: self._turned(name, len(own), rng) for name, own in items.items()}
        self._raw: dict[str, NDArray[np.generic]] = {}
        labels = {name: pool.labels[items[name]] for name, pool in data.views.items()}
        self.labels = self._shown(labels)
        sizes = [len(pool.labels) for pool in data.views.values()]
        starts = dict(zip(data.views, np.cumsum([0, *sizes]), strict=False))
        self.instances = self._shown({name: starts[name] + own for name, own in items.items()})
        self.upright = torch.from_numpy(np.concatenate([self._upright(use) for use in uses]))
        self.upright = self.upright.to(device)

    def _shown(self, values: Mapping[str, NDArray[np.int64]]) -> Tensor:
        """Values of each domain's items, use by use, (n,) int64."""
        parts = [values[use.source][: use.count] for use in self._uses]
        return torch.from_numpy(np.concatenate(parts)).to(self._device)

    def _upright(self, use: Use) -> NDArray[np.int64]:
        if use.style != "own":
            return np.full(use.count, -1)
        items, turns = self._items[use.source], self._turns[use.source]
        known = self._data.views[use.source].upright(items, turns)
        return np.where(self._quarters[use.source] > 0, 0, known)

    def _turned(self, domain: str, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Quarter turns of a domain's views, (n,): most 0; shapes have views on their side."""
        if not self._joint.turned or self._data.looks[domain] == "mesh":
            return np.zeros(n, np.int64)
        return np.where(rng.random(n) < self._joint.turned, rng.integers(1, 4, size=n), 0)

    def features(self) -> list[Tensor]:
        """The features that learning starts from, of each use's views, (n_u, f) float32."""
        return self._taken(self._data.features)

    def teacher_features(self) -> list[Tensor]:
        """The teacher's features of each use's views as they were read, (n_u, f) float32."""
        return self._taken(self._data.teacher_features)

    def _taken(self, pools: Mapping[str, Pool]) -> list[Tensor]:
        taken = []
        for use in self._uses:
            items, turns = self._items[use.source], self._turns[use.source]
            rows = pools[use.source].take(items[: use.count], turns[: use.count])
            taken.append(torch.from_numpy(rows).float().to(self._device))
        return taken

    def read(self) -> Batch:
        """Read the views from disk if that was not done yet; the batch itself."""
        if not self._raw:
            views = self._data.views.items()
            taken = {n: pool.take(self._items[n], self._turns[n]) for n, pool in views}
            self._raw = taken
        return self

    def views(self) -> Tensor:
        """Augmented views, (n, side, side, 3), use by use; some are turned, see `upright`."""
        generator = torch.Generator(self._device).manual_seed(self.seed)
        raw = {n: torch.from_numpy(rows).to(self._device) for n, rows in self.read()._raw.items()}
        return torch.cat([self._augmented(use, raw, generator) for use in self._uses])

    def _augmented(self, use: Use, raw: Mapping[str, Tensor], generator: torch.Generator) -> Tensor:
        views, looks = raw[use.source][: use.count], self._data.looks[use.source]
        if use.style == "outline":
            return outlined(views, looks, self.side, generator, self._joint.bend)
        if use.style == "photograph":
            return photographed(views, raw[use.target], self.side, generator)
        views, quarters = views.clone(), self._quarters[use.source]
        for row in np.flatnonzero(quarters):
            views[row] = torch.rot90(views[row], int(quarters[row]))
        return augment_by_look(views, looks, self.side, generator, self._joint.bend)


class Batches:
    """Draws a job's batches.

    Args:
        name: of the job, on which its draws depend.
        uses: what each batch shows.
        device: where its tensors lie, and where views are augmented.

    Attributes:
        counts: views that each domain's norms embed, in order.
        domains: shape (n,), number of the domain that each view is embedded as.
        image: shape (n,), whether a view is a picture as it was read.
        held: shape (n,), whether it is one of `joint.photos`.
    """

    def __init__(
        self,
        context: Context[JointConfig],
        data: JointData,
        name: str,
        uses: Sequence[Use],
        device: torch.device,
    ) -> None:
        joint = context.config.joint
        self._data, self._name, self._uses, self._joint = data, name, uses, joint
        self._seed, self._device = context.config.seed, device
        balance = Balance(joint.balance, joint.common, joint.paired, joint.meeting)
        labels = {name: pool.labels for name, pool in data.views.items()}
        self._sampler = BalancedSampler(labels, balance)
        self._sizes = [use.count for use in uses if use.style == "own"]
        every = list(data.views)
        self.counts = [sum(use.count for use in uses if use.target == name) for name in every]
        self.domains = self._each([every.index(use.target) for use in uses])
        image = [use.style == "own" and data.looks[use.source] == "image" for use in uses]
        self.image = self._each(image)
        photos = joint.photos or every
        self.held = self._each(
            [own and use.source in photos for own, use in zip(image, uses, strict=True)]
        )

    def _each(self, values: Sequence[int]) -> Tensor:
        """A value of each use, for each of its views, (n,)."""
        counts = torch.tensor([use.count for use in self._uses])
        return torch.tensor(values).repeat_interleave(counts).to(self._device)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        seed = step_seed(self._seed, self._name, step)
        drawn = self._sampler.draw(self._sizes, np.random.default_rng([seed, 0]))
        items = dict(zip(self._data.views, drawn, strict=True))
        side = self.side(step)
        return Batch(self._data, seed, items, self._uses, self._joint, side, self._device)

    def side(self, step: int) -> int:
        """Side of a step's views, pixels: the last ones are what the encoder will then take."""
        joint = self._joint
        if joint.late_side is None or step < round(joint.steps * (1 - joint.late)):
            return joint.side
        return joint.late_side
