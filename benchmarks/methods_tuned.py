"""Backbones that learn, for block (b) of `benchmarks.methods`: all categories of train.

`joint` and `prototype` train their own from the same start, on as many views. A method that trains
none gets the features of the one that `joint` trained with that seed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.methods_data import Parts, subset
from benchmarks.methods_fit import Outcome, cosine_distance, outcome
from benchmarks.methods_ranges import config_of
from opensearch.config import TrainConfig
from opensearch.evaluation import Labelled, Matrix, any_to_any
from opensearch.loop import RunFolder
from opensearch.methods import METHODS
from opensearch.methods.configs import load_train_config
from opensearch.progress import Progress
from opensearch.semantic import Space, missing, open_provider
from opensearch.training.assemble import FittedModel
from opensearch.training.backbone import initial_backbone, write_tensors
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, backbone_of, domain_features, embed_domain

VIEWS: Final = 36_000
"""That a model learns from, forward and back, or about so many."""
_TAKEN: Final = 256  # items whose features are made at once


@dataclass(frozen=True)
class Tuned:
    """How a method trains its backbone.

    Attributes:
        config: the shipped one that it starts from.
        fixed: settings beside those, for so many views.
        tried: on validation parts, changes to them.
    """

    config: str
    fixed: Mapping[str, Any]
    tried: Sequence[Mapping[str, Any]]


LEARN: Final[dict[str, Tuned]] = {
    "joint": Tuned(
        "joint",
        {"joint.side": 160, "joint.batch": 24, "joint.steps": VIEWS // 48},
        [{}, {"joint.lr": 5e-4}],
    ),
    "prototype": Tuned(
        "prototype-finetune",
        {
            "space.transform": "centre",
            "projector.hidden": 512,
            "projector.dropout": 0.3,
            "domains.sketch.epochs": 3,
            "domains.shape.epochs": 3,
        },
        [{}, {"loop.lr": 0.01}],
    ),
}
"""Of `prototype`, 3 epochs of 5,674 sketches and of 538 x 12 views of shapes; it gets the space and
projector that its trials on frozen features chose. The config has a rate of its own for shapes."""


class TunedFits:
    """Fits with backbones that learn, each kept in a folder of its own and resumed there.

    Args:
        out: of the results.
        base: of `methods_data.base_settings`.
        progress: told how far a training is.
    """

    def __init__(self, out: Path, base: Mapping[str, Any], progress: Progress) -> None:
        self._out, self._base, self._progress = out, base, progress

    def own(
        self, name: str, settings: Mapping[str, Any], seed: int, parts: Parts, folder: str
    ) -> Outcome:
        """A method that trains its backbone, measured."""
        begun = time.process_time()
        context, fitted = self._fitted(name, settings, seed, parts.train, folder)
        seconds = time.process_time() - begun
        seen, unseen = (
            _measured(context, part, fitted, parts.min_gallery)
            for part in (parts.seen, parts.unseen)
        )
        return Outcome(seen, unseen, None, seconds)

    def on_joint(
        self,
        name: str,
        settings: Mapping[str, Any],
        joint: Mapping[str, Any],
        seed: int,
        parts: Parts,
        folder: str,
    ) -> Outcome:
        """A method on features of the backbone that `joint` trained in `folder`, measured.

        Args:
            settings: of the method.
            joint: settings of `joint` there.
        """
        context, fitted = self._fitted("joint", joint, seed, parts.train, folder)
        train, seen, unseen = (
            [_as_features(context, data, fitted) for data in part]
            for part in (parts.train, parts.seen, parts.unseen)
        )
        made = replace(parts, train=train, seen=seen, unseen=unseen)
        return outcome(name, config_of(name, self._base, settings, seed), context.out, made)

    def _fitted(
        self,
        name: str,
        settings: Mapping[str, Any],
        seed: int,
        train: Sequence[DomainData],
        folder: str,
    ) -> tuple[Context[TrainConfig], FittedModel]:
        config = load_train_config(LEARN[name].config, self._overrides(name, settings, seed))
        out = self._out / "tuned" / folder
        out.mkdir(parents=True, exist_ok=True)
        held = sorted({category for data in train for category in data.categories})
        spec = config.space.provider
        categories = sorted(set(held) - set(missing(open_provider(spec, held), held)))
        space = Space.fit(spec, categories, transform=config.space.transform)
        run = RunFolder(out, {"config": config.model_dump(mode="json")})
        cache = self._out / "features" / "cache"
        context = Context(config, out, space, categories, run, cache, self._progress, print)
        start = initial_backbone(config, print)
        card = start.backbone.card(write_tensors(out, start.backbone))
        known = [replace(data, rows=_known(data.rows, categories), start=card) for data in train]
        return context, METHODS[name].fit(context, known, start)

    def _overrides(self, name: str, settings: Mapping[str, Any], seed: int) -> list[str]:
        given = {**_flat(self._base), **LEARN[name].fixed, **settings, "seed": seed}
        return [f"{key}={json.dumps(value)}" for key, value in given.items()]


def _flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Settings in groups as `group.setting`."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found


def _known(rows: CachedRows, categories: Sequence[str]) -> CachedRows:
    """Rows of categories that have a point; words have none for a few."""
    return subset(rows, lambda source: source.category in set(categories))


def _measured(
    context: Context[TrainConfig], part: Sequence[DomainData], fitted: FittedModel, least: int
) -> Matrix:
    sets = {}
    for data in part:
        rows = np.arange(len(data.rows))
        embeddings = embed_domain(context, data, fitted.domains[data.name], rows)
        sets[data.name] = Labelled(embeddings, np.array(data.categories))
    return any_to_any(sets, cosine_distance, min_gallery=least, resamples=1)


def _as_features(
    context: Context[TrainConfig], data: DomainData, fitted: FittedModel
) -> DomainData:
    """The data with features of the trained backbone for rows."""
    backbone = backbone_of(context, fitted.domains[data.name].backbone)
    places = range(0, len(data.rows), _TAKEN)
    chunks: list[NDArray[Any]] = [
        domain_features(data, backbone, np.arange(at, min(at + _TAKEN, len(data.rows))))
        for at in places
    ]
    where = [(row // _TAKEN, row % _TAKEN) for row in range(len(data.rows))]
    return replace(data, rows=CachedRows(data.rows.sources, [], chunks, where))
