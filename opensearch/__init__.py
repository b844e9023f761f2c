"""One index over sketches, photos and 3D shapes, searched from any domain to any domain."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opensearch.encoders.starter import starter_model as starter_model
    from opensearch.engine import Answer as Answer
    from opensearch.engine import Engine as Engine
    from opensearch.engine import Query as Query
    from opensearch.engine import Understood as Understood
    from opensearch.engine import Words as Words
    from opensearch.errors import BundleError as BundleError
    from opensearch.errors import IndexMismatch as IndexMismatch
    from opensearch.errors import InvalidInput as InvalidInput
    from opensearch.errors import MissingExtra as MissingExtra
    from opensearch.errors import NotKept as NotKept
    from opensearch.errors import OpenSearchError as OpenSearchError
    from opensearch.errors import OverLimit as OverLimit
    from opensearch.errors import Overtaken as Overtaken
    from opensearch.errors import PartlyStored as PartlyStored
    from opensearch.errors import Refused as Refused
    from opensearch.errors import StoreError as StoreError
    from opensearch.errors import Superseded as Superseded
    from opensearch.errors import UnknownWord as UnknownWord
    from opensearch.errors import UnreadableFile as UnreadableFile
    from opensearch.limits import Limits as Limits
    from opensearch.model import Content as Content
    from opensearch.model import Mesh as Mesh
    from opensearch.records import Hit as Hit
    from opensearch.records import Item as Item
    from opensearch.records import Report as Report

__version__ = "0.1.0"

_ROOMS = {
    "opensearch.encoders.starter": ("starter_model",),
    "opensearch.engine": ("Answer", "Engine", "Query", "Understood", "Words"),
    "opensearch.errors": (
        "BundleError",
        "IndexMismatch",
        "InvalidInput",
        "MissingExtra",
        "NotKept",
        "OpenSearchError",
        "OverLimit",
        "Overtaken",
        "PartlyStored",
        "Refused",
        "StoreError",
        "Superseded",
        "UnknownWord",
        "UnreadableFile",
    ),
    "opensearch.limits": ("Limits",),
    "opensearch.model": ("Content", "Mesh"),
    "opensearch.records": ("Hit", "Item", "Report"),
}
"""The room of each public name."""

__all__ = ["__version__", *(name for names in _ROOMS.values() for name in names)]

# ONNX Runtime 1.32 writes a device id and a queue of events into the user's cache and looks up its
# maker's host; sentence models count their downloads; Ray reports its use every hour. They look
# at these names only once, when they are first imported: everything of ours comes after this line.
for _silenced in ("ORT_DISABLE_TELEMETRY", "HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
    os.environ[_silenced] = "1"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"


def __getattr__(name: str) -> Any:
    """Load what the package offers when it is first used: `import opensearch` stays light."""
    for room, names in _ROOMS.items():
        if name in names:
            # By name, since rooms below the engine import this module for its version.
            return getattr(importlib.import_module(room), name)
    raise AttributeError(f"module 'opensearch' has no attribute {name!r}")
