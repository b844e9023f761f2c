"""Rows of a collection for training and evaluation: views, and a frozen trunk's features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.encoders.pipeline import encode_stream, read_ahead
from opensearch.encoders.runtime import Trunk
from opensearch.errors import UnreadableFile
from opensearch.records import Source
from opensearch.training.cache import CachedRows, Progress, RowCache, Rows, quiet


def collection_features(
    sources: Sequence[Source],
    reader: ReaderSettings,
    trunk: Trunk,
    trunk_name: str,
    cache: Path,
    progress: Progress = quiet,
    what: str = "features",
) -> CachedRows:
    """Features (v, f) float32 of every source's views, cached on disk.

    Args:
        trunk_name: name of the trunk's tensor file, which is its identity.
        cache: folder of all caches.
    """
    read = open_reader(reader)

    def compute(part: Sequence[Source]) -> Rows:
        reads = read_ahead(part, lambda source: read(source.path, source.part).views)
        for item in encode_stream(reads, lambda source: trunk):
            yield _row(item.features, item.error, np.float32)

    recipe = f"features|{trunk_name}|{trunk.runtime}|{reader.model_dump_json()}"
    return RowCache(cache, recipe).rows(sources, compute, progress, what)


def collection_views(
    sources: Sequence[Source],
    reader: ReaderSettings,
    cache: Path,
    progress: Progress = quiet,
    what: str = "views",
) -> CachedRows:
    """Views (v, s, s, 3) uint8 of every source, cached on disk."""
    read = open_reader(reader)

    def compute(part: Sequence[Source]) -> Rows:
        for item in read_ahead(part, lambda source: read(source.path, source.part).views):
            yield _row(item.views, item.error, np.uint8)

    return RowCache(cache, f"views|{reader.model_dump_json()}").rows(
        sources, compute, progress, what
    )


def _row(
    row: np.ndarray[tuple[int, ...], np.dtype[np.generic]] | None,
    error: UnreadableFile | None,
    kind: type[np.generic],
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]] | UnreadableFile:
    if row is None:
        return error or UnreadableFile("gave no views")
    return row.astype(kind)
