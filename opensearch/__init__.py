"""One index over sketches, photos and 3D shapes, searched from any domain to any domain."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opensearch.engine import Engine as Engine

__version__ = "0.1.0"
__all__ = ["Engine", "__version__"]


def __getattr__(name: str) -> Any:
    """Load `Engine` when it is first used, so that `import opensearch` stays light."""
    if name == "Engine":
        # By name, since rooms below the engine import this module for its version.
        return importlib.import_module("opensearch.engine").Engine
    raise AttributeError(f"module 'opensearch' has no attribute {name!r}")
