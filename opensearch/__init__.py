"""One index over sketches, photos and 3D shapes, searched from any domain to any domain."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opensearch.encoders.starter import starter_model as starter_model
    from opensearch.engine import Engine as Engine

__version__ = "0.1.0"
__all__ = ["Engine", "__version__", "starter_model"]

# ONNX Runtime 1.32 writes a device id and a queue of events into the user's cache and looks up its
# maker's host; sentence models count their downloads. Both look at these names only once, when
# they are first imported: everything of ours comes after this line.
for _silenced in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ[_silenced] = "1"

_ROOMS = {"Engine": "opensearch.engine", "starter_model": "opensearch.encoders.starter"}


def __getattr__(name: str) -> Any:
    """Load what the package offers when it is first used: `import opensearch` stays light."""
    if name in _ROOMS:
        # By name, since rooms below the engine import this module for its version.
        return getattr(importlib.import_module(_ROOMS[name]), name)
    raise AttributeError(f"module 'opensearch' has no attribute {name!r}")
