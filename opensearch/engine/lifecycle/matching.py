"""Whether a model may work on an index: they agree on space, hash and encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from opensearch.encoders.bundle import Bundle
from opensearch.errors import IndexMismatch
from opensearch.records import Where


def check_fits(index: Where, inside: Bundle, given: Bundle, held: Sequence[str]) -> None:
    """Refuse a model whose codes would mean nothing in an index.

    Args:
        index: where it lies, for the text.
        inside: the model that made it.
        given: the model the user named.
        held: domains the index holds items of.

    Raises:
        IndexMismatch: the space, the hash, or an encoder of a held domain differs.
    """
    stored, other = inside.card.identities, given.card.identities
    for part in ["space", "hash", *(f"encoder/{domain}" for domain in held)]:
        if stored.get(part) != other.get(part):
            raise IndexMismatch(
                f"index {index} was made with {_named(part, stored)}, but the model {given.folder}"
                f" has {_named(part, other)}; their distances mean nothing. Leave `model` out to"
                f" use the index's own model, or index the collection again with this one"
            )


def check_same(index: Path, identities: Mapping[str, str], given: Bundle) -> None:
    """Refuse a model other than the one inside, whose own copy may be damaged.

    Args:
        index: where it lies, for the text.
        identities: of the model that made it, as its manifest has them.
        given: the model that is to take its place.

    Raises:
        IndexMismatch: space, hash or an encoder differs.
    """
    other = given.card.identities
    for part, identity in identities.items():
        if other.get(part) != identity:
            raise IndexMismatch(
                f"index {index} was made with {_named(part, identities)}, but the model"
                f" {given.folder} has {_named(part, other)}; give the model that made the index"
            )


def _named(part: str, identities: Mapping[str, str]) -> str:
    identity = identities.get(part)
    return f"{part} {identity[:12]}" if identity else f"no {part}"
