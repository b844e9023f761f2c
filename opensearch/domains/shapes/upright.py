"""Which axis of a shape is up: said by a user, declared by a manifest or stated by a format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from opensearch.domains import meshes
from opensearch.records import UPS, Metadata, Source, Up


def is_mesh(path: Path) -> bool:
    """Whether a file is a mesh by its name; nothing else has an axis that is up."""
    return path.suffix.lower() in meshes.suffixes()


def named_axis(value: Any) -> Up | None:
    """The axis that a field `up` names, in letters of any case; None for anything else."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return next((up for up in UPS if up == text), None)


def declared(metadata: Mapping[str, Any]) -> Up | None:
    """The axis that an item's metadata declare."""
    return named_axis(metadata.get("up"))


def upright_axis(path: Path, said: Up | None) -> Up:
    """The axis that views of a file stand on.

    Args:
        said: what the user or the manifest says of it, over what its format states.
    """
    form = meshes.FORMATS.get(path.suffix.lower())
    return said or (form.up if form else None) or "unknown"


def axis_of(source: Source) -> Up:
    """The axis that views of a source stand on in an index that never heard more of it."""
    if not is_mesh(source.path):
        return "unknown"
    return upright_axis(source.path, declared(source.metadata))


def with_axis(source: Source, up: Up | None) -> Source:
    """The source with its axis said, kept among its metadata; as it is where it is no mesh."""
    if up is None or not is_mesh(source.path):
        return source
    return replace(source, metadata=_with(source.metadata, up))


def with_axis_before(source: Source, metadata: Mapping[str, Any]) -> Source:
    """The source with the axis that was said of it before, where nothing says another now."""
    if declared(source.metadata) is not None:
        return source
    return with_axis(source, declared(metadata))


def _with(metadata: Metadata, up: Up) -> Metadata:
    return {**metadata, "up": up}
