"""Where files become features: in this process, or wherever an `Encoding` sends them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.workers import Readers
from opensearch.encoders.pipeline import Encoded, encode_stream, read_ahead
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.engine.ingest.batches import Work
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Model
from opensearch.records import Stamp

Done: TypeAlias = Encoded[Work]
"""A `Work` that was read, with its features or the reason why there are none."""


@runtime_checkable
class Encoding(Protocol):
    """What reads and encodes the files of a run; one may serve several runs in turn."""

    def encode_works(self, model: Model, works: Iterable[Work]) -> Generator[Done, None, None]:
        """Each `Work` once, in the order given, read and encoded, or with what went wrong.

        A caller that stops early closes the iterator, which ends all work under way.

        Args:
            model: reads and encodes here; encoding elsewhere must give the same results.
            works: taken as they are needed, so that memory stays bounded.

        Raises:
            OpenSearchError: encoding is impossible; the results given before are valid.
        """
        ...


class InPlace:
    """The `Encoding` of this process: readers in processes of their own, one session."""

    def encode_works(self, model: Model, works: Iterable[Work]) -> Generator[Done, None, None]:
        """See `Encoding.encode_works`."""

        def backbone(work: Work) -> LoadedBackbone:
            return model.bundle.backbone(work.domain)

        with model.readers() as readers, ThreadPoolExecutor(1) as pool:
            read = partial(_read, model, readers)
            reads = read_ahead(_loading(model, works, pool), read, readers.count)
            yield from encode_stream(reads, backbone)


IN_PLACE: Final = InPlace()


def _loading(model: Model, works: Iterable[Work], pool: ThreadPoolExecutor) -> Iterator[Work]:
    """The files, while a backbone for the first of them loads in a thread of `pool`."""
    for place, work in enumerate(works):
        if place == 0:  # what goes wrong is told to whoever asks for the backbone
            pool.submit(model.load_backbone, work.source.domain)
        yield work


def _read(model: Model, readers: Readers, work: Work) -> NDArray[np.uint8]:
    """Read a file and what the index keeps of it; runs in a thread."""
    try:
        if work.given is None:
            opened = model.opened(readers, work.source, True, work.stamp)
        else:
            opened = model.opened_input(readers, work.given, work.source, work.stamp)
    except InvalidInput as error:  # a domain that the model has no encoder for
        raise UnreadableFile(str(error)) from error
    work.domain, work.sure, work.thumbnail = opened.domain, opened.sure, opened.thumbnail
    work.imprint = opened.imprint
    work.shot, work.lost = opened.reading.shot, opened.reading.lost
    remote = work.source.remote
    mtime_ns = remote.mtime_ns if remote else opened.mtime_ns if work.path else 0
    work.stamp = Stamp(opened.size, mtime_ns, opened.digest)
    return opened.reading.views
