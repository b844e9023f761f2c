"""What every step of a training run shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opensearch.config import TrainConfig
from opensearch.semantic import Space
from opensearch.training.cache import Progress
from opensearch.training.checkpoint import RunFolder

Note = Callable[[str], None]


@dataclass(frozen=True)
class Context:
    """The recipe, the model's folder, its space and trained categories, and who is told what."""

    config: TrainConfig
    out: Path
    space: Space
    categories: list[str]
    run: RunFolder
    cache: Path
    progress: Progress
    note: Note
