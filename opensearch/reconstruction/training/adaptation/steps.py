"""The steps of the adaptation, as one job.

A step draws sketches and renders at random, each for itself: no sketch is ever paired with a shape
or a category.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from opensearch.loop import Descent, Job, Learner, step_seed
from opensearch.reconstruction.latent import softened
from opensearch.reconstruction.settings import ReconstructionConfig
from opensearch.reconstruction.training.adaptation.data import Lines, varied
from opensearch.reconstruction.training.adaptation.losses import (
    adaptation_loss,
    discriminator_loss,
    judging,
)
from opensearch.reconstruction.training.adaptation.networks import AdaptationModel
from opensearch.reconstruction.training.learners import adam
from opensearch.reconstruction.training.losses import convergence, next_balance

STAGE = "adaptation"
_BETAS = (0.5, 0.999)
_EPOCH = 50  # steps a line of metrics


def adaptation_job(config: ReconstructionConfig, lines: Lines, model: AdaptationModel) -> Job:
    """The job that trains autoencoder and discriminator."""
    settings = config.adaptation
    encoder = adam(model.autoencoder, settings.lr, _BETAS, "lr")
    critic = adam(model.critic, settings.critic_lr, _BETAS)
    return Job(
        name=STAGE,
        module=model,
        learners=[encoder, critic],
        step=lambda number: _step(config, lines, model, (encoder, critic), number),
        steps=settings.steps,
        epoch=min(_EPOCH, settings.steps),
        checkpoint=settings.checkpoint,
        setting="adaptation.lr or adaptation.critic_lr",
    )


def _step(
    config: ReconstructionConfig,
    lines: Lines,
    model: AdaptationModel,
    learners: tuple[Learner, Learner],
    number: int,
) -> Iterator[Descent]:
    settings = config.adaptation
    rng = np.random.default_rng(step_seed(config.seed, STAGE, number))
    model.critic.requires_grad_(False)
    seen, wanted = _drawings(config, lines, rng, model.balance.device)
    sketches, renders = wanted.chunk(2)
    sketches_back, renders_back = model.autoencoder(seen).chunk(2)
    yield Descent(
        adaptation_loss(
            sketches,
            renders,
            sketches_back,
            renders_back,
            model.critic(sketches_back),
            settings.phi,
            settings.inked,
        ),
        [learners[0]],
    )
    model.critic.requires_grad_(True)
    sketches_back, renders_back = sketches_back.detach(), renders_back.detach()
    judged = model.critic(torch.cat([renders_back, sketches_back])).chunk(2)
    real, made = judging(renders_back, sketches_back, judged, settings.inked)
    measured = {
        "balance": float(model.balance),
        "convergence": convergence(real, made, settings.gamma),
    }
    yield Descent(discriminator_loss(real, made, model.balance), [learners[1]], measured)
    balance = next_balance(model.balance, real, made, settings.gamma, settings.balance_rate)
    model.balance.copy_(balance)


def _drawings(
    config: ReconstructionConfig, lines: Lines, rng: np.random.Generator, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Sketches, then as many renders, as T1 sees them and as they must come back."""
    settings = config.adaptation
    drawn = np.concatenate(lines.batch(settings.batch, rng))
    whole = torch.from_numpy(softened(drawn, settings.softness)).to(device)
    seen = varied(whole, rng)
    return seen, whole if settings.steady else seen
