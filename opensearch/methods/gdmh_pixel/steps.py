"""The steps of training on pixels, as one job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam

from opensearch.loop import Descent, Job, Learner, step_seed
from opensearch.methods.gdmh_pixel.data import PairBatch, PixelData
from opensearch.methods.gdmh_pixel.losses import discriminator_losses, hash_losses, migrate
from opensearch.methods.gdmh_pixel.networks import PixelModel
from opensearch.methods.gdmh_pixel.settings import PixelConfig, PixelSettings
from opensearch.methods.gdmh_pixel.sheets import write_sheets
from opensearch.training.context import Context

STAGE = "pixel"
_BETAS = (0.5, 0.999)  # the paper's code


def rates(share: float, settings: PixelSettings) -> tuple[float, float]:
    """Learning rates at a share 0..1 of the run: of both sides of the game, of the hash network."""
    falling = min(1.0, (1 - share) / (1 - settings.decay))
    dropped = 0.1 if share >= settings.hash_drop else 1.0
    return settings.lr * falling, settings.hash_lr * falling * dropped


def pixel_job(context: Context[PixelConfig], data: PixelData, model: PixelModel) -> Job:
    """The job that trains all networks; each epoch starts with a discrete step."""
    settings = context.config.pixel
    learners = Learners.of(model, settings)
    steps = settings.epochs * data.epoch

    def closing(epoch: int) -> None:
        # Before the checkpoint, so that sheets cut short by a kill are made again.
        if epoch == settings.epochs or epoch % settings.grids == 0:
            model.eval()
            write_sheets(context.run.folder / "grids", epoch, data, model)
            model.train()

    return Job(
        name=STAGE,
        module=model,
        learners=learners.all(),
        step=lambda number: _step(context, data, model, learners, number),
        steps=steps,
        epoch=data.epoch,
        checkpoint=settings.checkpoint,
        setting="pixel.lr or pixel.hash_lr",
        opening=lambda: {"changed": round(model.discrete_step(settings.fidelity), 6)},
        closing=closing,
    )


@dataclass(frozen=True)
class Learners:
    """One each for the generators, the discriminators and the hash network."""

    generators: Learner
    discriminators: Learner
    hash: Learner

    @classmethod
    def of(cls, model: PixelModel, settings: PixelSettings) -> Learners:
        """Adam with the paper's betas."""

        def learner(
            parameters: Iterable[nn.Parameter], rate: Callable[[float], float], shown_as: str = ""
        ) -> Learner:
            optimiser = Adam(list(parameters), betas=_BETAS)
            return Learner(optimiser, lambda share, factor: factor * rate(share), shown_as)

        def rate(share: float) -> float:
            return rates(share, settings)[0]

        return cls(
            learner(model.generators(), rate, "lr"),
            learner(model.discriminators(), rate),
            learner(model.hash.parameters(), lambda share: rates(share, settings)[1], "hash_lr"),
        )

    def all(self) -> list[Learner]:
        """All three, in the order of a checkpoint."""
        return [self.generators, self.discriminators, self.hash]


def _step(
    context: Context[PixelConfig],
    data: PixelData,
    model: PixelModel,
    learners: Learners,
    number: int,
) -> Iterator[Descent]:
    """Generators and hash network against their losses, then the discriminators against theirs."""
    settings = context.config.pixel
    seed = step_seed(context.config.seed, "pixel step", number)
    place = next(model.hash.parameters()).device
    batches = [_moved(batch, place) for batch in data.batches(number)]
    _learning(model.discriminators(), learns=False)
    with torch.random.fork_rng(devices=[]), _autocast(place):
        torch.manual_seed(seed)  # dropout of the backbone
        pairs = zip(model.pairs, batches, strict=True)
        made = [migrate(pair, batch, settings.cycle) for pair, batch in pairs]
        losses, right = hash_losses(model, batches, made, settings)
    for name, one in zip(data.names[1:], made, strict=True):
        losses |= {f"{name}.{key}": value for key, value in one.losses.items()}
    yield Descent(losses, [learners.generators, learners.hash])
    _learning(model.discriminators(), learns=True)
    rng = np.random.default_rng(seed)
    judged: dict[str, Tensor] = {}
    for name, pair, batch, one in zip(data.names[1:], model.pairs, batches, made, strict=True):
        with _autocast(place):
            found = discriminator_losses(pair, batch, one, rng)
        judged |= {f"{name}.{key}": value for key, value in found.items()}
    yield Descent(judged, [learners.discriminators], {"right": right})


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
