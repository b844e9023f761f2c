"""Files embedded together, before each is asked for: a batch costs a backbone less than its parts.

What cannot be read is told when it is asked for, as if it had been read then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.opener import Opened
from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.upright import with_axis
from opensearch.encoders.pipeline import Encoded, encode_stream, read_ahead
from opensearch.encoders.runtime import LoadedBackbone
from opensearch.errors import OpenSearchError, UnreadableFile
from opensearch.model.inputs import Input, check_is_file, file_and_part
from opensearch.model.model import Model
from opensearch.records import Source, Up

Asked: TypeAlias = tuple[Input, str | None, Up | None]
"""An input, its domain and the axis that is up in it, as of `Model.embed_one`."""


@dataclass(slots=True)
class _Work:
    asked: Asked
    opened: Opened | None = None
    refused: OpenSearchError | None = None


class Ahead:
    """Embeds inputs as `Model.embed_one` does, those that it was told of in batches.

    Args:
        model: what embeds.
        inputs: what will be asked for; only files are read here.
    """

    def __init__(self, model: Model, inputs: Iterable[Asked]) -> None:
        self._model = model
        self._done: dict[Asked, tuple[Opened, NDArray[np.float32]] | OpenSearchError] = {}
        files = dict.fromkeys(asked for asked in inputs if isinstance(asked[0], Path))
        if len(files) > 1:  # one alone is read while the encoder loads
            self._embed([_Work(asked) for asked in files])

    def embed_one(
        self, given: Input, domain: str | None = None, up: Up | None = None
    ) -> tuple[Opened, NDArray[np.float32]]:
        """As `Model.embed_one`."""
        done = self._done.get((given, domain, up)) if isinstance(given, Path) else None
        if done is None:
            return self._model.embed_one(given, domain, up)
        if isinstance(done, OpenSearchError):
            raise done
        return done

    def _embed(self, works: list[_Work]) -> None:
        with self._model.readers() as readers:
            reads = read_ahead(works, lambda work: self._read(readers, work), readers.count)
            for done in encode_stream(reads, self._backbone):
                self._done[done.source.asked] = self._embedded(done)

    def _read(self, readers: Readers, work: _Work) -> NDArray[np.uint8]:
        given, domain, up = work.asked
        assert isinstance(given, Path), "no other is read here"
        path, part = file_and_part(given)
        try:
            check_is_file(path)
            source = with_axis(Source(path, path.name, part, domain), up)
            work.opened = self._model.opened(readers, source)
        except UnreadableFile:
            raise
        except OpenSearchError as error:  # kept as it is, for whoever asks
            work.refused = error
            raise UnreadableFile(str(error)) from error
        return work.opened.reading.views

    def _backbone(self, work: _Work) -> LoadedBackbone:
        assert work.opened is not None, "it was read"
        return self._model.bundle.backbone(work.opened.domain)

    def _embedded(
        self, done: Encoded[_Work]
    ) -> tuple[Opened, NDArray[np.float32]] | OpenSearchError:
        work = done.source
        if done.features is None or work.opened is None:
            return work.refused or done.error or UnreadableFile("it was not read")
        encoder = self._model.bundle.encoder(work.opened.domain)
        return work.opened, encoder.embed_features(done.features[None])[0]
