"""Whether a bundle's files are those that its identities were taken over."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import domain_identity
from opensearch.encoders.tensors import identity, load_tensors
from opensearch.errors import BundleError

_PREFIX = 12
"""Digits of a tensor file's own identity in its name."""


def problems(
    bundle: Bundle, graphs: Mapping[str, str] | None = None, *, parts: bool = True
) -> list[str]:
    """Files and parts of a bundle that are not what they were, a sentence each.

    The identity of a part covers its tensors and the settings that change outputs; a tensor file
    is named by its content.

    Args:
        bundle: what is looked at.
        graphs: what `graph_sums` gave when the bundle was copied; graphs are in no identity.
        parts: look at settings, too, not at files alone.
    """
    sums = graph_sums(bundle) if graphs else {}
    found = [
        f"the file {name} of model {bundle.folder} is damaged: {reason}"
        for name in sorted(bundle.card.files())
        if (reason := _damage(bundle.folder / name))
    ]
    found += [
        f"the file {name} of model {bundle.folder} is damaged: its bytes are not those copied"
        for name, held in sums.items()
        if graphs and graphs.get(name, held) != held
    ]
    return found or [
        f"the part {part} of model {bundle.folder} is not the one that its model.json was"
        " written for"
        for part, mark in bundle.card.identities.items()
        if parts and _mark(bundle, part) != mark
    ]


def check(bundle: Bundle, graphs: Mapping[str, str] | None = None, *, parts: bool = True) -> None:
    """Refuse to encode with a bundle that is not what it was.

    Raises:
        BundleError: a file is damaged, or settings were changed.
    """
    found = problems(bundle, graphs, parts=parts)
    if found:
        raise BundleError(
            f"{found[0]}; its codes would mean something else. Copy the model again; a copy"
            " inside an index is replaced by `Engine.open(INDEX, model, adopt=True)`"
        )


def graph_sums(bundle: Bundle) -> dict[str, str]:
    """Sha256 of each ONNX graph, by its file's name."""
    return {
        name: hashlib.sha256((bundle.folder / name).read_bytes()).hexdigest()
        for name in sorted(bundle.card.files())
        if name.endswith(".onnx")
    }


def _damage(file: Path) -> str | None:
    """Why a tensor file is not the one that its name says, if it is not."""
    if file.suffix != ".safetensors":
        return None
    try:
        mark = identity(load_tensors(file), None)[:_PREFIX]
    except BundleError as error:
        return str(error)
    return None if mark in file.stem else "its bytes are not those it was named by"


def _mark(bundle: Bundle, part: str) -> str | None:
    """The identity that a part has by its files and settings; `None` for no part."""
    card = bundle.card
    if part == "space":
        return identity(bundle.tensors("space"), card.space.settings)
    if part == "hash":
        return identity(bundle.tensors("hash"), card.hash.settings)
    domain = part.removeprefix("encoder/")
    if domain == part or domain not in card.domains:
        return None
    return domain_identity(bundle.folder, card.domains[domain])
