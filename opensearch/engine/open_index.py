"""An open index and its model: what both halves of the engine work on."""

from __future__ import annotations

from typing import Self

from opensearch.engine.lifecycle.generations import Generations
from opensearch.model import Model
from opensearch.records import Where
from opensearch.store import Store


class OpenIndex:
    """An index that is open, and the model at work on it."""

    def __init__(self, generations: Generations, model: Model) -> None:
        self.path: Where = generations.folder.path
        self.model = model
        self._generations = generations

    def close(self) -> None:
        """Release the store."""
        self._generations.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _store(self) -> Store:
        return self._generations.current().store
