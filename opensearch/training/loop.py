"""The training loop: SGD with a cosine schedule, resumable at any checkpoint.

All chance is a function of (seed, stage, step), so a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.config import LoopSettings
from opensearch.errors import InvalidInput
from opensearch.methods.prototype import PrototypeLoss
from opensearch.training.cache import Progress
from opensearch.training.checkpoint import RunFolder
from opensearch.training.samples import Samples


@dataclass(frozen=True)
class Stage:
    """One module to fit: a projector on features, or backbone and projector on views.

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
    optimiser = _optimiser(stage, settings)
    batches = _batches_an_epoch(len(stage.samples.labels), settings.batch)
    total = batches * settings.epochs
    done = run.load(stage.name, stage.module, optimiser)
    if done < total:
        run.cut_metrics()
    stage.module.train()
    meter = _Meter()
    for step, indices in _schedule(stage, settings, done):
        _set_rate(optimiser, stage, settings, step / total)
        meter.add(*_step(stage, optimiser, indices, step))
        if (step + 1) % batches == 0:
            run.log(_line(stage, step + 1, batches, meter, optimiser))
            meter = _Meter()
        # Checkpoints fall on ends of epochs, so that no half-filled meter is lost.
        if step + 1 == total or ((step + 1) % batches == 0 and _due(step + 1, batches, settings)):
            run.save(stage.name, step + 1, stage.module, optimiser)
        progress(stage.name, step + 1, total)
    stage.module.eval()


class _Meter:
    """Running means over an epoch, weighted by batch."""

    def __init__(self) -> None:
        self.n, self.loss, self.hits = 0, 0.0, 0.0

    def add(self, n: int, loss: float, accuracy: float) -> None:
        self.n += n
        self.loss += n * loss
        self.hits += n * accuracy


def _step(
    stage: Stage, optimiser: torch.optim.SGD, indices: NDArray[np.int64], step: int
) -> tuple[int, float, float]:
    key = np.random.SeedSequence([stage.seed, zlib.crc32(stage.name.encode()), step])
    seed = int(key.generate_state(1)[0])
    inputs = stage.samples.inputs(indices, torch.Generator().manual_seed(seed))
    labels = torch.from_numpy(stage.samples.labels[indices])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout
        embeddings = _forward(stage.module, inputs)
    loss = stage.loss(embeddings, labels)
    if not torch.isfinite(loss):
        raise InvalidInput(
            f"the loss of {stage.name} is {float(loss.detach())} at step {step + 1};"
            " train with a lower loop.lr in another --out"
        )
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return len(indices), float(loss.detach()), stage.loss.accuracy(embeddings.detach(), labels)


def _forward(module: nn.Module, inputs: Tensor) -> Tensor:
    if inputs.ndim == 2:
        out: Tensor = module(inputs)
        return out
    # Views: bf16 in the channels-last layout is 2 to 3 times faster on CPU.
    with torch.autocast("cpu", dtype=torch.bfloat16):
        views: Tensor = module(inputs)
        return views


def _schedule(
    stage: Stage, settings: LoopSettings, done: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """(step, indices) of the steps not yet done; an epoch's order depends on its number alone."""
    n = len(stage.samples.labels)
    batches = _batches_an_epoch(n, settings.batch)
    for step in range(done, batches * settings.epochs):
        epoch, batch = divmod(step, batches)
        if batch == 0 or step == done:
            key = [stage.seed, zlib.crc32(stage.name.encode()), epoch]
            order = np.random.default_rng(key).permutation(n)
        yield step, order[batch * settings.batch : (batch + 1) * settings.batch]


def _batches_an_epoch(n: int, batch: int) -> int:
    """Whole batches an epoch; the rest waits for another shuffle. One batch at the least."""
    return max(1, n // batch)


def _due(step: int, batches: int, settings: LoopSettings) -> bool:
    """Whether a checkpoint interval ended within the epoch that ends at `step`."""
    return step // settings.checkpoint > (step - batches) // settings.checkpoint


def _optimiser(stage: Stage, settings: LoopSettings) -> torch.optim.SGD:
    groups = [{"params": parameters} for parameters, _ in stage.groups]
    return torch.optim.SGD(
        groups,
        lr=settings.lr,
        momentum=settings.momentum,
        nesterov=settings.momentum > 0,
        weight_decay=settings.weight_decay,
    )


def _set_rate(
    optimiser: torch.optim.SGD, stage: Stage, settings: LoopSettings, share: float
) -> None:
    for group, (_, factor) in zip(optimiser.param_groups, stage.groups, strict=True):
        top = max(settings.lr * factor, settings.floor)
        group["lr"] = settings.floor + (top - settings.floor) * (1 + math.cos(math.pi * share)) / 2


def _line(
    stage: Stage, step: int, batches: int, meter: _Meter, optimiser: torch.optim.SGD
) -> dict[str, object]:
    return {
        "stage": stage.name,
        "epoch": step // batches,
        "step": step,
        "loss": round(meter.loss / meter.n, 6),
        "accuracy": round(meter.hits / meter.n, 6),
        "lr": optimiser.param_groups[-1]["lr"],
    }
