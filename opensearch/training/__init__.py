"""Training: fits what methods and hashing describe, and writes the model bundle.

The extra `train` brings what it needs. Collections and cached features, which evaluation reads
through this room, too, do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensearch.extras import require

if TYPE_CHECKING:
    from opensearch.training.trainer import Training as Training
    from opensearch.training.trainer import train as train

__all__ = ["Training", "train"]


def __getattr__(name: str) -> Any:
    """Load the trainer, and torch with it, when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'opensearch.training' has no attribute {name!r}")
    require("training", "torch", "torchvision")
    from opensearch.training import trainer

    return getattr(trainer, name)
