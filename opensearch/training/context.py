"""What all parts of a training run share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from opensearch.config import TrainConfig
from opensearch.loop import RunFolder
from opensearch.progress import Failed, Note, Progress, unheard
from opensearch.semantic import Space

C_co = TypeVar("C_co", bound=TrainConfig, covariant=True)
"""The settings of the method that trains."""


@dataclass(frozen=True)
class InheritedProjector:
    """The projector of the model that a domain is added to.

    Attributes:
        tensors: of the whole projector, as the domain that it is taken from has them.
        shared: names of those that all domains share and that stay as they are.
    """

    tensors: dict[str, NDArray[np.generic]]
    shared: frozenset[str]


@dataclass(frozen=True)
class Context(Generic[C_co]):
    """The settings, the model's folder, its space and categories, and whom to tell.

    `unseen` are categories that the model must not know. `inherited` is there when a domain is
    added to a model whose domains share their projector.
    """

    config: C_co
    out: Path
    space: Space
    categories: list[str]
    run: RunFolder
    cache: Path
    progress: Progress
    note: Note
    failed: Failed = unheard
    inherited: InheritedProjector | None = None
    unseen: tuple[str, ...] = ()
