"""What every step of a training run shares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.config import TrainConfig
from opensearch.loop import RunFolder
from opensearch.progress import Note, Progress
from opensearch.semantic import Space


@dataclass(frozen=True)
class Lent:
    """A projector that a late domain stands on.

    Attributes:
        tensors: of the whole projector, as the domain that lends it has them.
        shared: names of those that all domains share and that stay as they are.
    """

    tensors: dict[str, NDArray[np.generic]]
    shared: frozenset[str]


@dataclass(frozen=True)
class Context:
    """The recipe, the model's folder, its space and trained categories, and who is told what.

    `lent` is there when a domain is added to a model whose domains share their projector.
    """

    config: TrainConfig
    out: Path
    space: Space
    categories: list[str]
    run: RunFolder
    cache: Path
    progress: Progress
    note: Note
    lent: Lent | None = None
