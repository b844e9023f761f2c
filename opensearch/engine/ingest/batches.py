"""What is on its way into an index: files and items that are read, and batches of what was."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opensearch.model import Input
from opensearch.records import Item, Remote, Source, Stamp

COMMIT_ITEMS = 512
COMMIT_SECONDS = 2.0


@dataclass(slots=True)
class Work:
    """A file or an item on its way into the index; the reading thread fills in the rest.

    `path` is what its record will say, "" for what is no file; `given` is the input of an item
    whose key the caller has given, or a file at an address.
    """

    source: Source
    key: str
    path: str
    replaces: bool
    reread: bool = False
    given: Input | Remote | None = None
    stamp: Stamp | None = None
    domain: str = ""
    sure: bool = True
    thumbnail: bytes = b""
    imprint: bytes = b""
    shot: dict[str, str] = field(default_factory=dict)
    lost: str = ""


@dataclass(slots=True)
class Batch:
    """What the next transaction will store."""

    items: list[Item] = field(default_factory=list)
    features: list[NDArray[np.float32]] = field(default_factory=list)
    thumbnails: list[bytes] = field(default_factory=list)
    imprints: list[bytes] = field(default_factory=list)
    replaced: list[bool] = field(default_factory=list)
    reread: list[bool] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether enough items or time have gathered for a transaction."""
        late = time.monotonic() - self.since > COMMIT_SECONDS
        return len(self.items) >= COMMIT_ITEMS or (late and bool(self.items))

    def part(self, places: slice) -> Batch:
        """A slice of them."""
        lists = (
            self.items,
            self.features,
            self.thumbnails,
            self.imprints,
            self.replaced,
            self.reread,
        )
        return Batch(*(each[places] for each in lists))  # type: ignore[arg-type]


def item_of(work: Work, reader: str) -> Item:
    """The record of a file or an item that was read.

    Args:
        work: read.
        reader: the version of its domain's reader.
    """
    source, stamp = work.source, work.stamp
    assert stamp is not None, "it was read"
    return Item(
        id=-1,
        key=work.key,
        domain=work.domain,
        path=work.path,
        category=source.category,
        size=stamp.size,
        mtime_ns=stamp.mtime_ns,
        digest=stamp.digest,
        metadata={**work.shot, **source.metadata},
        reader=reader,
    )
