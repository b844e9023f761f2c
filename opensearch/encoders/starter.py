"""The starter: the model that is shipped, for sketches, photos and shapes.

Its card, `opensearch/starter/README.md`, says what it was trained on and how good it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

STARTER: Final = Path("starter")
"""Given as weights: those of the shipped model's backbone."""


def starter_model() -> Path:
    """Folder of the shipped bundle."""
    return Path(__file__).parents[1] / "starter"
