"""What a model was trained on: categories, whatever a collection calls them, and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from opensearch.model import Model
from opensearch.records import Names
from opensearch.semantic.names import spellings

_SAME: Final = 1 - 1e-5
"""Cosine from which two prototypes are one: their names are one word to the space."""


def trained_on(model: Model, categories: Names) -> list[str]:
    """Those of some categories that a model was trained on, or that its classifier has a name for.

    By that name, another spelling of it, or another word with the same prototype.
    """
    names, card = sorted(set(categories)), model.bundle.card
    known = [*card.categories, *card.named]
    own = {form for name in known for form in spellings(name)}
    found = {name for name in names if not own.isdisjoint(spellings(name))}
    missing = model.space.missing(names)
    others = [name for name in names if name not in found and name not in missing]
    if others and known:
        cosines = model.space.prototypes(others) @ model.space.prototypes(known).T
        found |= {name for name, row in zip(others, cosines, strict=True) if row.max() > _SAME}
    return [name for name in names if name in found]


def was_trained_in(model: Path, data: Path) -> bool:
    """Whether a model was trained, on this machine, on files of a collection.

    Told by the record of the run beside the model; one without, such as a copy, tells nothing.
    """
    try:
        record = json.loads((model / "training" / "run.json").read_bytes())
        return str(data.absolute()) in record["data"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
