"""The data of `benchmarks.methods`: features of two domains, cached once, and their parts.

All methods get the same files, views and features: of the categories that both domains have train
files of, on a backbone with ImageNet weights that saw none of the collection.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from opensearch.config import TrainConfig
from opensearch.domains.collections.catalog import read_collection
from opensearch.loop import RunFolder
from opensearch.progress import Progress
from opensearch.records import Source
from opensearch.semantic import Space
from opensearch.training.backbone import initial_backbone, write_backbone
from opensearch.training.cache import CachedRows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, load_domain

DOMAINS: Final = ("shape", "sketch")
VIEWS: Final = {"views": 6, "line_views": 6}
GALLERY: Final = 4
"""Least relevant items of a query that counts on test and unseen files, as in `evaluate`."""
HIDDEN_SHARE: Final = 5
"""One category in so many of the train part is hidden to choose settings for unseen ones, and one
file in so many of the others to choose them for seen ones."""


@dataclass(frozen=True)
class Parts:
    """Rows of the domains' files, cut into what is learnt from and what is measured on.

    Attributes:
        train: to learn from.
        seen: files of the same categories.
        unseen: files of other categories.
        min_gallery: least relevant items of a query that counts.
    """

    train: list[DomainData]
    seen: list[DomainData]
    unseen: list[DomainData]
    min_gallery: int


def base_settings(backbone: str, weights: Path, size: int) -> dict[str, Any]:
    """What the configs of all methods have in common."""
    return {
        "size": size,
        "backbone": {"name": backbone, "weights": str(weights)},
        "domains": {"shape": dict(VIEWS)},
        "refinement": {"rule": "fixed"},
    }


def load(
    data: Path, out: Path, base: Mapping[str, Any], progress: Progress, whole: bool = False
) -> list[DomainData]:
    """Features of all files, every split, of the categories that count.

    Args:
        data: the collection.
        out: where the backbone and the cache go.
        base: of `base_settings`.
        whole: views in place of features, and train files of all categories.
    """
    config = TrainConfig(method="features", **base)
    chosen = _chosen(read_collection(data), whole)
    out.mkdir(parents=True, exist_ok=True)
    run = RunFolder(out, {"config": config.model_dump(mode="json")})
    categories = sorted({source.category or "" for part in chosen.values() for source in part})
    space = Space.fit("onehot", categories)
    context = Context(config, out, space, categories, run, out / "cache", progress, print)
    start = initial_backbone(config, print)
    card = write_backbone(out, start.backbone, config.size, print)
    return [load_domain(context, name, chosen[name], card, learns=whole) for name in DOMAINS]


def _chosen(sources: Sequence[Source], whole: bool) -> dict[str, list[Source]]:
    """By domain: files of categories that both have train files of, and unseen ones.

    Args:
        whole: with all other train files as well.
    """
    own = {name: [s for s in sources if s.domain == name and s.category] for name in DOMAINS}
    held = [{s.category for s in part if s.split == "train"} for part in own.values()]
    shared = set.intersection(*held)
    return {
        name: [
            s
            for s in part
            if s.split == "unseen" or s.category in shared or (whole and s.split == "train")
        ]
        for name, part in own.items()
    }


def final(loaded: Sequence[DomainData]) -> Parts:
    """All of train to learn from; test and unseen files to measure on, once."""
    return _parts(loaded, lambda s: s.split or "", ("train", "test", "unseen"), GALLERY)


def validation(loaded: Sequence[DomainData], seed: int = 0) -> Parts:
    """Parts of train alone: hidden categories, and hidden files of others that domains share.

    They are the same whether files of all other categories are there or not.
    """
    train = [s for data in loaded for s in data.rows.sources if s.split == "train"]
    held = [{s.category or "" for s in train if s.domain == data.name} for data in loaded]
    names = sorted(set.intersection(*held))
    rng = random.Random(seed)
    hidden = set(rng.sample(names, round(len(names) / HIDDEN_SHARE)))
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source in train:
        if source.category in names:
            groups[source.domain or "", source.category or ""].append(source.key)
    files = {
        key
        for group in sorted(groups)
        for key in rng.sample(sorted(groups[group]), round(len(groups[group]) / HIDDEN_SHARE))
    }

    def part(source: Source) -> str:
        if source.split != "train":
            return "none"
        if source.category in hidden:
            return "unseen"
        return "seen" if source.key in files else "train"

    return _parts(loaded, part, ("train", "seen", "unseen"), 1)


def _parts(
    loaded: Sequence[DomainData],
    part: Callable[[Source], str],
    names: Sequence[str],
    min_gallery: int,
) -> Parts:
    def kept(name: str) -> list[DomainData]:
        return [replace(data, rows=subset(data.rows, lambda s: part(s) == name)) for data in loaded]

    train, seen, unseen = map(kept, names)
    return Parts(train, seen, unseen, min_gallery)


def subset(rows: CachedRows, wanted: Callable[[Source], bool]) -> CachedRows:
    """The rows of wanted sources, in their order."""
    kept = [row for row, source in enumerate(rows.sources) if wanted(source)]
    return CachedRows(
        [rows.sources[row] for row in kept], [], rows.chunks, [rows.where[row] for row in kept]
    )
