"""Methods `joint` and `siamese` on given features, which they do not learn on by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import torch
from torch import nn

from opensearch.config import LearningSettings, NetworkSettings
from opensearch.encoders.projector import SharedProjector
from opensearch.loop import Descent, run_job
from opensearch.losses.siamese import SiameseLoss
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.pools import Part, Pool
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.joint.steps import projector_job
from opensearch.methods.siamese.fitting import PUBLISHED as SIAMESE_RANKING
from opensearch.methods.siamese.losses import siamese_losses
from opensearch.methods.siamese.settings import SiameseConfig
from opensearch.progress import quiet
from opensearch.training.assemble import FittedModel
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.heads import embed, fitted_head, head_job, learner, new_head
from opensearch.training.items import Batches, domain_items
from opensearch.training.learnt_space import space_of_means


def joint_heads(context: Context[JointConfig], domains: Sequence[DomainData]) -> FittedModel:
    """The first stage of method joint, which learns on frozen features, on those given."""
    names = sorted({category for data in domains for category in data.categories})
    pools = {
        data.name: Pool(
            Part(
                data.rows,
                np.array([names.index(c) for c in data.categories], np.int64),
                range(data.views),
            )
        )
        for data in domains
    }
    looks = {data.name: data.looks for data in domains}
    data = JointData(looks, pools, pools, pools, context.space.prototypes(names))
    width = int(domains[0].rows.take([0]).shape[-1])
    projector = context.config.projector
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.config.seed)
        module = SharedProjector(
            list(pools), width, context.space.dim, projector.hidden, projector.dropout
        )
    losses = JointLosses(data, nn.Linear(width, 1), context.config.joint, torch.device("cpu"))
    run_job(projector_job(context, data, module, losses), None, quiet)
    shared = arrays(module.shared())
    return FittedModel(
        {
            one.name: FittedDomain(
                one.start,
                {**shared, **arrays(module.own(one.name))},
                context.config.domain(one.name).pooling,
            )
            for one in domains
        }
    )


def siamese_heads(context: Context[SiameseConfig], domains: Sequence[DomainData]) -> FittedModel:
    """The losses of method siamese on a layer to the code a domain, as its backbone would learn."""
    settings, seed = context.config.siamese, context.config.seed
    given = settings.model_dump(include=set(LearningSettings.model_fields))
    own = NetworkSettings(**given, layers=[], dim=settings.code, norm=False)
    items, _ = domain_items(context, domains)
    heads = nn.ModuleList(nn.Sequential(new_head(one, own, seed), nn.ReLU()) for one in items)
    batches = Batches("siamese", items, own, seed)
    loss = SiameseLoss(settings.positive, settings.negative, settings.scale, settings.pairs)
    adjusts = learner([heads], own)

    def losses(step: int) -> Iterator[Descent]:
        drawn = batches.draw(step)
        codes = [embed(head, part) for head, part in zip(heads, drawn, strict=True)]
        yield Descent(siamese_losses(codes, [part.labels for part in drawn], loss), [adjusts])

    job = head_job(context.config, "siamese", heads, [adjusts], losses, own, batches.epoch)
    run_job(job, None, quiet)
    fitted = {
        one.name: fitted_head(one, cast(nn.Sequential, head))
        for one, head in zip(items, heads, strict=True)
    }
    space = space_of_means(context, domains, fitted)
    return FittedModel(fitted, space=space, published=SIAMESE_RANKING)
