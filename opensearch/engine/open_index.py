"""An open index and its model: what all parts of the engine work on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from opensearch.engine.lifecycle.generations import Generations
from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.model import Model
from opensearch.records import Where
from opensearch.store import Store


class OpenIndex:
    """An index that is open, and the model at work on it."""

    def __init__(self, generations: Generations | None = None, model: Model | None = None) -> None:
        """Of parts that `open` and `create` have made.

        Raises:
            InvalidInput: anything else.
        """
        if not isinstance(generations, Generations) or not isinstance(model, Model):
            raise InvalidInput(
                "an engine cannot be made by calling `Engine`: `Engine.open(path)` opens an index,"
                " and `Engine.create(path)` makes a new one"
            )
        self.path: Where = generations.folder.path
        self.model = model
        self._generations = generations

    def __repr__(self) -> str:
        """Where it lies, and what the books say where that asks no server."""
        if self._generations.closed:
            return f"<Engine at {self.path}, closed>"
        if not isinstance(self.path, Path):
            return f"<Engine at {self.path}>"
        only = "" if os.access(self.path, os.W_OK) else ", read-only"
        return f"<Engine at {self.path}: {self._held()}{only}>"

    def _held(self) -> str:
        try:
            counts = {name: n for name, n in self._store.meta().counts.items() if n}
        except OpenSearchError:
            return "cannot be read"
        total = sum(counts.values())
        each = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        return f"{total:,} item{'s' * (total != 1)}{f' ({each})' if counts else ''}"

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
