"""The methods of `benchmarks.methods`, and the ranges that their settings are drawn from."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.methods_heads import joint_heads, siamese_heads
from opensearch.config import TrainConfig
from opensearch.methods import METHODS
from opensearch.training.assemble import FittedModel
from opensearch.training.context import Context
from opensearch.training.domain import DomainData

Ranges = Mapping[str, Sequence[Any]]
"""Values to draw from, by `group.setting`."""

STEPS: Final = (200, 800)
"""Of a training."""
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


METHODS_TRIED: Final[dict[str, Entry]] = {
    "prototype": Entry(
        {
            "loop.lr": (5e-3, 2e-2, 5e-2),
            "loop.epochs": (5, 20, 60),
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
            "joint.head_steps": STEPS,
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
        joint_heads,
    ),
    "siamese": Entry(
        {
            "siamese.steps": STEPS,
            "siamese.lr": (1e-3, 3e-3, 1e-2, 3e-2),
            "siamese.code": (64, 128),
            "siamese.positive": (0.01, 0.05, 0.2),
            "siamese.classes": (10, 16),
            "siamese.items": (4, 8),
            "domains.shape.pooling": ("mean", "mean-features"),
        },
        {"siamese.steps": 200},
        siamese_heads,
    ),
    "cgn": Entry(
        {
            **_under("cgn", HEAD, {"steps": STEPS, "teacher_steps": STEPS}),
            "cgn.others": (0.3, 1.0, 3.0),
            "cgn.margin": (0.2, 0.35, 0.5),
            "cgn.guidance": ("cosine", "squared"),
        },
        {"cgn.steps": 200, "cgn.teacher_steps": 200},
    ),
    "dca": Entry(
        {
            **_under("dca", HEAD),
            "dca.steps": (100, 400),
            "dca.metric_steps": (150, 600),
            "dca.transform_steps": (150, 600),
            "dca.margin": (0.2, 0.5, 1.0),
            "dca.transform_lr": (1e-4, 1e-3, 3e-3),
            "dca.discrepancy": (1.0, 5.0),
            "dca.generator": ("saturating", "non-saturating"),
        },
        {"dca.steps": 100, "dca.metric_steps": 150, "dca.transform_steps": 150},
    ),
    "dcml": Entry(
        {**_under("dcml", PAIRS, {"steps": STEPS}), "dcml.alpha": (0.3, 0.5, 0.7)},
        {"dcml.steps": 200},
    ),
    "dchml": Entry(
        {
            **_under("dchml", PAIRS, {"layers": ([256], [512]), "steps": STEPS}),
            "dchml.alpha": (0.3, 0.5, 0.7),
        },
        {"dchml.steps": 200},
    ),
    "lwbr": Entry(
        {**_under("lwbr", PAIRS, {"steps": STEPS})},
        {"lwbr.steps": 200},
    ),
    "cdnn": Entry(
        {
            **_under("cdnn", HEAD, {"layers": ([256], [512]), "steps": STEPS}),
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
