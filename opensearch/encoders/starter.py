"""The starter: the model that is shipped, for sketches, photos and shapes; and its backbone.

Its card, `opensearch/starter/README.md`, says what it was trained on and how good it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

STARTER: Final = Path("starter")
"""Given as weights: those of the shipped model's backbone."""


def without_classifier(weights: Path | None) -> bool:
    """Whether weights are a model's backbone: the shipped one's, or a `trunk-*.safetensors`.

    Those lack the classifier that published weights of whole networks include.
    """
    if weights is None or weights == STARTER:
        return weights is not None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, "np") as file:
            return "pixel_mean" in file.keys()  # noqa: SIM118
    except (OSError, SafetensorError):
        return False  # whoever reads it says what is wrong


def starter_model() -> Path:
    """Folder of the shipped bundle."""
    return Path(__file__).parents[1] / "starter"
