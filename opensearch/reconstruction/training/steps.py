"""The steps of the voxel generator, as one job.

A step draws neighbourhoods of training shapes. Each shape is coded once: the code serves both to
bring the shape itself back and, pooled with its neighbours', to make v_OUT. No sketch
and no pair of sketch and shape takes part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from opensearch.loop import Descent, Job, Learner, step_seed
from opensearch.reconstruction.settings import ReconstructionConfig
from opensearch.reconstruction.training.data import Shapes
from opensearch.reconstruction.training.learners import adam
from opensearch.reconstruction.training.losses import (
    convergence,
    critic_loss,
    distance,
    generator_loss,
    next_balance,
)
from opensearch.reconstruction.training.networks import VoxelAutoencoder, VoxelModel
from opensearch.reconstruction.training.sheets import write_sheet

STAGE = "voxels"
_BETAS = (0.9, 0.999)
_EPOCH = 50  # steps a line of metrics, at most


def voxel_job(config: ReconstructionConfig, shapes: Shapes, model: VoxelModel, out: Path) -> Job:
    """The job that trains generator and discriminator.

    Args:
        out: folder for sheets of slices.
    """
    settings = config.voxels
    epoch = min(_EPOCH, settings.checkpoint, settings.samples, settings.steps)
    generator = adam(model.generator, settings.lr, _BETAS, "lr")
    critic = adam(model.critic, settings.critic_lr, _BETAS)

    def closing(number: int) -> None:
        # Before the checkpoint, so that a sheet cut short by a kill is made again.
        done = number * epoch
        if done // settings.samples > (done - epoch) // settings.samples:
            write_sheet(out / f"{done:06d}.png", model.generator, shapes, config.pooling)

    return Job(
        name=STAGE,
        module=model,
        learners=[generator, critic],
        step=lambda number: _step(config, shapes, model, generator, critic, number),
        steps=settings.steps,
        epoch=epoch,
        checkpoint=settings.checkpoint,
        setting="voxels.lr or voxels.critic_lr",
        closing=closing,
    )


def pooled(codes: Tensor, shares: Tensor) -> Tensor:
    """W = sum of w_i z_i: one code (g, c) of each group of codes (g, k, c) by weights (k,)."""
    return (shares[None, :, None] * codes).sum(dim=1)


def _step(
    config: ReconstructionConfig,
    shapes: Shapes,
    model: VoxelModel,
    generator: Learner,
    critic: Learner,
    number: int,
) -> Iterator[Descent]:
    settings, networks = config.voxels, (model.generator, model.critic)
    rng = np.random.default_rng(step_seed(config.seed, STAGE, number))
    drawn = torch.from_numpy(shapes.groups(settings.groups, rng, settings.mirrored))
    real = drawn.to(model.balance.device)
    whole = real.flatten(0, 1)
    if number < settings.warm * settings.steps:
        with _autocast(real):
            back = distance(model.generator(whole), whole, settings.filled)
            judged = distance(model.critic(whole), whole, settings.filled)
        yield Descent({"real": back}, [generator])
        yield Descent({"critic_real": judged}, [critic])
        return
    _learning(model.critic.parameters(), learns=False)
    made, losses = _generated(config, *networks, real)
    yield Descent(losses, [generator])
    _learning(model.critic.parameters(), learns=True)
    with _autocast(real), torch.no_grad():
        again = model.generator(made)
    with _autocast(real):
        judged_real = distance(model.critic(whole), whole, settings.filled)
        judged_made = distance(model.critic(again), again, settings.filled)
    measured = {
        "balance": float(model.balance),
        "convergence": convergence(judged_real, judged_made, settings.gamma),
    }
    yield Descent(critic_loss(judged_real, judged_made, model.balance), [critic], measured)
    after = (settings.gamma, settings.balance_rate)
    model.balance.copy_(next_balance(model.balance, judged_real, judged_made, *after))


def _generated(
    config: ReconstructionConfig,
    generator: VoxelAutoencoder,
    critic: VoxelAutoencoder,
    real: Tensor,
) -> tuple[Tensor, dict[str, Tensor]]:
    """v_OUT (g, s, s, s) of groups (g, k, s, s, s), without gradient, and the terms of (25).

    A blank v_OUT is reconstructed without effort: where L_REC(v_OUT) may move v_OUT, all shapes
    were soon made alike. So no gradient of that term reaches v_OUT, unless `through` is set.
    """
    settings = config.voxels
    shares = torch.tensor(config.pooling.shares(), dtype=torch.float32, device=real.device)
    whole = real.flatten(0, 1)
    with _autocast(real):
        codes = generator.encode(whole)
        back = generator.decode(codes)
        made = generator.decode(pooled(codes.float().reshape(*real.shape[:2], -1), shares))
        given = made if settings.through else made.detach()
        losses = generator_loss(
            distance(generator(given), given, settings.filled),
            distance(back, whole, settings.filled),
            distance(critic(made), made, settings.filled),
            settings.phi,
        )
        if settings.towards:
            near = distance(made, real[:, 0], settings.filled)
            losses["towards"] = (1 - settings.phi) * settings.towards * near
    return made.detach(), losses


def _learning(parameters: Iterable[nn.Parameter], learns: bool) -> None:
    for parameter in parameters:
        parameter.requires_grad_(learns)


def _autocast(given: Tensor) -> torch.autocast:
    """Convolutions in bf16, where a tensor lies: nearly twice as fast on a CPU that has it."""
    return torch.autocast(given.device.type, dtype=torch.bfloat16)
