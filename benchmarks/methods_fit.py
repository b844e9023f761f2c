"""One fit of a method on cached features, and what it gives."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.methods_data import Parts
from benchmarks.methods_ranges import METHODS_TRIED
from opensearch.config import TrainConfig
from opensearch.encoders.card import Published
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.evaluation import Labelled, Matrix, Rank, any_to_any
from opensearch.experiments.embedded import Embed
from opensearch.experiments.published import published_embed, published_rank
from opensearch.loop import RunFolder
from opensearch.methods import METHODS
from opensearch.progress import quiet, silent
from opensearch.semantic import Space
from opensearch.training.backbone import Start
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.view_pooling import pooled_before, with_pooling


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


def outcome(name: str, config: TrainConfig, out: Path, parts: Parts) -> Outcome:
    """Fit a method and measure it.

    Args:
        out: the folder with the backbone.
    """
    begun = time.process_time()
    with patch("opensearch.training.domain.open_backbone", return_value=_Features()):
        encoders, ranking = _fitted(name, config, out, parts.train)
    seconds = time.process_time() - begun

    def measured(part: Sequence[DomainData], embed: Embed, rank: Rank) -> Matrix:
        sets = {
            data.name: Labelled(
                embed(encoders[data.name], data.rows.take(range(len(data.rows)))),
                np.array(data.categories),
            )
            for data in part
        }
        return any_to_any(sets, rank, min_gallery=parts.min_gallery, resamples=1)

    plain = [
        measured(part, Encoder.embed_features, cosine_distance)
        for part in (parts.seen, parts.unseen)
    ]
    published = None
    if ranking is not None:
        way = published_embed(ranking), published_rank(ranking)
        published = measured(parts.seen, *way), measured(parts.unseen, *way)
    return Outcome(plain[0], plain[1], published, seconds)


def _fitted(
    name: str, config: TrainConfig, out: Path, train: Sequence[DomainData]
) -> tuple[dict[str, Encoder], Published | None]:
    """Each domain's encoder, and how the method's paper ranks."""
    categories = sorted({category for data in train for category in data.categories})
    space = Space.fit(config.space.provider, categories, transform=config.space.transform)
    run = cast(RunFolder, None)  # nothing is kept
    context = Context(config, out, space, categories, run, out / "cache", quiet, silent)
    pooled = [pooled_before(context, data) for data in train]
    own = METHODS_TRIED[name].fit
    start = cast(Start, None)  # of a backbone that learns
    fitted = own(context, pooled) if own else METHODS[name].fit(context, pooled, start)
    encoders = {}
    for data in pooled:
        one = with_pooling(context, data, fitted.domains[data.name])
        encoders[data.name] = Encoder(_Features(), one.projector, one.pooling)
    return encoders, fitted.published


def cosine_distance(
    queries: NDArray[np.float32], gallery: NDArray[np.float32]
) -> NDArray[np.float32]:
    """1 - cosine of unit rows (n, d) and (m, d), shape (n, m)."""
    return np.asarray(1 - queries @ gallery.T, dtype=np.float32)


class _Features(LoadedBackbone):
    """In place of a backbone: everything here is a feature already."""

    runtime = "none"

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What is given, shape (n, f), which are features and no views."""
        return views.astype(np.float32)
