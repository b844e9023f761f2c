"""A model's codes on disk: the hasher's part, and what it has for single domains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from opensearch.encoders.card import DomainCard, PartCard, domain_identity
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.hashing import Hasher


@dataclass(frozen=True)
class WrittenCodes:
    """The hasher of a model, as its `model.json` names it.

    Attributes:
        part: the tensors that domains share.
        domains: the domains' cards, with what the hasher has for each alone.
        identities: of `hash` and of every `encoder/<domain>`.
    """

    part: PartCard
    domains: dict[str, DomainCard]
    identities: dict[str, str]


def write_codes(folder: Path, domains: Mapping[str, DomainCard], hasher: Hasher) -> WrittenCodes:
    """Write a hasher into a bundle's folder, whose other files are there already."""
    tensors, settings = hasher.tensors(), hasher.settings()
    part = PartCard(tensors=save_tensors(folder, "hash", tensors), settings=settings)
    cards = {name: with_migration(folder, name, card, hasher) for name, card in domains.items()}
    marks = {f"encoder/{name}": domain_identity(folder, card) for name, card in cards.items()}
    return WrittenCodes(part, cards, {"hash": identity(tensors, settings), **marks})


def with_migration(folder: Path, name: str, card: DomainCard, hasher: Hasher) -> DomainCard:
    """The card of a domain with what the hasher has for it alone, written; or with nothing."""
    own = hasher.own(name)
    file = save_tensors(folder, f"migration-{name}", own) if own else None
    return card.model_copy(update={"migration": file})
