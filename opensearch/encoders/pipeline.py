"""The stream from files to features: reading in threads, encoding in batches."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.runtime import LoadedBackbone
from opensearch.errors import UnreadableFile

Source = TypeVar("Source")
Views = NDArray[np.uint8]
BATCH = 32


@dataclass(frozen=True, slots=True)
class Read(Generic[Source]):
    """What reading one source gave: its views (v, s, s, 3), or why there are none."""

    source: Source
    views: Views | None
    error: UnreadableFile | None = None


@dataclass(frozen=True, slots=True)
class Encoded(Generic[Source]):
    """What encoding one source gave: features a view (v, f), or why there are none."""

    source: Source
    views: Views | None
    features: NDArray[np.float32] | None
    error: UnreadableFile | None = None


def read_ahead(
    sources: Iterable[Source], read: Callable[[Source], Views], workers: int | None = None
) -> Iterator[Read[Source]]:
    """Read sources in threads, a bounded number ahead, and give them in their order.

    Args:
        sources: consumed lazily, at most four batches ahead of what was taken.
        read: views of one source; only `UnreadableFile` is caught.
        workers: threads; all cores by default.
    """

    def attempt(source: Source) -> Read[Source]:
        try:
            return Read(source, read(source))
        except UnreadableFile as error:
            return Read(source, None, error)

    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    waiting: deque[Future[Read[Source]]] = deque()
    try:
        for source in sources:
            waiting.append(pool.submit(attempt, source))
            if len(waiting) >= 4 * BATCH:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        # Whoever interrupts must not wait for a file that takes long, but may end its reading.
        pool.shutdown(wait=False, cancel_futures=True)


def encode_stream(
    reads: Iterable[Read[Source]], backbone_of: Callable[[Source], LoadedBackbone]
) -> Iterator[Encoded[Source]]:
    """Encode what was read, in batches of about 32 views; the order of sources is kept.

    A batch is encoded in a thread of its own while the caller works on the one before.

    Args:
        backbone_of: the backbone of a source; those of one batch that share it run together.
    """
    with ThreadPoolExecutor(1) as pool:
        running: Future[list[Encoded[Source]]] | None = None
        for batch in _batches(reads):
            before, running = running, pool.submit(_encode, batch, backbone_of)
            if before is not None:
                yield from before.result()
        if running is not None:
            yield from running.result()


def _batches(reads: Iterable[Read[Source]]) -> Iterator[list[Read[Source]]]:
    """Reads of 32 views or just over; those without views come along.

    A batch also ends at 64 reads, so that nobody waits for a folder of damaged files.
    """
    waiting: list[Read[Source]] = []
    views = 0
    for item in reads:
        waiting.append(item)
        views += 0 if item.views is None else len(item.views)
        if views >= BATCH or len(waiting) >= 2 * BATCH:
            yield waiting
            waiting, views = [], 0
    if waiting:
        yield waiting


def _encode(
    reads: list[Read[Source]], backbone_of: Callable[[Source], LoadedBackbone]
) -> list[Encoded[Source]]:
    groups: dict[tuple[int, int], list[int]] = {}
    backbones: dict[int, LoadedBackbone] = {}
    for place, item in enumerate(reads):
        if item.views is not None:
            backbone = backbone_of(item.source)
            backbones[id(backbone)] = backbone
            groups.setdefault((id(backbone), item.views.shape[1]), []).append(place)
    features: dict[int, NDArray[np.float32]] = {}
    for (name, _), places in groups.items():
        parts = [views for place in places if (views := reads[place].views) is not None]
        rows = encode_views(np.concatenate(parts), backbones[name])
        ends = np.cumsum([len(views) for views in parts])
        features |= zip(places, np.split(rows, ends[:-1]), strict=True)
    return [
        Encoded(item.source, item.views, features.get(place), item.error)
        for place, item in enumerate(reads)
    ]


def encode_views(views: Views, backbone: LoadedBackbone) -> NDArray[np.float32]:
    """Features (n, f) of views (n, s, s, 3), one or more, in batches of 32."""
    parts = [backbone.features(views[i : i + BATCH]) for i in range(0, len(views), BATCH)]
    return np.concatenate(parts)
