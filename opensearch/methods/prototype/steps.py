"""The stage that fits one domain: its samples and its steps.

All chance is a function of (seed, stage, step), so a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.loop import LOSS, Descent, Job, Learner, RunFolder, cosine, run_job, step_seed
from opensearch.losses.prototype import PrototypeLoss
from opensearch.methods.prototype.settings import LoopSettings
from opensearch.progress import Progress
from opensearch.training.augmentation import augment_affine
from opensearch.training.cache import CachedRows
from opensearch.training.device import CPU, chosen_device


class Samples(Protocol):
    """Labelled inputs; every view of an item is a sample of its own."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Place of each sample's category among the prototypes, shape (n,)."""

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Module inputs of the samples at `indices`; all chance comes from the generator."""


@dataclass(frozen=True)
class FeatureSamples:
    """Cached features of a frozen backbone: rows (n, f) and labels (n,)."""

    rows: NDArray[np.float32]
    labels: NDArray[np.int64]

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Features (len(indices), f)."""
        return torch.from_numpy(self.rows[indices])


@dataclass(frozen=True)
class ViewSamples:
    """Cached views of the items at `keep`, augmented as drawn; `labels` has one entry a view.

    They are augmented on `device`; what is drawn for it is the same on all.
    """

    rows: CachedRows
    keep: NDArray[np.int64]
    views: int
    labels: NDArray[np.int64]
    augmented: bool
    device: torch.device = CPU

    def inputs(self, indices: NDArray[np.int64], generator: torch.Generator) -> Tensor:
        """Views (len(indices), h, w, 3): float 0..255 when augmented, else uint8."""
        places = zip(self.keep[indices // self.views], indices % self.views, strict=True)
        picked = [self.rows.row(int(item))[view] for item, view in places]
        views = torch.from_numpy(np.stack(picked)).to(self.device)
        return augment_affine(views, generator) if self.augmented else views


@dataclass(frozen=True)
class Stage:
    """One domain's module to fit: a projector on features, or with the backbone on views.

    Attributes:
        name: of its checkpoint, metrics and progress.
        groups: parameter groups; a group's `factor` multiplies the learning rate.
    """

    name: str
    module: nn.Module
    groups: list[tuple[list[nn.Parameter], float]]
    loss: PrototypeLoss
    samples: Samples
    seed: int


def fit(stage: Stage, settings: LoopSettings, run: RunFolder, progress: Progress) -> None:
    """Train the stage's module in place, going on from its checkpoint if there is one.

    Args:
        settings: with the stage's own epochs, learning rate and temperature.
        run: where checkpoints and metrics go.
        progress: called with the stage's name, steps done, steps in all.

    Raises:
        InvalidInput: a damaged checkpoint, or a loss that is not a number.

    Source:
        Thong et al. 2020: SGD nesterov .9, weight decay 5e-5, cosine to 3e-6 a step, last
        checkpoint.
    """
    batches = _batches_an_epoch(len(stage.samples.labels), settings.batch)
    device = chosen_device(settings.device)
    stage.module.to(device)
    stage.loss.to(device)
    learner = Learner(
        _sgd(stage, settings),
        lambda share, factor: cosine(share, settings.lr * factor, settings.floor),
        shown_as="lr",
    )

    def step(number: int) -> Iterator[Descent]:
        indices = _indices(stage, settings, number)
        loss, accuracy = _forward(stage, indices, number, device)
        yield Descent({LOSS: loss}, [learner], {"accuracy": accuracy}, len(indices))

    job = Job(
        name=stage.name,
        module=stage.module,
        learners=[learner],
        step=step,
        steps=batches * settings.epochs,
        epoch=batches,
        checkpoint=settings.checkpoint,
        setting="loop.lr",
    )
    run_job(job, run, progress)
    stage.module.cpu()


def _forward(
    stage: Stage, indices: NDArray[np.int64], step: int, device: torch.device
) -> tuple[Tensor, float]:
    """Mean loss of the samples at `indices`, and the share of them that are right."""
    seed = step_seed(stage.seed, stage.name, step)
    inputs = stage.samples.inputs(indices, torch.Generator().manual_seed(seed)).to(device)
    labels = torch.from_numpy(stage.samples.labels[indices]).to(device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout
        embeddings = run_module(stage.module, inputs)
    accuracy = stage.loss.accuracy(embeddings.detach(), labels)
    return stage.loss(embeddings, labels), accuracy


def run_module(module: nn.Module, inputs: Tensor) -> Tensor:
    """The module's outputs; views go through in bf16, in the channels-last layout.

    On CPUs that have it, bf16 is 2 to 3 times faster.
    """
    if inputs.ndim == 2:
        out: Tensor = module(inputs)
        return out
    with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
        views: Tensor = module(inputs)
        return views


def _indices(stage: Stage, settings: LoopSettings, step: int) -> NDArray[np.int64]:
    """Samples of a step; an epoch's order depends on its number alone."""
    n = len(stage.samples.labels)
    epoch, batch = divmod(step, _batches_an_epoch(n, settings.batch))
    key = [stage.seed, zlib.crc32(stage.name.encode()), epoch]
    order = np.random.default_rng(key).permutation(n)
    return order[batch * settings.batch : (batch + 1) * settings.batch]


def _batches_an_epoch(n: int, batch: int) -> int:
    """Whole batches in an epoch, at least one; the remainder is left out."""
    return max(1, n // batch)


def _sgd(stage: Stage, settings: LoopSettings) -> torch.optim.SGD:
    return torch.optim.SGD(
        [{"params": parameters, "factor": factor} for parameters, factor in stage.groups],
        lr=settings.lr,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        weight_decay=settings.weight_decay,
    )
