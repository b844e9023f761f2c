"""Rows of a collection for training and evaluation: views, and a frozen backbone's features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.config import ReaderSettings
from opensearch.domains.opening.workers import Readers
from opensearch.encoders.pipeline import encode_stream, read_ahead
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.errors import UnreadableFile
from opensearch.progress import Progress, quiet
from opensearch.records import Source, Up
from opensearch.training.cache import CachedRows, RowCache, Rows

_AT_ONCE = 32  # views

Axis: TypeAlias = Callable[[Source], Up]
"""The axis that views of a shape stand on."""


def turning(source: Source) -> Up:
    """No axis, so that the three take turns: a model must also see shapes that lie down."""
    return "unknown"


def collection_features(
    sources: Sequence[Source],
    reader: ReaderSettings,
    backbone: LoadedBackbone,
    tensors: str,
    cache: Path,
    progress: Progress = quiet,
    what: str = "features",
    axis: Axis = turning,
) -> CachedRows:
    """Features (v, f) float32 of every source's views, cached on disk.

    Args:
        tensors: name of the backbone's tensor file, which is its identity.
        cache: folder of all caches.
        axis: of each source; `upright.axis_of` is that of an index.
    """

    def compute(part: Sequence[Source]) -> Rows:
        with Readers({what: reader}) as readers:
            reads = read_ahead(part, _views(readers, what, axis), readers.count)
            for item in encode_stream(reads, lambda source: backbone):
                yield _row(item.features, item.error, np.float32)

    recipe = f"features|{tensors}|{backbone.runtime}|{reader.model_dump_json()}"
    return RowCache(cache, recipe).rows(sources, compute, progress, what, lambda s: _mark(axis(s)))


def collection_views(
    sources: Sequence[Source],
    reader: ReaderSettings,
    cache: Path,
    progress: Progress = quiet,
    what: str = "views",
    axis: Axis = turning,
) -> CachedRows:
    """Views (v, s, s, 3) uint8 of every source, cached on disk.

    Args:
        cache: folder of all caches.
        axis: of each source; `upright.axis_of` is that of an index.
    """

    def compute(part: Sequence[Source]) -> Rows:
        with Readers({what: reader}) as readers:
            for item in read_ahead(part, _views(readers, what, axis), readers.count):
                yield _row(item.views, item.error, np.uint8)

    return RowCache(cache, f"views|{reader.model_dump_json()}").rows(
        sources, compute, progress, what, lambda source: _mark(axis(source))
    )


def rows_of_views(
    rows: CachedRows,
    features: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    recipe: str,
    cache: Path,
    progress: Progress = quiet,
    what: str = "",
    count: int = _AT_ONCE,
) -> CachedRows:
    """Features (v, f) float32 of views that were read already, in the same order, cached on disk.

    Args:
        rows: of views (v, s, s, 3).
        features: of views (n, s, s, 3), shape (n, f).
        recipe: what tells these features, and views, from others.
        what: the domain's name, for the progress.
        count: views, or those of one item, whose features are made at once.
    """
    place = {(source.path, source.part): row for row, source in enumerate(rows.sources)}

    def compute(part: Sequence[Source]) -> Rows:
        items = max(1, count // len(rows.row(0)))
        for start in range(0, len(part), items):
            taken = rows.take([place[s.path, s.part] for s in part[start : start + items]])
            made = features(taken.reshape(-1, *taken.shape[2:]))
            yield from made.reshape(*taken.shape[:2], -1)

    return RowCache(cache, recipe).rows(rows.sources, compute, progress, f"{what} features")


def _views(readers: Readers, domain: str, axis: Axis) -> Callable[[Source], NDArray[np.uint8]]:
    def views(source: Source) -> NDArray[np.uint8]:
        return readers.open(source.path, source.part, domain, up=axis(source)).reading.views

    return views


def _mark(axis: Up) -> str:
    return "" if axis == "unknown" else f"|{axis}"


def _row(
    row: np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None,
    error: UnreadableFile | None,
    kind: type[np.generic],
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]] | UnreadableFile:
    if row is None:
        return error or UnreadableFile("gave no views")
    return row.astype(kind)
