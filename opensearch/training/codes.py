"""The codes of a model: the items they are fitted on, and their part of a bundle.

Nothing here needs torch: codes that train no network can be fitted without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.card import DomainCard, PartCard, domain_identity
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.errors import InvalidInput
from opensearch.hashing import HashData, Hasher
from opensearch.semantic.names import normalise


def hash_data(
    items: Iterable[tuple[str, NDArray[np.float32], Sequence[str]]],
    categories: Sequence[str],
    prototypes: NDArray[np.float32],
    words: NDArray[np.float32],
) -> HashData:
    """Labelled embeddings to fit codes on, without items of other categories.

    Args:
        items: name of a domain, embeddings (n, d) and their categories (n,); a domain may come
            several times.
        categories: that the model was trained on, c names in any spelling.
        prototypes: of the categories, shape (c, d).
        words: other words of the space, shape (w, d).

    Raises:
        InvalidInput: no item is of these categories.
    """
    place = {normalise(name): row for row, name in enumerate(categories)}
    rows, domains, labels = [], [], []
    for domain, embeddings, names in items:
        found = np.array([place.get(normalise(name), -1) for name in names], np.int64)
        rows.append(embeddings[found >= 0])
        labels.append(found[found >= 0])
        domains += [domain] * len(labels[-1])
    if not domains:
        raise InvalidInput("no training item is of the model's categories, to fit codes on")
    return HashData(
        np.concatenate(rows), np.array(domains), np.concatenate(labels), prototypes, words
    )


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
    """Write a hasher into the folder of a bundle whose other files exist already."""
    tensors, settings = hasher.tensors(), hasher.settings()
    part = PartCard(tensors=save_tensors(folder, "hash", tensors), settings=settings)
    cards = {name: with_migration(folder, name, card, hasher) for name, card in domains.items()}
    marks = {f"encoder/{name}": domain_identity(folder, card) for name, card in cards.items()}
    return WrittenCodes(part, cards, {"hash": identity(tensors, settings), **marks})


def with_migration(folder: Path, name: str, card: DomainCard, hasher: Hasher) -> DomainCard:
    """The card of a domain with the tensors that the hasher has for it alone, written if any."""
    own = hasher.own(name)
    file = save_tensors(folder, f"migration-{name}", own) if own else None
    return card.model_copy(update={"migration": file})
