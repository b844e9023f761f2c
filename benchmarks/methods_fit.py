"""The methods of `benchmarks.methods`: ranges of their settings, one fit, and what it gives."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.methods_data import Parts
from opensearch.config import LearningSettings, NetworkSettings, TrainConfig
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.projector import SharedProjector
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.evaluation import Labelled, Matrix, any_to_any
from opensearch.experiments.published import published_embed, published_rank
from opensearch.loop import Descent, RunFolder, run_job
from opensearch.losses.siamese import SiameseLoss
from opensearch.methods import METHODS
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.pools import Part, Pool
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.joint.steps import projector_job
from opensearch.methods.siamese.fitting import PUBLISHED as SIAMESE_RANKING
from opensearch.methods.siamese.losses import siamese_losses
from opensearch.methods.siamese.settings import SiameseConfig
from opensearch.progress import quiet, silent
from opensearch.semantic import Space
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import Start
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, arrays
from opensearch.training.heads import embed, fitted_head, head_job, learner, new_head
from opensearch.training.items import Batches, domain_items
from opensearch.training.learnt_space import space_of_means
from opensearch.training.view_pooling import pooled_before, with_pooling

Ranges = Mapping[str, Sequence[Any]]
"""Values to draw from, by `group.setting`."""

HEAD: Final[Ranges] = {
    "lr": (3e-4, 1e-3, 3e-3),
    "layers": ([], [256], [512]),
    "dim": (64, 128, 256),
    "dropout": (0.0, 0.3, 0.5),
    "weight_decay": (5e-5, 5e-4, 5e-3),
}
PAIRS: Final[Ranges] = {
    "lr": (3e-4, 1e-3, 3e-3),
    "layers": ([], [256], [512]),
    "dim": (64, 128, 256),
    "activation": ("relu", "sigmoid"),
    "norm": (False, True),
    "margin": (1.0, 5.0, 20.0),
    "weight_decay": (1e-5, 5e-4),
}


@dataclass(frozen=True)
class Entry:
    """A method of the table.

    Attributes:
        ranges: of its settings; the first trial has the defaults, but for `fixed`.
        fixed: settings that all trials have.
        fit: what trains it, where that is not the method's own `fit`.
    """

    ranges: Ranges
    fixed: Mapping[str, Any]
    fit: Callable[[Context[Any], Sequence[DomainData]], FittedModel] | None = None


def _under(group: str, *ranges: Ranges) -> dict[str, Sequence[Any]]:
    return {f"{group}.{name}": values for part in ranges for name, values in part.items()}


def _joint_heads(context: Context[JointConfig], domains: Sequence[DomainData]) -> FittedModel:
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


def _siamese_heads(context: Context[SiameseConfig], domains: Sequence[DomainData]) -> FittedModel:
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

    epoch = batches.epoch
    job = head_job("siamese", heads, [adjusts], losses, own, seed, epoch=epoch, group="siamese")
    run_job(job, None, quiet)
    fitted = {
        one.name: fitted_head(one, cast(nn.Sequential, head))
        for one, head in zip(items, heads, strict=True)
    }
    space = space_of_means(context, domains, fitted)
    return FittedModel(fitted, space=space, published=SIAMESE_RANKING)


METHODS_TRIED: Final[dict[str, Entry]] = {
    "prototype": Entry(
        {
            "loop.lr": (5e-3, 2e-2, 5e-2),
            "loop.epochs": (5, 10, 20),
            "loop.temperature": (0.05, 0.1),
            "projector.hidden": (0, 512),
            "projector.dropout": (0.0, 0.3, 0.5),
            "space.transform": ("none", "centre"),
            "domains.shape.pooling": ("mean", "mean-features"),
        },
        {"loop.epochs": 10},
    ),
    "joint": Entry(
        {
            "joint.head_lr": (5e-4, 2e-3, 5e-3),
            "joint.temperature": (0.05, 0.1),
            "joint.contrast": (0.5, 1.0, 2.0),
            "projector.dropout": (0.0, 0.3, 0.5),
            "space.transform": ("none", "centre"),
            "domains.shape.pooling": ("mean", "mean-features"),
        },
        {
            "joint.steps": 0,
            "joint.head_steps": 200,
            "joint.head_batch": 64,
            "projector.hidden": 512,
        },
        _joint_heads,
    ),
    "siamese": Entry(
        {
            "siamese.lr": (1e-4, 3e-4, 1e-3, 3e-3),
            "siamese.code": (64, 128),
            "siamese.positive": (0.05, 0.2, 1.0),
            "siamese.classes": (10, 16),
            "domains.shape.pooling": ("mean", "mean-features"),
        },
        {"siamese.steps": 200},
        _siamese_heads,
    ),
    "cgn": Entry(
        {
            **_under("cgn", HEAD),
            "cgn.others": (0.3, 1.0, 3.0),
            "cgn.margin": (0.2, 0.35, 0.5),
            "cgn.guidance": ("cosine", "squared"),
        },
        {"cgn.steps": 200, "cgn.teacher_steps": 200},
    ),
    "dca": Entry(
        {
            **_under("dca", HEAD),
            "dca.margin": (0.2, 0.5, 1.0),
            "dca.transform_lr": (1e-4, 1e-3, 3e-3),
            "dca.discrepancy": (1.0, 5.0),
            "dca.generator": ("saturating", "non-saturating"),
        },
        {"dca.steps": 100, "dca.metric_steps": 150, "dca.transform_steps": 150},
    ),
    "dcml": Entry(
        {**_under("dcml", PAIRS), "dcml.alpha": (0.3, 0.5, 0.7)},
        {"dcml.steps": 200},
    ),
    "dchml": Entry(
        {**_under("dchml", PAIRS, {"layers": ([256], [512])}), "dchml.alpha": (0.3, 0.5, 0.7)},
        {"dchml.steps": 200},
    ),
    "lwbr": Entry(
        {**_under("lwbr", PAIRS)},
        {"lwbr.steps": 200},
    ),
    "cdnn": Entry(
        {
            **_under("cdnn", HEAD, {"layers": ([256], [512])}),
            "cdnn.activation": ("relu", "sigmoid"),
            "cdnn.decay": (1e-6, 1e-5, 1e-4),
            "cdnn.representation": ("hidden", "target"),
        },
        {"cdnn.steps": 200},
    ),
}
"""The methods of the table, by their names; those that are not there yet are left out."""


def tried() -> list[str]:
    """Names of the methods that there are."""
    return [name for name in METHODS_TRIED if name in METHODS]


def drawn(name: str, trial: int) -> dict[str, Any]:
    """The settings of a trial: of the first the method's defaults, of others a draw by number."""
    entry = METHODS_TRIED[name]
    if trial == 0:
        return dict(entry.fixed)
    rng = random.Random(f"{name} {trial}")
    return {**entry.fixed, **{key: rng.choice(values) for key, values in entry.ranges.items()}}


def config_of(
    name: str, base: Mapping[str, Any], settings: Mapping[str, Any], seed: int
) -> TrainConfig:
    """The config of a method with dotted settings over the base."""
    fields: dict[str, Any] = {**_copied(base), "method": name, "seed": seed}
    for key, value in settings.items():
        group = fields
        *parents, last = key.split(".")
        for parent in parents:
            group = group.setdefault(parent, {})
        group[last] = value
    config: TrainConfig = METHODS[name].config.model_validate(fields)
    return config


def _copied(value: Any) -> Any:
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class Outcome:
    """What one fit gave.

    Attributes:
        seen, unseen: both domains searched from both, by cosines, as an index does.
        published: the same ranked as in the method's paper, where that is another order.
        seconds: of training, processor time of one thread.
    """

    seen: Matrix
    unseen: Matrix
    published: tuple[Matrix, Matrix] | None
    seconds: float


def outcome(name: str, config: TrainConfig, out: Path, parts: Parts, min_gallery: int) -> Outcome:
    """Fit a method and measure it.

    Args:
        out: the folder with the backbone.
        min_gallery: least relevant items of a query that counts.
    """
    train = parts.train
    categories = sorted({category for data in train for category in data.categories})
    space = Space.fit(config.space.provider, categories, transform=config.space.transform)
    run, cache = cast(RunFolder, None), out / "cache"
    context = Context(config, out, space, categories, run, cache, quiet, silent)
    fit = METHODS_TRIED[name].fit
    with patch("opensearch.training.domain.open_backbone", return_value=_Features()):
        begun = time.process_time()
        train = [pooled_before(context, data) for data in train]
        start = cast(Start, None)
        fitted = fit(context, train) if fit else METHODS[name].fit(context, train, start)
        domains = {
            data.name: with_pooling(context, data, fitted.domains[data.name]) for data in train
        }
        seconds = time.process_time() - begun
    encoders = {
        name: Encoder(_Features(), one.projector, one.pooling) for name, one in domains.items()
    }
    measured = [_measured(part, encoders, min_gallery) for part in (parts.seen, parts.unseen)]
    also = None
    if fitted.published is not None:
        ranking = fitted.published
        embed, rank = published_embed(ranking), published_rank(ranking)
        one, other = (
            any_to_any(
                {d.name: _rows(d, embed(encoders[d.name], _features(d))) for d in part},
                rank,
                min_gallery=min_gallery,
                resamples=1,
            )
            for part in (parts.seen, parts.unseen)
        )
        also = one, other
    return Outcome(measured[0], measured[1], also, seconds)


def _measured(
    part: Sequence[DomainData], encoders: Mapping[str, Encoder], min_gallery: int
) -> Matrix:
    sets = {d.name: _rows(d, encoders[d.name].embed_features(_features(d))) for d in part}
    return any_to_any(sets, _cosine, min_gallery=min_gallery, resamples=1)


def _features(data: DomainData) -> NDArray[np.float32]:
    rows: NDArray[np.float32] = data.rows.take(range(len(data.rows)))
    return rows


def _rows(data: DomainData, rows: NDArray[np.float32]) -> Labelled:
    return Labelled(rows, np.array(data.categories))


def _cosine(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


class _Features(LoadedBackbone):
    """In place of a backbone: everything here is a feature already."""

    runtime = "none"

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Never called."""
        raise NotImplementedError
