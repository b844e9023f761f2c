"""The index that is served: one engine, which follows what other processes write."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from opensearch.domains import Reading
from opensearch.engine import Engine
from opensearch.engine.query.parts import Part
from opensearch.errors import NotKept, StoreError
from opensearch.limits import Limits
from opensearch.model import Content
from opensearch.records import Up, Where

T = TypeVar("T")
V = TypeVar("V")


class Recent(Generic[V]):
    """The values asked for last, up to a number of them; threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> V | None:
        """The value of a name, if it is still kept."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: Hashable, value: V) -> None:
        """Keep a value, and drop the one that was asked for longest ago."""
        with self._lock:
            self._kept[name] = value
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._kept.clear()


class Served:
    """An engine that is opened again when another index has taken the place of its own.

    The engine itself follows writes and compactions. What an older file of a query gave is kept
    for a while: a page asks for more hits of the same drawing as one scrolls.
    """

    def __init__(self, path: Where, model: Path | None, limits: Limits) -> None:
        self._open: Callable[[], Engine] = partial(Engine.open, path, model, limits=limits)
        self._engine = self._open()
        self._guard = threading.Lock()
        self._parts: Recent[Part] = Recent(128)
        self.readings: Recent[Reading] = Recent(16)

    @property
    def engine(self) -> Engine:
        """The engine as it is now."""
        return self._engine

    def work(self, work: Callable[[Engine], T]) -> T:
        """What `work` makes of the engine; once more where the index had been replaced.

        Raises:
            StoreError: the index is damaged, gone, or written to by another process.
        """
        engine = self._engine
        try:
            return work(engine)
        except NotKept:
            raise  # another index would not have it either
        except StoreError:
            if not self._renewed(engine):
                raise
        return work(self._engine)

    def file_part(self, content: Content, domain: str | None, up: Up | None) -> Part:
        """An uploaded file read and encoded, or as it was a moment ago.

        Raises:
            OpenSearchError: it cannot be read.
        """
        mark = hashlib.blake2b(content.data, digest_size=16).digest()
        name = (mark, content.name, domain, up)
        kept = self._parts.get(name)
        if kept is None:
            kept = _without_views(self.work(lambda e: e.part(content, domain=domain, up=up)))
            self._parts.put(name, kept)
        return kept

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()

    def _renewed(self, engine: Engine) -> bool:
        """Whether another engine stands in the place of one that failed."""
        with self._guard:
            if self._engine is not engine:
                return True
            try:
                engine.info()
                return False  # it is sound: what failed was the work
            except StoreError:
                pass
            with suppress(StoreError):
                self._engine = self._open()
            if self._engine is engine:
                return False
            self._parts.clear()
            self.readings.clear()
        with suppress(StoreError):
            engine.close()
        return True


def _without_views(part: Part) -> Part:
    """A part without the pictures that it was encoded from: they weigh a hundred times as much."""
    if part.opened is None:
        return part
    reading = part.opened.reading
    bare = replace(part.opened, reading=replace(reading, views=reading.views[:0].copy()))
    return replace(part, opened=bare)
