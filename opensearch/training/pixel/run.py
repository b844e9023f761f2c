"""The run: epochs of steps, each after a discrete step, resumable at any checkpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from opensearch.errors import InvalidInput
from opensearch.settings import PixelSettings
from opensearch.training.context import Context
from opensearch.training.loop import due, step_seed
from opensearch.training.pixel.data import PairBatch, PixelData
from opensearch.training.pixel.grids import write_grids
from opensearch.training.pixel.model import PixelModel
from opensearch.training.pixel.step import Made, critic_losses, hash_losses, migrate

STAGE = "pixel"
_BETAS = (0.5, 0.999)  # the paper's code


@dataclass(frozen=True)
class Optimisers:
    """One each for the generators, the discriminators and the hash network."""

    generators: Adam
    critics: Adam
    hash: Adam

    @classmethod
    def of(cls, model: PixelModel) -> Optimisers:
        """Adam with the paper's betas; rates are set before each step."""
        groups = (model.generators(), model.critics(), model.hash.parameters())
        return cls(*(Adam(list(group), betas=_BETAS) for group in groups))

    def all(self) -> tuple[Adam, Adam, Adam]:
        """All three, in the order of a checkpoint."""
        return self.generators, self.critics, self.hash

    def set_rates(self, share: float, settings: PixelSettings) -> None:
        """Rates at a share 0..1 of the run."""
        rate, hash_rate = rates(share, settings)
        for optimiser, value in zip(self.all(), (rate, rate, hash_rate), strict=True):
            optimiser.param_groups[0]["lr"] = value


def rates(share: float, settings: PixelSettings) -> tuple[float, float]:
    """Learning rates at a share 0..1 of the run: of generators and critics, of the hash network."""
    falling = min(1.0, (1 - share) / (1 - settings.decay))
    dropped = 0.1 if share >= settings.hash_drop else 1.0
    return settings.lr * falling, settings.hash_lr * falling * dropped


def run_pixel(context: Context, data: PixelData, model: PixelModel) -> None:
    """Train the model in place, going on from its checkpoint; it ends in evaluation mode.

    Raises:
        InvalidInput: a damaged checkpoint, or a loss that is not a number.
    """
    settings, run = context.config.pixel, context.run
    optimisers = Optimisers.of(model)
    done, steps = run.load(STAGE, model, *optimisers.all()), settings.epochs * data.epoch
    if done < steps:
        run.cut_metrics()
    for first in range(done, steps, data.epoch):
        model.train()
        line = _epoch(context, data, model, optimisers, first)
        end = first + data.epoch
        run.log({"stage": STAGE, "epoch": end // data.epoch, "step": end, **line})
        model.eval()
        # Before the checkpoint: an epoch whose sheets a kill has halved is made again.
        if end == steps or (end // data.epoch) % settings.grids == 0:
            write_grids(run.folder / "grids", end // data.epoch, data, model)
        if end == steps or due(end, data.epoch, settings.checkpoint):
            run.save(STAGE, end, model, *optimisers.all())
    model.eval()


def _epoch(
    context: Context, data: PixelData, model: PixelModel, optimisers: Optimisers, first: int
) -> dict[str, float]:
    """The steps of an epoch; its mean losses by name, and its last rates."""
    settings = context.config.pixel
    steps = settings.epochs * data.epoch
    changed = model.discrete_step(settings.fidelity)
    sums: dict[str, float] = defaultdict(float)
    for step in range(first, first + data.epoch):
        optimisers.set_rates(step / steps, settings)
        for name, value in _step(context, data, model, optimisers, step).items():
            sums[name] += value
        context.progress(STAGE, step + 1, steps)
    line = {name: round(value / data.epoch, 6) for name, value in sums.items()}
    rate, hash_rate = rates((first + data.epoch - 1) / steps, settings)
    return {**line, "changed": round(changed, 6), "lr": rate, "hash_lr": hash_rate}


def _step(
    context: Context, data: PixelData, model: PixelModel, optimisers: Optimisers, step: int
) -> dict[str, float]:
    """One step of all networks; its losses by name."""
    seed = step_seed(context.config.seed, "pixel step", step)
    place = next(model.hash.parameters()).device
    batches = [_moved(batch, place) for batch in data.batches(step)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout of the backbone
        losses, made, right = _made(context, data, model, optimisers, batches)
    rng = np.random.default_rng(seed)
    for name, pair, batch, one in zip(data.names[1:], model.pairs, batches, made, strict=True):
        with _autocast(place):
            judged = critic_losses(pair, batch, one, rng)
        losses |= {f"{name}.{key}": value for key, value in judged.items()}
    critics = [value for key, value in losses.items() if key.endswith("critic")]
    _descend(torch.stack(critics).sum(), [optimisers.critics])
    values = {name: float(value.detach()) for name, value in losses.items()}
    return _finite(values, step) | {"right": right}


def _made(
    context: Context,
    data: PixelData,
    model: PixelModel,
    optimisers: Optimisers,
    batches: Sequence[PairBatch],
) -> tuple[dict[str, Tensor], list[Made], float]:
    """Migrate and hash; generators and hash network learn from it, critics only judge."""
    settings = context.config.pixel
    _learning(model.critics(), learns=False)
    with _autocast(batches[0].pivot.device):
        pairs = zip(model.pairs, batches, strict=True)
        made = [migrate(pair, batch, settings.cycle) for pair, batch in pairs]
        losses, right = hash_losses(model, batches, made, settings)
    for name, one in zip(data.names[1:], made, strict=True):
        losses |= {f"{name}.{key}": value for key, value in one.losses.items()}
    _descend(torch.stack(list(losses.values())).sum(), [optimisers.generators, optimisers.hash])
    _learning(model.critics(), learns=True)
    return losses, made, right


def _descend(loss: Tensor, optimisers: Sequence[Adam]) -> None:
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    for optimiser in optimisers:
        optimiser.step()


def _finite(values: dict[str, float], step: int) -> dict[str, float]:
    for name, value in values.items():
        if not np.isfinite(value):
            raise InvalidInput(
                f"the loss {name} is {value} at step {step + 1}; train with a lower pixel.lr or"
                " pixel.hash_lr in another --out"
            )
    return values


def _learning(parameters: Iterable[nn.Parameter], learns: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(learns)


def _moved(batch: PairBatch, device: torch.device) -> PairBatch:
    """Pictures on the device, in the layout on which convolutions are quickest."""
    layout = torch.channels_last
    return replace(
        batch,
        other=batch.other.to(device, memory_format=layout),
        pivot=batch.pivot.to(device, memory_format=layout),
    )


def _autocast(device: torch.device) -> torch.autocast:
    """Convolutions in bf16: nearly twice as fast on a CPU that has it."""
    return torch.autocast(device.type, dtype=torch.bfloat16)
